/// The spool reader's place in one ring, and when what lies before it arrived.
import TeltelEvents
import TeltelRings

/// A value of one thread.
package struct RingWalk {
    let ring: RingMapping
    private let headWord: SharedWord
    /// Everything before it is in a segment, or counted as lost.
    package var position: UInt64
    private let earlier: TakenEarlier
    /// Up to here the producer had written at the last look.
    package private(set) var head: UInt64
    /// Bytes per record, from the last segment: how many rows wait is only known when they are read.
    var bytesPerRow = 128.0
    /// Bytes per second at the last looks.
    private(set) var rate = 0.0
    private var clock: RowClock
    /// Looks at which the head had moved: rows before `head` were there at `nowNs`, and after the look before.
    private var arrivals: [(head: UInt64, nowNs: UInt64, wallNs: UInt64, emptyNs: UInt64?)] = []
    private var nextArrival = 0
    private var lastLookNs: UInt64?

    /// Bytes per second.
    private static let noRate = 1.0
    /// Arrivals that are nearer to each other count as one.
    private static let arrivalGapNs: UInt64 = 5_000_000

    package init(ring: RingMapping, instance: RingInstance, position: UInt64, earlier: TakenEarlier, nowNs: UInt64) {
        self.ring = ring
        self.earlier = earlier
        headWord = ring.headWord
        self.position = position
        head = position
        clock = RowClock(instance.description, now: nowNs)
    }

    /// Bytes. A hostile producer may claim to have overwritten any number: no more than a ring waits.
    var waiting: UInt64 { min(head - position, UInt64(ring.dataBytes)) }
    var quarter: UInt64 { UInt64(ring.dataBytes / 4) }
    var isHalfFull: Bool { waiting >= UInt64(ring.dataBytes / 2) }

    /// Nothing waits, nothing has come, and nothing has been coming.
    var isQuiet: Bool { head == position && rate == 0 && headWord.loadAcquire() == head }
    /// It was quiet at `nowNs`: as good as a `look` that found nothing.
    mutating func wasQuiet(nowNs: UInt64) { lastLookNs = nowNs }

    /// Returns whether the producer has written since the last look.
    package mutating func look(nowNs: UInt64, wallNs: UInt64) throws(RingFault) -> Bool {
        let now = try ring.checkedHead(from: position)
        defer { lastLookNs = nowNs }
        guard now >= head else { throw RingFault(.head, "\(ring.id): head went from \(head) back to \(now)") }
        let grown = now - head
        if let last = lastLookNs, nowNs > last { rate = 0.75 * rate + 0.25 * Double(grown) * 1e9 / Double(nowNs - last) }
        if rate < Self.noRate { rate = 0 }
        guard grown > 0 else { return false }
        head = now
        if let last = arrivals.last, nowNs - last.nowNs < Self.arrivalGapNs {
            arrivals[arrivals.count - 1].head = head
        } else {
            arrivals.append((head, nowNs, wallNs, lastLookNs))
        }
        return true
    }

    /// Where rows end that can be taken together with those at `position`.
    var takeLimit: UInt64 { ring.takeLimit(position, earlier, head: head) }
    /// Goes on behind what the producer has given up under its policy to overwrite the oldest, and counts itself. Returns how
    /// many bytes that were.
    mutating func skipOverwritten() throws(RingFault) -> UInt64 {
        let next = min(head, try ring.resume(position, earlier))
        defer { position = next }
        return next - position
    }
    /// The `count` bytes at `position` have been copied. False: they are not to be used.
    func take(_ count: Int) -> Bool { ring.take(position..<position + UInt64(count), earlier) }

    /// Milliseconds since 1970 of the row at `row`, and up to where rows have the same, unless a clock mark comes. Rows are
    /// asked for in their order.
    mutating func time(at row: UInt64) -> (milliseconds: Int64, until: UInt64) {
        while nextArrival < arrivals.count, nextArrival == 0 || row >= arrivals[nextArrival - 1].head {
            let arrival = arrivals[nextArrival]
            if let empty = arrival.emptyNs { clock.caughtUp(now: empty) }
            clock.arrived(now: arrival.nowNs, wall: arrival.wallNs)
            nextArrival += 1
        }
        return (clock.wallTimeMs, nextArrival < arrivals.count ? arrivals[nextArrival - 1].head : .max)
    }
    mutating func clockMark(_ monotonic: UInt64) { clock.mark(monotonic) }

    /// Rows before `position` have their times.
    mutating func forgetArrivals() {
        let done = arrivals.prefix { $0.head <= position }.count
        arrivals.removeFirst(done)
        nextArrival = max(0, nextArrival - done)
    }
}

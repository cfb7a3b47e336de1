/// Where a ring had no room, as its producer says: stretches of events refused one behind the other.
import CTeltel
import TeltelEvents

/// A copy. What a producer writes is taken as it is: it can only lie about its own losses.
package struct RefusedStretches: Sendable, Equatable {
    package struct Stretch: Sendable, Equatable {
        package let frames: ClosedRange<UInt64>
        package let count: UInt64
        package init(frames: ClosedRange<UInt64>, count: UInt64) {
            self.frames = frames
            self.count = count
        }
    }
    /// All events that this ring has refused for lack of room.
    package let total: UInt64
    /// The newest stretches, oldest first; empty for libraries that do not tell them.
    package let newest: [Stretch]

    package init(total: UInt64, newest: [Stretch]) {
        self.total = total
        self.newest = newest
    }

    private static let capacity = UInt64(TELTEL_REFUSED_STRETCHES)
    private static let countOffset = MemoryLayout<teltel_ring_header>.offset(of: \.refused_stretches)!
    private static let firstOffset = MemoryLayout<teltel_ring_header>.offset(of: \.refused)!
    private static let stride = MemoryLayout<teltel_refused_stretch>.stride

    /// `total` is asked first: the stretches then hold at least as many.
    init(_ mapping: FileMapping, total: () -> UInt64) {
        self.total = total()
        let begun = mapping.loadAcquire(Self.countOffset)
        guard self.total > 0, begun > 0 else {
            newest = []
            return
        }
        let numbers = begun - min(begun, Self.capacity)..<begun
        let copied = numbers.map { (number: $0, stretch: Self.stretch(mapping, $0)) }
        readerFence()
        // The next one may be half written already, over the oldest.
        let now = mapping.loadAcquire(Self.countOffset)
        newest = copied.filter { $0.number &+ Self.capacity > now }.compactMap(\.stretch)
    }

    private static func stretch(_ mapping: FileMapping, _ number: UInt64) -> Stretch? {
        let at = firstOffset + Int(number % capacity) * stride
        let (from, to, count) = (mapping.loadRelaxed(at), mapping.loadRelaxed(at + 8), mapping.loadRelaxed(at + 16))
        return count == 0 ? nil : Stretch(frames: min(from, to)...max(from, to), count: count)
    }

    /// Where the last `count` of the refused events are, oldest first; fewer events where the stretches do not reach back so far.
    package func last(_ count: UInt64) -> [Stretch] {
        var found: [Stretch] = []
        var left = count
        for stretch in newest.reversed() where left > 0 {
            let taken = min(left, stretch.count)
            found.append(Stretch(frames: stretch.frames, count: taken))
            left -= taken
        }
        return found.reversed()
    }
}

/// The live reader's walk along one ring: copies rounds out and sorts their rows into batches.
import CTeltel
import CTeltelRings
import TeltelEvents

/// One reader's position in one ring. Used by one thread.
package struct RingCursor {
    package let ring: RingMapping
    /// The ring's head. For as long as the ring is kept.
    let head: SharedWord
    package private(set) var position: UInt64
    private var clock: RowClock
    private let instance: RingInstance
    private var table: RunTable
    /// Per type (or stream) number: which of the round's builders takes its rows, plus one; 0: none yet.
    private var builderOf: [Int32] = []

    package enum Reading {
        /// Nothing new.
        case nothing
        /// Batches of one round, by type; rows in order within each.
        case batches([Batch])
        /// The producer was faster: so many bytes are gone, the reader went on behind them.
        case missed(bytes: UInt64)
    }

    /// Takes what it reads: there is no other reader that keeps it. nil: it only looks on.
    private let takes: TakenEarlier?

    /// - Parameter takes: what earlier readers have taken; nil: another reader keeps the records, or none.
    package init(
        ring: RingMapping, instance: RingInstance, position: UInt64, takes: TakenEarlier? = nil
    ) throws(RingFault) {
        self.takes = takes
        self.ring = ring
        head = ring.headWord
        self.instance = instance
        self.position = position
        table = try instance.table()
        clock = RowClock(instance.description, now: teltel_monotonic_ns())
    }

    /// Nothing had come at `now`: as good as a `read` that found nothing.
    mutating func wasQuiet(at now: UInt64) { clock.caughtUp(now: now) }

    /// - Parameter most: bytes of a round; a multiple of 8. A record that is larger is read all the same.
    package mutating func read(most: Int = Limits.roundBytes) throws(RingFault) -> Reading {
        var head = try ring.checkedHead(from: position)
        let now = teltel_monotonic_ns()
        guard head != position else {
            clock.caughtUp(now: now)
            return .nothing
        }
        clock.arrived(now: now, wall: teltel_wall_ns())
        if let takes { head = ring.takeLimit(position, takes, head: head) }
        var limit = most
        while true {
            let stretch = ring.stretch(from: position, to: head, limit: limit)
            let bytes = ring.copy(stretch)
            guard ring.isIntact(from: position) else { return .missed(bytes: try jump()) }
            let round = Round(ring: ring.id, begin: position, bytes: bytes, readAt: now)
            let (batches, consumed, needed) = try sort(round)
            if consumed == 0, let needed, needed > limit, needed <= stretch.count + Int(TELTEL_MAX_RECORD_BYTES) {
                limit = needed
                continue
            }
            guard consumed > 0, UInt64(consumed) <= head - position else {
                throw RingFault(.record, "\(ring.id): record at \(position) passes the head")
            }
            if let takes, !ring.take(position..<position + UInt64(consumed), takes) { return .missed(bytes: try jump()) }
            position += UInt64(consumed)
            if position == head { clock.caughtUp(now: now) }
            return .batches(batches)
        }
    }

    /// Goes on where records begin for sure: at `released`, or at the head if even that is out of reach. Who takes what it reads goes on
    /// at `released` and nowhere else: of what lies behind it nobody has said yet whether it is read or given up, and beyond it
    /// nothing could be taken any more. If the producer is faster once more, the next read finds out.
    private mutating func jump() throws(RingFault) -> UInt64 {
        let old = position
        if let takes, ring.overwritesOldest, case let next = try ring.resume(old, takes), next > old {
            position = next
            return position - old
        }
        let released = max(ring.released, ring.low)
        position = released > old && ring.isIntact(from: released) ? released : max(ring.head, old)
        return position - old
    }

    private struct Builder {
        let run: RunKey
        let schema: EventSchema
        let place: Int
        var offsets: [UInt32] = []
        var wallTimes: [Int64] = []
    }

    private mutating func sort(_ round: Round) throws(RingFault) -> (batches: [Batch], consumed: Int, needed: Int?) {
        var builders: [Builder] = []
        var batches: [Batch] = []
        var numbers: [Int] = []
        defer { for number in numbers { builderOf[number] = 0 } }
        var consumed = 0
        var needed: Int?
        let failure = round.bytes.withUnsafeBytes { bytes -> RingFault? in
            do throws(RingFault) {
                var scanner = RecordScanner(bytes, begin: round.begin, ringBytes: ring.dataBytes)
                while let head = try scanner.next() {
                    let (number, wall) = try classify(head, bytes)
                    if number >= builderOf.count {
                        builderOf += Array(repeating: 0, count: max(number + 1, 2 * builderOf.count) - builderOf.count)
                    }
                    if builderOf[number] == 0 {
                        builders.append(try makeBuilder(number))
                        builderOf[number] = Int32(builders.count)
                        numbers.append(number)
                    }
                    let index = Int(builderOf[number]) - 1
                    builders[index].offsets.append(UInt32(head.offset))
                    builders[index].wallTimes.append(wall)
                    if builders[index].offsets.count == Limits.batchRows {
                        batches.append(finish(builders[index], round))
                        builders[index].offsets.removeAll(keepingCapacity: true)
                        builders[index].wallTimes.removeAll(keepingCapacity: true)
                    }
                }
                consumed = scanner.consumed
                needed = scanner.needed
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
        for builder in builders where !builder.offsets.isEmpty { batches.append(finish(builder, round)) }
        return (batches, consumed, needed)
    }

    private func finish(_ builder: Builder, _ round: Round) -> Batch {
        Batch(
            run: builder.run, schema: builder.schema, round: round, offsets: builder.offsets, wallTimes: builder.wallTimes,
            tagSets: table.tagSets, place: builder.place)
    }

    /// The number of the row's type or stream, and its wall time; checks that the payload is what the type says.
    private mutating func classify(_ head: RecordHead, _ bytes: UnsafeRawBufferPointer) throws(RingFault) -> (Int, Int64) {
        let payload = head.payload
        if instance.description.kind == .ingest {
            let size = MemoryLayout<teltel_ingest_head>.size
            guard Int(head.type) == Int(TELTEL_INGEST_TYPE), payload.count > size else {
                throw RingFault(.record, "\(ring.id): no ingest record at offset \(head.offset)")
            }
            let ingest = bytes.loadUnaligned(fromByteOffset: payload.lowerBound, as: teltel_ingest_head.self)
            guard Int(ingest.tags_bytes) < payload.count - size else {
                throw RingFault(.record, "\(ring.id): tags pass the record")
            }
            if Int(ingest.stream) >= table.streams.count { table = try instance.table() }
            guard Int(ingest.stream) < table.streams.count else {
                throw RingFault(.record, "\(ring.id): stream \(ingest.stream)")
            }
            return (Int(ingest.stream), ingest.wall_time_ms)
        }
        if head.type == 0 || Int(head.type) > table.types.count || Int(head.tagSet) > table.tagSets.count {
            table = try instance.table()
        }
        guard head.type > 0, Int(head.type) <= table.types.count, Int(head.tagSet) <= table.tagSets.count else {
            throw RingFault(.record, "\(ring.id): type \(head.type), tag set \(head.tagSet)")
        }
        let schema = table.types[Int(head.type) - 1]
        if case .record(let size) = schema.encoding, payload.count != size {
            throw RingFault(.record, "\(ring.id): \(payload.count) bytes of \(schema.type), expected \(size)")
        }
        if schema.hasClockMark { clock.mark(bytes.loadUnaligned(fromByteOffset: payload.lowerBound, as: UInt64.self)) }
        return (Int(head.type) - 1, clock.wallTimeMs)
    }

    private func makeBuilder(_ number: Int) throws(RingFault) -> Builder {
        if instance.description.kind == .ingest {
            let stream = table.streams[number]
            return Builder(run: stream.run, schema: stream.schema, place: number)
        }
        return Builder(run: instance.run, schema: table.types[number], place: number)
    }
}

/// Takes records out of rings and puts them, by type, into the blocks of the segment in the making.
import CTeltel
import TeltelEvents
import TeltelRings

/// Works on private copies: what a hostile producer changes meanwhile is not seen. Used by one thread.
package final class RowSorter {
    package let blocks: NativeBlocks
    /// By instance and number of the type or stream: of many types each comes many times, and their names are long.
    private var rowCounts: [Place: RowCount] = [:]
    private struct Place: Hashable {
        let instance: ObjectIdentifier
        let number: Int
    }
    private struct RowCount {
        /// Held, so that its identity is not used again.
        let instance: InstanceTable
        let key: RowKey
        var taken = 0
        var malformed = 0
    }
    /// Rows in `blocks`, and rows that no block takes.
    package var counts: [RowKey: Int] { sums(\.taken) }
    package var malformed: [RowKey: Int] { sums(\.malformed) }
    private var piece = Piece(capacity: RowSorter.pieceBytes)

    /// Fits into the processor's second cache with the columns it becomes.
    private static let pieceBytes = 256 << 10

    package init(blocks: NativeBlocks) { self.blocks = blocks }

    func clearCounts() { rowCounts.removeAll(keepingCapacity: true) }

    private func sums(_ rows: KeyPath<RowCount, Int>) -> [RowKey: Int] {
        Dictionary(rowCounts.values.lazy.map { ($0.key, $0[keyPath: rows]) }.filter { $0.1 > 0 }, uniquingKeysWith: +)
    }

    /// Takes whole records, until about `limit` bytes are taken or the head is reached. Moves the walk's position.
    /// After a fault everything before the faulty record has been taken.
    package func take(_ walk: inout RingWalk, _ instance: InstanceTable, limit: UInt64) throws(RingFault) {
        var begin = walk.position
        let rowsBefore = blocks.rowCount
        defer {
            let rows = blocks.rowCount - rowsBefore
            if rows > 0 { walk.bytesPerRow = Double(walk.position - begin) / Double(rows) }
        }
        var least = 0
        while walk.position < walk.head, walk.position - begin < limit {
            begin += try walk.skipOverwritten()
            if walk.position == walk.head { break }
            let count = copy(walk, limit: max(least, min(Self.pieceBytes, Int(limit - (walk.position - begin)))))
            guard walk.ring.isIntact(from: walk.position) else {
                let skipped = try walk.skipOverwritten()
                begin += skipped
                // Only this reader releases, and a producer that overwrites says how far before it does: else somebody has
                // written the marks, and reading again would not end.
                guard skipped > 0 else {
                    throw RingFault(.head, "\(walk.ring.id): \(walk.ring.released) is released, read was up to \(walk.position)")
                }
                continue
            }
            guard let (consumed, needed) = try sort(&walk, count, instance) else { continue }
            if consumed == 0, let needed, needed > count, needed <= Int(TELTEL_MAX_RECORD_BYTES) + 8, least < needed {
                least = needed
                continue
            }
            guard consumed > 0, UInt64(consumed) <= walk.head - walk.position else {
                throw RingFault(.record, "\(walk.ring.id): record at \(walk.position) passes the head")
            }
            walk.position += UInt64(consumed)
            least = 0
        }
    }

    private func copy(_ walk: RingWalk, limit: Int) -> Int {
        let stretch = walk.ring.stretch(from: walk.position, to: walk.takeLimit, limit: limit)
        if stretch.count > piece.capacity { piece = Piece(capacity: stretch.count) }
        // SAFETY: the stretch lies inside the mapping, and fits.
        walk.ring.withBytes(stretch) { piece.bytes.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return stretch.count
    }

    /// nil: the producer has given up some of the rows, and none was taken.
    private func sort(_ walk: inout RingWalk, _ count: Int, _ instance: InstanceTable) throws(RingFault) -> (
        consumed: Int, needed: Int?
    )? {
        // Worked on outside of the object, whose properties cost a check at every access.
        let piece = piece
        let bytes = UnsafeRawBufferPointer(start: piece.bytes, count: count)
        var scanner = RecordScanner(bytes, begin: walk.position, ringBytes: walk.ring.dataBytes)
        var rows = 0
        var consumed = 0
        var fault: RingFault?
        do throws(RingFault) {
            if instance.isIngest {
                try scanIngest(&scanner, bytes, piece, instance, &rows, &consumed)
            } else {
                try scan(&scanner, bytes, piece, &walk, instance, &rows, &consumed)
            }
        } catch { fault = error }
        guard let fault else {
            let isOurs = consumed == 0 || UInt64(consumed) > walk.head - walk.position || walk.take(consumed)
            if !isOurs { return nil }
            append(rows, bytes, piece, walk, instance)
            return (consumed, scanner.needed)
        }
        if consumed > 0, walk.take(consumed) {
            append(rows, bytes, piece, walk, instance)
            walk.position += UInt64(consumed)
        }
        throw fault
    }

    /// Notes type, place and time of every record. `rows` and `consumed` are right also when it throws.
    private func scan(
        _ scanner: inout RecordScanner, _ bytes: UnsafeRawBufferPointer, _ piece: Piece, _ walk: inout RingWalk,
        _ instance: InstanceTable, _ rows: inout Int, _ consumed: inout Int
    ) throws(RingFault) {
        var types = instance.types
        var tagSets = instance.tagSets.count
        var time = walk.time(at: walk.position)
        while let head = try scanner.next() {
            let number = Int(head.type) - 1
            if number < 0 || number >= types.count || Int(head.tagSet) > tagSets {
                try instance.know(type: Int(head.type), tagSet: Int(head.tagSet))
                types = instance.types
                tagSets = instance.tagSets.count
            }
            let type = types[number]
            if type.size >= 0, head.bytes != type.size + Int(TELTEL_RECORD_HEADER_BYTES) {
                throw RingFault(
                    .record, "\(walk.ring.id): \(head.payload.count) bytes of type \(head.type), expected \(type.size)")
            }
            let position = walk.position + UInt64(head.offset)
            if type.hasClockMark {
                walk.clockMark(bytes.loadUnaligned(fromByteOffset: head.payload.lowerBound, as: UInt64.self))
                time = walk.time(at: position)
            } else if position >= time.until {
                time = walk.time(at: position)
            }
            // SAFETY: a record has at least 24 bytes: a piece has no more of them than its lists have places.
            piece.numbers[rows] = UInt32(number)
            piece.offsets[rows] = UInt32(head.offset)
            piece.times[rows] = time.milliseconds
            rows += 1
            consumed = scanner.consumed
        }
        consumed = scanner.consumed
    }

    /// The same for ingest rings, whose rows carry their times.
    private func scanIngest(
        _ scanner: inout RecordScanner, _ bytes: UnsafeRawBufferPointer, _ piece: Piece, _ instance: InstanceTable,
        _ rows: inout Int, _ consumed: inout Int
    ) throws(RingFault) {
        let size = MemoryLayout<teltel_ingest_head>.size
        while let head = try scanner.next() {
            guard Int(head.type) == Int(TELTEL_INGEST_TYPE), head.payload.count > size else {
                throw RingFault(.record, "\(instance.id): no ingest record at offset \(head.offset)")
            }
            let ingest = bytes.loadUnaligned(fromByteOffset: head.payload.lowerBound, as: teltel_ingest_head.self)
            guard Int(ingest.tags_bytes) < head.payload.count - size else {
                throw RingFault(.record, "\(instance.id): tags pass the record")
            }
            try instance.know(stream: Int(ingest.stream))
            piece.numbers[rows] = ingest.stream
            piece.offsets[rows] = UInt32(head.offset)
            piece.times[rows] = ingest.wall_time_ms
            rows += 1
            consumed = scanner.consumed
        }
        consumed = scanner.consumed
    }

    /// Rows of the piece go to their blocks, type by type.
    private func append(
        _ rows: Int, _ bytes: UnsafeRawBufferPointer, _ piece: Piece, _ walk: RingWalk, _ instance: InstanceTable
    ) {
        guard rows > 0 else { return }
        let first = piece.numbers[0]
        if (1..<rows).allSatisfy({ piece.numbers[$0] == first }) {
            return append(Int(first), 0..<rows, piece.offsets, piece.times, bytes, walk, instance)
        }
        for (number, range) in piece.sort(rows) {
            append(number, range, piece.sortedOffsets, piece.sortedTimes, bytes, walk, instance)
        }
    }

    private func append(
        _ number: Int, _ range: Range<Int>, _ offsets: UnsafeMutablePointer<UInt32>, _ times: UnsafeMutablePointer<Int64>,
        _ bytes: UnsafeRawBufferPointer, _ walk: RingWalk, _ instance: InstanceTable
    ) {
        let place = Place(instance: ObjectIdentifier(instance), number: number)
        let (run, schema, key) = instance.place(number)
        let refused = blocks.append(
            RowChunk(
                ring: walk.ring.id, run: run, schema: schema, tagSets: instance.tagSets, bytes: bytes, begin: walk.position,
                offsets: UnsafeBufferPointer(start: offsets + range.lowerBound, count: range.count),
                wallTimes: UnsafeBufferPointer(start: times + range.lowerBound, count: range.count)))
        rowCounts[place, default: RowCount(instance: instance, key: key)].taken += range.count - refused
        if refused > 0 { rowCounts[place]!.malformed += refused }
    }
}

/// A copied piece of a ring and the lists made of it.
///
/// SAFETY: the memories belong to this object and are as large as `capacity` says: one place in each list per 24 bytes. They are
/// used by the sorter's one thread, while the sorter, or its stack, holds the object.
private final class Piece {
    let capacity: Int
    let bytes: UnsafeMutableRawPointer
    /// Type or stream, place in the piece, and milliseconds since 1970 of each row; then the latter two by type.
    let numbers: UnsafeMutablePointer<UInt32>
    let offsets: UnsafeMutablePointer<UInt32>
    let times: UnsafeMutablePointer<Int64>
    let sortedOffsets: UnsafeMutablePointer<UInt32>
    let sortedTimes: UnsafeMutablePointer<Int64>

    init(capacity: Int) {
        self.capacity = capacity
        let rows = capacity / Int(TELTEL_RECORD_HEADER_BYTES) + 1
        bytes = .allocate(byteCount: capacity, alignment: 16)
        numbers = .allocate(capacity: rows)
        offsets = .allocate(capacity: rows)
        times = .allocate(capacity: rows)
        sortedOffsets = .allocate(capacity: rows)
        sortedTimes = .allocate(capacity: rows)
    }
    deinit {
        bytes.deallocate()
        for list in [numbers, offsets, sortedOffsets] { list.deallocate() }
        for list in [times, sortedTimes] { list.deallocate() }
    }

    /// Puts the rows of each type together, in their order. Returns the types in order of their numbers.
    func sort(_ rows: Int) -> [(number: Int, range: Range<Int>)] {
        let types = (0..<rows).reduce(0) { max($0, Int(numbers[$1])) } + 1
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: types) { places in
            places.initialize(repeating: 0)
            for row in 0..<rows { places[Int(numbers[row])] += 1 }
            var ranges: [(number: Int, range: Range<Int>)] = []
            var at = 0
            for number in 0..<types where places[number] > 0 {
                ranges.append((number, at..<at + places[number]))
                at += places[number]
                places[number] = ranges.last!.range.lowerBound
            }
            for row in 0..<rows {
                let place = places[Int(numbers[row])]
                places[Int(numbers[row])] = place + 1
                sortedOffsets[place] = offsets[row]
                sortedTimes[place] = times[row]
            }
            return ranges
        }
    }
}

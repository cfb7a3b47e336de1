/// Takes records out of rings and puts them, by type, into the blocks of the segment in the making.
import CTeltel
import TeltelEvents
import TeltelRings

/// Works on private copies: what a hostile producer changes meanwhile is not seen. Used by one thread.
final class RowSorter {
    let blocks: NativeBlocks
    /// Rows in `blocks`, and rows that no block takes.
    private(set) var counts: [RowKey: Int] = [:]
    private(set) var malformed: [RowKey: Int] = [:]
    /// SAFETY: owned by this object, `capacity` bytes, touched by its one thread only.
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    /// By type or stream number: rows of the piece at hand; used again from piece to piece.
    private var groups: [Group] = []
    private var used: [Int] = []

    private struct Group {
        var offsets: [UInt32] = []
        var wallTimes: [Int64] = []
    }
    /// Fits into the processor's second cache with the columns it becomes.
    private static let pieceBytes = 256 << 10

    init(blocks: NativeBlocks) {
        self.blocks = blocks
        capacity = Self.pieceBytes
        memory = .allocate(byteCount: capacity, alignment: 16)
    }
    deinit { memory.deallocate() }

    func clearCounts() {
        counts.removeAll(keepingCapacity: true)
        malformed.removeAll(keepingCapacity: true)
    }

    /// Takes whole records, until about `limit` bytes are taken or the head is reached. Moves the walk's position.
    /// After a fault everything before the faulty record has been taken.
    func take(_ walk: inout RingWalk, _ instance: InstanceTable, limit: UInt64) throws(RingFault) {
        let begin = walk.position
        let rowsBefore = blocks.rowCount
        defer {
            let rows = blocks.rowCount - rowsBefore
            if rows > 0 { walk.bytesPerRow = Double(walk.position - begin) / Double(rows) }
        }
        var piece = Self.pieceBytes
        while walk.position < walk.head, walk.position - begin < limit {
            let low = walk.ring.low
            if low > walk.position {
                // The producer gave them up, and counts them, under its policy to overwrite the oldest.
                guard low <= walk.head, low & 7 == 0 else { throw RingFault(.head, "\(walk.ring.id): low \(low)") }
                walk.position = low
                continue
            }
            let count = copy(walk, limit: piece)
            guard walk.ring.isIntact(from: walk.position) else { continue }
            let (consumed, needed) = try sort(&walk, count, instance)
            if consumed == 0, let needed, needed > count, needed <= Int(TELTEL_MAX_RECORD_BYTES) + 8, piece < needed {
                piece = needed
                continue
            }
            guard consumed > 0, UInt64(consumed) <= walk.head - walk.position else {
                throw RingFault(.record, "\(walk.ring.id): record at \(walk.position) passes the head")
            }
            walk.position += UInt64(consumed)
            piece = Self.pieceBytes
        }
    }

    private func copy(_ walk: RingWalk, limit: Int) -> Int {
        let stretch = walk.ring.stretch(from: walk.position, to: walk.head, limit: limit)
        if stretch.count > capacity {
            memory.deallocate()
            capacity = stretch.count
            memory = .allocate(byteCount: capacity, alignment: 16)
        }
        // SAFETY: the stretch lies inside the mapping, and fits.
        walk.ring.withBytes(stretch) { memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return stretch.count
    }

    private func sort(_ walk: inout RingWalk, _ count: Int, _ instance: InstanceTable) throws(RingFault) -> (consumed: Int, needed: Int?) {
        let bytes = UnsafeRawBufferPointer(start: memory, count: count)
        var scanner = RecordScanner(bytes, begin: walk.position, ringBytes: walk.ring.dataBytes)
        var fault: RingFault?
        var consumed = 0
        do throws(RingFault) {
            while let head = try scanner.next() {
                try place(head, bytes, &walk, instance)
                consumed = scanner.consumed
            }
            consumed = scanner.consumed
        } catch { fault = error }
        append(bytes, walk, instance)
        guard let fault else { return (consumed, scanner.needed) }
        walk.position += UInt64(consumed)
        throw fault
    }

    private func place(
        _ head: RecordHead, _ bytes: UnsafeRawBufferPointer, _ walk: inout RingWalk, _ instance: InstanceTable
    ) throws(RingFault) {
        let number = instance.isIngest ? try stream(head, bytes, instance) : try type(head, instance)
        if !instance.isIngest, instance.hasClockMark(number), head.payload.count >= 8 {
            walk.clockMark(bytes.loadUnaligned(fromByteOffset: head.payload.lowerBound, as: UInt64.self))
        }
        if number >= groups.count { groups += repeatElement(Group(), count: number + 1 - groups.count) }
        if groups[number].offsets.isEmpty { used.append(number) }
        groups[number].offsets.append(UInt32(head.offset))
        // Ingest rows carry their own time.
        if !instance.isIngest { groups[number].wallTimes.append(walk.wallTime(of: walk.position + UInt64(head.offset))) }
    }

    private func type(_ head: RecordHead, _ instance: InstanceTable) throws(RingFault) -> Int {
        try instance.know(type: Int(head.type), tagSet: Int(head.tagSet))
        let number = Int(head.type) - 1
        if let size = instance.recordSize(number), head.payload.count != size {
            throw RingFault(.record, "\(instance.id): \(head.payload.count) bytes of type \(head.type), expected \(size)")
        }
        return number
    }

    private func stream(_ head: RecordHead, _ bytes: UnsafeRawBufferPointer, _ instance: InstanceTable) throws(RingFault) -> Int {
        let size = MemoryLayout<teltel_ingest_head>.size
        guard Int(head.type) == Int(TELTEL_INGEST_TYPE), head.payload.count > size else {
            throw RingFault(.record, "\(instance.id): no ingest record at offset \(head.offset)")
        }
        let ingest = bytes.loadUnaligned(fromByteOffset: head.payload.lowerBound, as: teltel_ingest_head.self)
        guard Int(ingest.tags_bytes) < head.payload.count - size else { throw RingFault(.record, "\(instance.id): tags pass the record") }
        try instance.know(stream: Int(ingest.stream))
        return Int(ingest.stream)
    }

    /// Rows of the piece go to their blocks, type by type.
    private func append(_ bytes: UnsafeRawBufferPointer, _ walk: RingWalk, _ instance: InstanceTable) {
        for number in used {
            let (run, schema) = instance.place(number)
            let rows = groups[number].offsets.count
            let refused = groups[number].offsets.withUnsafeBufferPointer { offsets in
                groups[number].wallTimes.withUnsafeBufferPointer { wallTimes in
                    blocks.append(
                        RowChunk(
                            ring: walk.ring.id, run: run, schema: schema, tagSets: instance.tagSets, bytes: bytes,
                            begin: walk.position, offsets: offsets, wallTimes: wallTimes))
                }
            }
            let key = RowKey(instance: instance.id, run: run, table: TableKey(channel: schema.channel, type: schema.type))
            if rows > refused { counts[key, default: 0] += rows - refused }
            if refused > 0 { malformed[key, default: 0] += refused }
            groups[number].offsets.removeAll(keepingCapacity: true)
            groups[number].wallTimes.removeAll(keepingCapacity: true)
        }
        used.removeAll(keepingCapacity: true)
    }
}

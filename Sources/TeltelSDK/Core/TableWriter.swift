// The append-only table in the run file: types, tag sets, configuration, streams. All functions: lock held.
//
// An entry is built in private memory, looked up by its key, and only then copied behind the table's head and published.
import CTeltel

/// One table entry in the making.
struct TableEntry {
    private(set) var bytes: [UInt8]

    init(kind: Int, flags: UInt32 = 0, recordSize: Int = 0, count: Int = 0, every: UInt32 = 1) {
        bytes = []
        number32(0)  // size: known at the end
        number32(UInt32(kind) | flags << 16)
        number32(0)  // id: given when it is appended
        number32(UInt32(recordSize))
        number32(UInt32(count))
        number32(every == 1 ? 0 : every)
    }

    mutating func number32(_ value: UInt32) {
        for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    /// u32 length, bytes, padding to 4.
    mutating func text(_ content: UnsafeRawBufferPointer) {
        number32(UInt32(content.count))
        bytes.append(contentsOf: content)
        while bytes.count & 3 != 0 { bytes.append(0) }
    }
    mutating func text(_ content: UnsafePointer<CChar>?) { text(cStringBytes(content)) }

    /// Sets size and id, as they stand in the file.
    mutating func finish(id: UInt32) {
        for i in 0..<4 {
            bytes[i] = UInt8(truncatingIfNeeded: UInt32(bytes.count) >> UInt32(8 * i))
            bytes[8 + i] = UInt8(truncatingIfNeeded: id >> UInt32(8 * i))
        }
    }
}

enum TableWriter {
    static let offset = UInt64(TELTEL_HEADER_BYTES) + (UInt64(TELTEL_COUNTER_ROWS) * 64 + 4095) & ~4095
    static let headBytes = 24
    static let growthBytes: UInt64 = 64 << 10

    /// SAFETY: the run is open, so its file is mapped; `place` came from `append` or the index.
    static func entry(_ run: RunState, at place: UInt64) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(run.pointee.file) + Int(offset + place)
    }

    /// Copies the entry into the file, publishes it and enters its key. False: no space, or the table is at its limit.
    static func append(_ run: RunState, _ entry: TableEntry, key: (class: UInt32, bytes: Int)?) -> Bool {
        let padded = UInt64((entry.bytes.count + 7) & ~7)
        let place = run.pointee.table_head
        guard reserve(run, place + padded), key == nil || index(run, hasRoomFor: 1) else { return false }
        let target = Self.entry(run, at: place)
        entry.bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: $0.count) }
        if let key { insert(run, hash(key.class, entry.bytes, key.bytes), place) }
        run.pointee.table_head = place + padded
        ctel_publish_table_head(run.pointee.file, run.pointee.table_head)
        return true
    }

    /// Makes the file long enough for a table of `bytes` bytes.
    private static func reserve(_ run: RunState, _ bytes: UInt64) -> Bool {
        let needed = offset + bytes
        if needed <= run.pointee.file_bytes { return true }
        guard bytes <= run.pointee.table_limit else { return false }
        let doubled = min(run.pointee.file_bytes * 2, offset + run.pointee.table_limit)
        let size = (max(needed, doubled) + growthBytes - 1) / growthBytes * growthBytes
        var map: UnsafeMutableRawPointer? = UnsafeMutableRawPointer(run.pointee.file)
        let error = ctel_grow_file(run.pointee.run_descriptor, run.pointee.file_bytes, size, &map)
        guard error == 0, let map else {
            _ = Status.fail(Status.noSpace, "cannot grow the run file", errno: error)
            return false
        }
        run.pointee.file = map.assumingMemoryBound(to: teltel_run_header.self)
        run.pointee.file_bytes = size
        ctel_publish_file_bytes(run.pointee.file, size)
        return true
    }

    // MARK: Index: open addressing, at most half full

    /// The entry whose body begins with the first `key` bytes of the new one's body.
    static func find(_ run: RunState, class keyClass: UInt32, _ entry: TableEntry, key: Int) -> UnsafeMutableRawPointer? {
        guard let slots = run.pointee.index else { return nil }
        let wanted = hash(keyClass, entry.bytes, key)
        var at = wanted & (run.pointee.index_slots - 1)
        while slots[Int(at)].place != 0 {
            if slots[Int(at)].hash == wanted {
                let found = Self.entry(run, at: UInt64(slots[Int(at)].place - 1) * 8)
                if holds(run, found, headBytes + key), isSame(found, keyClass, entry, key) { return found }
            }
            at = (at + 1) & (run.pointee.index_slots - 1)
        }
        return nil
    }

    /// Do so many bytes from an entry's begin lie in the table? Its own words, in shared memory, may say anything by now.
    static func holds(_ run: RunState, _ entry: UnsafeMutableRawPointer, _ bytes: Int) -> Bool {
        entry + bytes <= Self.entry(run, at: run.pointee.table_head)
    }

    private static func isSame(_ found: UnsafeMutableRawPointer, _ keyClass: UInt32, _ entry: TableEntry, _ key: Int) -> Bool {
        let head = found.load(as: teltel_entry.self)
        guard Self.keyClass(UInt32(head.kind)) == keyClass, Int(head.bytes) >= headBytes + key else { return false }
        return entry.bytes.withUnsafeBytes {
            memcmp(found + headBytes, $0.baseAddress.unsafelyUnwrapped + headBytes, key) == 0
        }
    }

    /// Typed and JSON types share their names.
    static func keyClass(_ kind: UInt32) -> UInt32 {
        kind == UInt32(TELTEL_ENTRY_JSON_TYPE) ? UInt32(TELTEL_ENTRY_TYPE) : kind
    }

    private static func hash(_ keyClass: UInt32, _ bytes: [UInt8], _ key: Int) -> UInt32 {
        var value: UInt32 = 2_166_136_261 ^ keyClass
        for i in headBytes..<headBytes + key { value = (value ^ UInt32(bytes[i])) &* 16_777_619 }
        return value
    }

    private static func index(_ run: RunState, hasRoomFor more: UInt32) -> Bool {
        let slots = run.pointee.index_slots
        if (run.pointee.index_used + more) * 2 <= slots { return true }
        let size = max(64, slots * 2)
        guard let memory = ctel_zeroed(UInt64(size) * UInt64(MemoryLayout<ctel_index_slot>.stride)) else { return false }
        let old = run.pointee.index
        run.pointee.index = memory.assumingMemoryBound(to: ctel_index_slot.self)
        run.pointee.index_slots = size
        run.pointee.index_used = 0
        if let old {
            for i in 0..<Int(slots) where old[i].place != 0 { insert(run, old[i].hash, UInt64(old[i].place - 1) * 8) }
            ctel_free(old)
        }
        return true
    }

    private static func insert(_ run: RunState, _ hash: UInt32, _ place: UInt64) {
        // SAFETY: the caller made room in the index, so there is one and an empty slot in it.
        let slots = run.pointee.index.unsafelyUnwrapped
        var at = hash & (run.pointee.index_slots - 1)
        while slots[Int(at)].place != 0 { at = (at + 1) & (run.pointee.index_slots - 1) }
        slots[Int(at)] = ctel_index_slot(hash: hash, place: UInt32(place / 8) + 1)
        run.pointee.index_used += 1
    }
}

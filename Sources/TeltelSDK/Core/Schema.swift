// The schema asked back: which types a run has, and how one was defined. Read from the run's own table.
//
// The table lies in shared memory, which nobody trusts: an entry is copied before it is looked at, and every length is checked.
import CTeltel

/// One type's definition as it stands in the table.
struct TypeEntry {
    let head: teltel_entry
    private let bytes: [UInt8]
    private var at = TableWriter.headBytes

    /// The entry at `place`; nil if none fits there. Lock held, the run is open.
    init?(_ run: RunState, at place: UInt64, end: UInt64) {
        guard end >= UInt64(TableWriter.headBytes), place <= end - UInt64(TableWriter.headBytes) else { return nil }
        let source = TableWriter.entry(run, at: place)
        let head = source.load(as: teltel_entry.self)
        guard UInt64(head.bytes) >= UInt64(TableWriter.headBytes), UInt64(head.bytes) <= end - place else { return nil }
        self.head = head
        // SAFETY: as many bytes, checked to lie inside the mapped table.
        bytes = [UInt8](UnsafeRawBufferPointer(start: source, count: Int(head.bytes)))
    }

    mutating func number() -> UInt32? {
        guard bytes.count - at >= 4 else { return nil }
        defer { at += 4 }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: UInt32.self) }
    }

    mutating func text() -> Range<Int>? {
        guard let length = number(), Int(length) <= bytes.count - at else { return nil }
        let range = at..<at + Int(length)
        at = min(bytes.count, (range.upperBound + 3) & ~3)
        return range
    }

    func withBytes(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

enum Schema {
    /// Ends of the walk over all entries of types with fields, in the order of their numbers. Lock held.
    static func forEachType(_ run: RunState, _ body: (TypeEntry) -> Bool) {
        // SAFETY: the run is open, so its file is mapped.
        let used = run.pointee.file.pointee.table_head
        let end = min(used, run.pointee.file_bytes - TableWriter.offset)
        var place: UInt64 = 0
        while let entry = TypeEntry(run, at: place, end: end) {
            if UInt32(entry.head.kind) == UInt32(TELTEL_ENTRY_TYPE), !body(entry) { return }
            place += (UInt64(entry.head.bytes) + 7) & ~7
        }
    }

    /// Lock held. nil: no such type in this run.
    static func entry(_ run: RunState, _ type: teltel_type) -> TypeEntry? {
        let word = RecordWord(type.word ^ run.pointee.salt)
        guard !word.isForeign, word.type <= run.pointee.types else { return nil }
        var found: TypeEntry?
        forEachType(run) { entry in
            if entry.head.id == word.type { found = entry }
            return found == nil
        }
        return found
    }

    static func handle(_ run: RunState, _ head: teltel_entry) -> teltel_type {
        Types.handle(run, head.id, payload: Int(head.record_size))
    }

    // MARK: Description in the caller's memory: teltel_type_desc, its fields, then all texts

    /// How many bytes the description takes; written if there are so many. nil: the entry is damaged.
    static func write(_ entry: TypeEntry, to out: UnsafeMutableRawPointer?, size: Int) -> Int? {
        guard entry.head.count <= TELTEL_MAX_FIELDS else { return nil }
        let fieldsAt = MemoryLayout<teltel_type_desc>.stride
        let textsAt = fieldsAt + Int(entry.head.count) * MemoryLayout<teltel_field>.stride
        guard let needed = lay(entry, textsAt: textsAt, nil) else { return nil }
        guard let out, size >= needed else { return needed }
        return lay(entry, textsAt: textsAt, out)
    }

    /// Walks through the entry, once to measure (`out` is nil) and once to write. Returns where the texts end.
    private static func lay(_ entry: TypeEntry, textsAt: Int, _ out: UnsafeMutableRawPointer?) -> Int? {
        var entry = entry
        var end = textsAt
        /// Copies a text with a NUL behind it. nil for the empty one, if that means "none".
        func put(_ range: Range<Int>, orNone: Bool) -> UnsafePointer<CChar>? {
            if range.isEmpty, orNone { return nil }
            defer { end += range.count + 1 }
            guard let out else { return nil }
            let target = out + end
            entry.withBytes(range) { text in
                if let start = text.baseAddress { memcpy(target, start, text.count) }
            }
            target.storeBytes(of: 0, toByteOffset: range.count, as: UInt8.self)
            return UnsafePointer(target.assumingMemoryBound(to: CChar.self))
        }
        guard let channel = entry.text(), let name = entry.text() else { return nil }
        let fieldsAt = MemoryLayout<teltel_type_desc>.stride
        let desc = teltel_type_desc(
            struct_size: MemoryLayout<teltel_type_desc>.size, field_size: MemoryLayout<teltel_field>.stride,
            channel: put(channel, orNone: false), name: put(name, orNone: false),
            fields: out.map { UnsafePointer(($0 + fieldsAt).assumingMemoryBound(to: teltel_field.self)) },
            field_count: Int(entry.head.count), record_size: Int(entry.head.record_size))
        out?.storeBytes(of: desc, as: teltel_type_desc.self)
        for i in 0..<Int(entry.head.count) {
            guard let kind = entry.number(), let offset = entry.number(), let count = entry.number(), let flags = entry.number(),
                let name = entry.text(), let unit = entry.text(), let labels = entry.text()
            else { return nil }
            let field = teltel_field(
                name: put(name, orNone: false), unit: put(unit, orNone: true), labels: put(labels, orNone: true), kind: kind,
                offset: offset, count: count, flags: flags)
            out?.storeBytes(of: field, toByteOffset: fieldsAt + i * MemoryLayout<teltel_field>.stride, as: teltel_field.self)
        }
        return end
    }
}

// MARK: - C interface

@c(teltel_types) @usableFromInline
func typesC(_ handle: OpaquePointer?, _ out: UnsafeMutablePointer<teltel_type>?, _ capacity: Int) -> Int {
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findOpenRun(handle) else { return 0 }
    var count = 0
    Schema.forEachType(run) { entry in
        if let out, count < capacity { out[count] = Schema.handle(run, entry.head) }
        count += 1
        return true
    }
    return count
}

@c(teltel_describe) @usableFromInline
func describeC(_ handle: OpaquePointer?, _ type: teltel_type, _ out: UnsafeMutableRawPointer?, _ size: Int) -> Int {
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findOpenRun(handle), let entry = Schema.entry(run, type) else { return 0 }
    return Schema.write(entry, to: out, size: size) ?? 0
}

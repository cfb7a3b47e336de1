// Event types: checks a definition, finds the same one made earlier, or appends it to the run's table.
import CTeltel

enum Types {
    /// Defines a type or finds it. Lock held; the run is open.
    static func define(_ run: RunState, _ desc: teltel_type_desc, flags: UInt32, _ out: inout teltel_type) -> Int32 {
        let status = checkFrame(desc)
        guard status == Status.ok else { return status }
        let every = Selection.every(run, desc.channel, desc.name)
        var entry = TableEntry(
            kind: Int(TELTEL_ENTRY_TYPE), flags: flags, recordSize: desc.record_size, count: desc.field_count, every: every)
        entry.text(desc.channel)
        entry.text(desc.name)
        let key = entry.bytes.count - TableWriter.headBytes
        for i in 0..<desc.field_count {
            let field = field(desc, i)
            let problem = check(field, recordSize: desc.record_size)
            guard problem == Status.ok else { return problem }
            append(field, to: &entry)
        }
        if let found = TableWriter.find(run, class: UInt32(TELTEL_ENTRY_TYPE), entry, key: key) {
            let id = found.load(as: teltel_entry.self).id
            entry.finish(id: id)
            let same = entry.bytes.withUnsafeBytes { new in
                found.load(as: UInt32.self) == UInt32(new.count) && TableWriter.holds(run, found, new.count)
                    && memcmp(found, new.baseAddress.unsafelyUnwrapped, new.count) == 0
            }
            guard same else { return Status.fail(Status.mismatch, "defined before with other fields", desc.name) }
            out = handle(run, id, payload: desc.record_size)
            return Status.ok
        }
        let twice = checkNames(desc)
        guard twice == Status.ok else { return twice }
        return add(run, &entry, key: key, every: every, desc.name) { out = handle(run, $0, payload: desc.record_size) }
    }

    /// A type whose records are JSON text, as an id. Lock held; the run is open.
    ///
    /// - Parameter always: whatever TELTEL_ENABLE says.
    static func defineJSON(
        _ run: RunState, _ channel: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?, always: Bool = false,
        _ id: inout UInt32
    ) -> Int32 {
        guard let name, name.pointee != 0, isText(name), isText(channel) else {
            return Status.fail(Status.argument, "channel and name are UTF-8 of at most 255 bytes, and the name is not empty")
        }
        let every = always ? 1 : Selection.every(run, channel, name)
        var entry = TableEntry(kind: Int(TELTEL_ENTRY_JSON_TYPE), every: every)
        entry.text(channel)
        entry.text(name)
        let key = entry.bytes.count - TableWriter.headBytes
        if let found = TableWriter.find(run, class: UInt32(TELTEL_ENTRY_TYPE), entry, key: key) {
            let head = found.load(as: teltel_entry.self)
            guard UInt32(head.kind) == UInt32(TELTEL_ENTRY_JSON_TYPE) else {
                return Status.fail(Status.mismatch, "defined before with fields", name)
            }
            id = head.id
            return Status.ok
        }
        return add(run, &entry, key: key, every: every, name) { id = $0 }
    }

    private static func add(
        _ run: RunState, _ entry: inout TableEntry, key: Int, every: UInt32, _ name: UnsafePointer<CChar>?,
        _ use: (UInt32) -> Void
    ) -> Int32 {
        guard run.pointee.types < TELTEL_MAX_TYPES else { return Status.fail(Status.limit, "more than 16384 types", name) }
        let id = run.pointee.types + 1
        entry.finish(id: id)
        guard Selection.note(run, type: id, every: every),
            TableWriter.append(run, entry, key: (UInt32(TELTEL_ENTRY_TYPE), key))
        else { return Status.noSpace }
        setTypes(run, id)
        use(id)
        return Status.ok
    }

    /// The handle of a type of this run. Lock held.
    static func handle(_ run: RunState, _ id: UInt32, payload: Int) -> teltel_type {
        let marks = Selection.marks(run, type: id)
        let bytes = RecordWord.isDisabled(marks) ? 0 : Int(TELTEL_RECORD_HEADER_BYTES) + payload
        return teltel_type(word: RecordWord(bytes: bytes, type: id).value ^ run.pointee.salt | marks)
    }

    // MARK: Checks

    private static func checkFrame(_ desc: teltel_type_desc) -> Int32 {
        guard let name = desc.name, name.pointee != 0, isText(name), isText(desc.channel) else {
            return Status.fail(Status.argument, "channel and name are UTF-8 of at most 255 bytes, and the name is not empty")
        }
        guard desc.field_size >= MemoryLayout<teltel_field>.size, desc.struct_size >= MemoryLayout<teltel_type_desc>.size else {
            return Status.fail(Status.argument, "struct_size or field_size is not set", name)
        }
        guard desc.fields != nil, desc.field_count > 0, desc.record_size > 0 else {
            return Status.fail(Status.argument, "a type needs fields and a record size", name)
        }
        guard desc.record_size <= Int(TELTEL_MAX_RECORD_BYTES - TELTEL_RECORD_HEADER_BYTES) else {
            return Status.fail(Status.limit, "record larger than 1 MiB", name)
        }
        guard desc.field_count <= Int(TELTEL_MAX_FIELDS) else { return Status.fail(Status.limit, "more than 1024 fields", name) }
        return Status.ok
    }

    /// SAFETY: the caller's array has field_count elements of field_size bytes; a newer caller's are longer.
    private static func field(_ desc: teltel_type_desc, _ i: Int) -> teltel_field {
        (UnsafeRawPointer(desc.fields.unsafelyUnwrapped) + i * desc.field_size).load(as: teltel_field.self)
    }

    private static func elementBytes(_ kind: UInt32) -> Int {
        switch Int(kind) {
        case TELTEL_FIELD_I64, TELTEL_FIELD_U64, TELTEL_FIELD_F64: 8
        case TELTEL_FIELD_I32, TELTEL_FIELD_U32, TELTEL_FIELD_F32: 4
        case TELTEL_FIELD_I16, TELTEL_FIELD_U16: 2
        default: 1
        }
    }

    private static func check(_ field: teltel_field, recordSize: Int) -> Int32 {
        func wrong(_ what: StaticString) -> Int32 { Status.fail(Status.argument, what, field.name) }
        let kind = Int(field.kind)
        guard kind >= TELTEL_FIELD_I8, kind <= TELTEL_FIELD_TEXT else { return wrong("unknown kind of field") }
        let measured = UInt32(TELTEL_FIELD_FLAG_MEASURED)
        let compared = UInt32(TELTEL_FIELD_FLAG_KEY | TELTEL_FIELD_FLAG_INPUT)
        guard field.flags & ~(compared | measured) == 0 else { return wrong("unknown flag of a field") }
        guard field.flags & measured == 0 || field.flags & compared == 0 else {
            return wrong("a measured field is neither key nor input")
        }
        let count = max(1, Int(field.count))
        guard Int(field.offset) + count * elementBytes(field.kind) <= recordSize else {
            return wrong("field lies outside the record")
        }
        guard let names = nameCount(field.name) else {
            return wrong("a field's names are UTF-8 of 1 to 255 bytes each, separated by commas")
        }
        guard names == 1 || (names == count && kind != TELTEL_FIELD_TEXT) else {
            return wrong("number of names and of elements differ")
        }
        guard isText(field.unit) else { return wrong("a unit is UTF-8 of at most 255 bytes") }
        if let labels = field.labels, labels.pointee != 0 {
            guard isText(labels, limit: 1 << 16), kind <= TELTEL_FIELD_U64 else {
                return wrong("labels are UTF-8 of at most 64 KiB, for integers only")
            }
        }
        return Status.ok
    }

    /// How many names a comma-separated list has; nil if one is empty, too long or not UTF-8.
    private static func nameCount(_ list: UnsafePointer<CChar>?) -> Int? {
        guard UTF8Check.isValid(cStringBytes(list)) else { return nil }
        var names = 0
        let isWhole = forEachName(list) { name in
            names += 1
            return !name.isEmpty && name.count <= Int(TELTEL_MAX_NAME_BYTES)
        }
        return isWhole ? names : nil
    }

    /// False: `body` answered false, and what follows was left out.
    private static func forEachName(_ list: UnsafePointer<CChar>?, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        let text = cStringBytes(list)
        var start = 0
        for at in 0...text.count where at == text.count || text[at] == UInt8(ascii: ",") {
            guard body(UnsafeRawBufferPointer(rebasing: text[start..<at])) else { return false }
            start = at + 1
        }
        return true
    }

    /// Two fields of one name: nobody could tell which value is meant.
    private static func checkNames(_ desc: teltel_type_desc) -> Int32 {
        var names = NameSet()
        var status = Status.ok
        for i in 0..<desc.field_count where status == Status.ok {
            _ = forEachName(field(desc, i).name) { name in
                if names.insert(name) { return true }
                status = Status.fail(Status.argument, "a field's name is given twice", name)
                return false
            }
        }
        return status
    }

    private static func append(_ field: teltel_field, to entry: inout TableEntry) {
        entry.number32(field.kind)
        entry.number32(field.offset)
        entry.number32(max(1, field.count))
        entry.number32(field.flags)
        entry.text(field.name)
        entry.text(field.unit)
        entry.text(field.labels)
    }
}

// MARK: - C interface

@c(teltel_define_desc) @usableFromInline
func defineDescC(
    _ handle: OpaquePointer?, _ desc: UnsafePointer<teltel_type_desc>?, _ out: UnsafeMutablePointer<teltel_type>?
) -> Int32 {
    guard let out else { return Status.fail(Status.argument, "no place for the type handle") }
    out.pointee.word = 0
    guard let handle else { return Status.refusedState }
    guard let desc else { return Status.fail(Status.argument, "no description of the type") }
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findOpenRun(handle) else { return Status.ended }
    return Types.define(run, desc.pointee, flags: 0, &out.pointee)
}

@c(teltel_define_known) @usableFromInline
func defineKnownC(
    _ handle: OpaquePointer?, _ channel: UnsafePointer<CChar>?, _ which: UInt32, _ out: UnsafeMutablePointer<teltel_type>?
) -> Int32 {
    var desc = teltel_type_desc()
    guard ctel_known_type(which, channel, &desc) != nil else {
        out?.pointee.word = 0
        return Status.fail(Status.argument, "no such well-known type")
    }
    return defineDescC(handle, &desc, out)
}

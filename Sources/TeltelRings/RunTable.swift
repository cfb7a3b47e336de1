/// Reads the append-only table of a run file: types, tag sets, streams, config. Works on private copies of bytes.
import CTeltel
import TeltelEvents

/// What has been read of a table so far.
package struct RunTable: Sendable {
    /// Index: type id - 1.
    package private(set) var types: [EventSchema] = []
    /// Index: tag set id - 1.
    package private(set) var tagSets: [TagSet] = []
    /// Index: stream number.
    package private(set) var streams: [IngestStream] = []
    package private(set) var runTags = TagSet.none
    package private(set) var config = ""
    /// Bytes of the table that have been read.
    package private(set) var position = 0

    /// Reads whole entries from `bytes`, which begin at `position`.
    mutating func append(_ bytes: [UInt8]) throws(RingFault) {
        var at = 0
        while at < bytes.count {
            guard bytes.count - at >= MemoryLayout<teltel_entry>.size else {
                throw RingFault(.table, "entry head cut at \(position)")
            }
            let entry = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: teltel_entry.self) }
            let size = (Int(entry.bytes) + 7) & ~7
            guard Int(entry.bytes) >= MemoryLayout<teltel_entry>.size, size <= bytes.count - at else {
                throw RingFault(.table, "entry of \(entry.bytes) bytes at \(position)")
            }
            var body = TableBody(bytes[at + MemoryLayout<teltel_entry>.size..<at + Int(entry.bytes)])
            try take(entry, &body)
            at += size
            position += size
        }
    }

    private mutating func take(_ entry: teltel_entry, _ body: inout TableBody) throws(RingFault) {
        switch Int(entry.kind) {
        case TELTEL_ENTRY_TYPE: try takeType(entry, &body)
        case TELTEL_ENTRY_JSON_TYPE:
            try checkNext(entry.id, types.count, limit: TELTEL_MAX_TYPES, "type")
            let channel = try body.name()
            types.append(EventSchema(channel: channel, type: try body.name(), encoding: .json))
        case TELTEL_ENTRY_TAG_SET:
            try checkNext(entry.id, tagSets.count, limit: TELTEL_MAX_TAG_SETS, "tag set")
            tagSets.append(try body.tags(entry.count))
        case TELTEL_ENTRY_RUN_TAGS: runTags = try body.tags(entry.count)
        case TELTEL_ENTRY_CONFIG: config = try body.text(limit: Int(TELTEL_MAX_CONFIG_BYTES))
        case TELTEL_ENTRY_STREAM:
            let run = RunKey(runID: try body.name(limit: 1 << 16), sourceID: try body.name(limit: 1 << 16))
            let channel = try body.name(limit: 1 << 16)
            let schema = EventSchema(channel: channel, type: try body.name(limit: 1 << 16), encoding: .ingest)
            streams.append(IngestStream(run: run, schema: schema))
        default: break  // of a later version: skipped by its length
        }
    }

    private func checkNext(_ id: UInt32, _ count: Int, limit: UInt32, _ what: String) throws(RingFault) {
        guard id == count + 1, id <= limit else { throw RingFault(.table, "\(what) \(id) follows \(count)") }
    }

    private mutating func takeType(_ entry: teltel_entry, _ body: inout TableBody) throws(RingFault) {
        try checkNext(entry.id, types.count, limit: TELTEL_MAX_TYPES, "type")
        guard entry.count <= TELTEL_MAX_FIELDS, entry.record_size <= TELTEL_MAX_RECORD_BYTES else {
            throw RingFault(.table, "type \(entry.id): \(entry.count) fields, \(entry.record_size) bytes")
        }
        let channel = try body.name()
        let name = try body.name()
        var fields: [Field] = []
        for _ in 0..<entry.count { try body.appendFields(recordSize: Int(entry.record_size), to: &fields) }
        let marked = Int(entry.flags) & TELTEL_TYPE_CLOCK_MARK != 0
        guard !marked || entry.record_size >= 8 else { throw RingFault(.table, "type \(entry.id): no room for its clock mark") }
        types.append(
            EventSchema(
                channel: channel, type: name, encoding: .record(size: Int(entry.record_size)), fields: fields,
                hasClockMark: marked))
    }
}

/// Takes texts and fields from one entry's body.
private struct TableBody {
    private let bytes: ArraySlice<UInt8>
    private var at: Int
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    private mutating func plain<T: BitwiseCopyable>(_: T.Type) throws(RingFault) -> T {
        guard bytes.endIndex - at >= MemoryLayout<T>.size else { throw RingFault(.table, "entry ends inside a value") }
        defer { at += MemoryLayout<T>.size }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at - bytes.startIndex, as: T.self) }
    }

    mutating func text(limit: Int) throws(RingFault) -> String {
        let length = Int(try plain(UInt32.self))
        guard length <= limit, length <= bytes.endIndex - at else { throw RingFault(.table, "text of \(length) bytes") }
        defer { at = min(bytes.endIndex, at + (length + 3) & ~3) }
        return String(decoding: bytes[at..<at + length], as: UTF8.self)
    }
    mutating func name(limit: Int = Int(TELTEL_MAX_NAME_BYTES)) throws(RingFault) -> Name { Name(try text(limit: limit)) }

    mutating func tags(_ count: UInt32) throws(RingFault) -> TagSet {
        guard count <= 4_096 else { throw RingFault(.table, "tag set of \(count) pairs") }
        var pairs: [(key: Name, value: Name)] = []
        for _ in 0..<count {
            let key = try name()
            pairs.append((key, try name()))
        }
        return TagSet(pairs)
    }

    /// One entry of the definition: one field, or as many as it names elements.
    mutating func appendFields(recordSize: Int, to fields: inout [Field]) throws(RingFault) {
        let field = try plain(teltel_entry_field.self)
        let names = try name(limit: 1 << 20).split(at: ",", keepsEmpty: true)
        let unit = try text(limit: 1 << 12)
        let labels = try text(limit: 1 << 16).split(separator: ",").map(String.init)
        guard let kind = FieldKind(rawValue: field.kind) else { return }  // of a later version
        let count = Int(field.count)
        guard count >= 1, count <= recordSize, Int(field.offset) + count * kind.size <= recordSize,
            names.allSatisfy({ !$0.isEmpty })
        else {
            throw RingFault(.table, "field \(names.first ?? .empty): \(count) x \(kind.name) at \(field.offset) of \(recordSize)")
        }
        let isWhole = names.count == 1
        guard isWhole || names.count == count && kind != .text else {
            throw RingFault(.table, "\(names.count) names for \(count) elements")
        }
        // Flags of a later version say nothing here.
        func has(_ flag: Int) -> Bool { Int(field.flags) & flag != 0 }
        for (index, name) in names.enumerated() {
            fields.append(
                Field(
                    name: name, kind: kind, offset: Int(field.offset) + index * kind.size, count: isWhole ? count : 1, unit: unit,
                    labels: labels, isKey: has(TELTEL_FIELD_FLAG_KEY), isInput: has(TELTEL_FIELD_FLAG_INPUT),
                    isMeasured: has(TELTEL_FIELD_FLAG_MEASURED)))
        }
    }
}

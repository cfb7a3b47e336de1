/// Columns of JSON payloads: a Nullable(Float64) for every number that was ever seen in payloads of the type.
import CTeltel
import CTeltelJSON
import Glibc
import TeltelEvents

private let headBytes = Int(TELTEL_RECORD_HEADER_BYTES)

/// One simdjson parser. One thread at a time.
final class JSONParser {
    // SAFETY: made here, used by this object's owner only, destroyed in deinit.
    let handle: OpaquePointer
    init() {
        guard let made = teltel_json_parser_create() else { fatalError("no memory for a JSON parser") }
        handle = made
    }
    deinit { teltel_json_parser_destroy(handle) }
}

/// The payload columns of one block of JSON events. The list of columns only grows, also from block to block, so that the blocks
/// of a type soon have the same columns. One thread at a time.
final class JSONColumns {
    private final class Column {
        let layout: ColumnLayout
        let path: [UInt8]
        let nulls = ColumnBytes()
        let values = ColumnBytes()
        /// Rows that have been filled.
        var rows = 0

        init(path: [UInt8]) {
            self.path = path
            layout = ColumnLayout(PayloadColumns.prefix + String(decoding: path, as: UTF8.self), "Nullable(Float64)")
        }
        func isNamed(_ path: UnsafeRawBufferPointer) -> Bool {
            guard path.count == self.path.count, let bytes = path.baseAddress else { return false }
            return memcmp(bytes, self.path, path.count) == 0
        }

        /// Of several values for one row the last counts.
        func set(_ value: Double, row: Int) {
            if rows > row {
                values.removeLast(8)
            } else {
                fillWithNull(upTo: row)
                nulls.append(plain: UInt8(0))
                rows = row + 1
            }
            values.append(plain: value)
        }
        func fillWithNull(upTo row: Int) {
            guard row > rows else { return }
            memset(nulls.extend(by: row - rows), 1, row - rows)
            values.append(zeros: (row - rows) * 8)
            rows = row
        }
    }

    /// A payload may have any number of members with any names: further ones stay in the text.
    static let mostColumns = 1_024

    private var columns: [Column] = []
    private var numbers: [[UInt8]: Int] = [:]
    /// Which column the i-th number of the row before went to: mostly it is the same again.
    private var guesses: [Int] = []
    /// Of the row at hand.
    private var text: [UInt8] = []
    /// Without columns of their own, payloads stay text.
    private let keepsText: Bool

    init(keepsText: Bool) { self.keepsText = keepsText }

    var layouts: [ColumnLayout] { columns.map(\.layout) }
    var columnCount: Int { columns.count }

    /// Appends the rows whose payload is JSON; returns how many are not.
    func append(_ chunk: RowChunk, parser: JSONParser, identity: NativeColumns) -> Int {
        var refused = 0
        var added = 0
        for index in chunk.offsets.indices {
            guard let row = TextRow(chunk, index) else {
                refused += 1
                continue
            }
            var flat = teltel_json_flat()
            let parsed = row.payload.withMemoryRebound(to: CChar.self) {
                teltel_json_flatten(parser.handle, $0.baseAddress, $0.count, &flat)
            }
            guard parsed != 0 else {
                refused += 1
                continue
            }
            append(row, flat, to: identity, row: identity.rows + added)
            added += 1
        }
        identity.add(chunk, rows: added)
        return refused
    }

    private func append(_ row: TextRow, _ flat: teltel_json_flat, to identity: NativeColumns, row number: Int) {
        identity.sequences.append(plain: row.sequence)
        identity.frames.append(plain: row.frame)
        identity.simTimes.append(plain: row.simTime)
        identity.wallTimeNulls.append(plain: UInt8(row.wallTime < 0 ? 1 : 0))
        identity.wallTimes.append(plain: row.wallTime < 0 ? 0 : row.wallTime)
        if let tagSet = row.tagSet { tagSet.json.withUnsafeBytes { identity.setTags($0, row: number) } }
        identity.setTags(row.tags, row: number)
        let complete = !keepsText && appendNumbers(flat, row: number)
        guard !complete || flat.exact == 0 else { return }
        text.removeAll(keepingCapacity: true)
        JSONText.appendCompact(UnsafeRawBufferPointer(start: flat.text.bytes, count: flat.text.count), to: &text)
        text.withUnsafeBytes { identity.setRest($0, row: number) }
    }

    /// True if every number found a column of its own.
    private func appendNumbers(_ flat: teltel_json_flat, row: Int) -> Bool {
        var complete = true
        for index in 0..<flat.number_count {
            let number = flat.numbers[index]
            let path = UnsafeRawBufferPointer(start: flat.paths + Int(number.path_offset), count: Int(number.path_count))
            guard let column = column(path, index) else {
                complete = false
                continue
            }
            column.set(number.value, row: row)
        }
        return complete
    }

    private func column(_ path: UnsafeRawBufferPointer, _ index: Int) -> Column? {
        if index < guesses.count {
            let guess = columns[guesses[index]]
            if guess.isNamed(path) { return guess }
        }
        let key = Array(path)
        if numbers[key] == nil {
            guard columns.count < Self.mostColumns else { return nil }
            numbers[key] = columns.count
            columns.append(Column(path: key))
        }
        guard let found = numbers[key] else { return nil }
        if index < guesses.count { guesses[index] = found } else if index == guesses.count { guesses.append(found) }
        return columns[found]
    }

    func removeAll() {
        for column in columns {
            column.nulls.removeAll()
            column.values.removeAll()
            column.rows = 0
        }
    }

    func write(rows: Int, to out: ColumnBytes) {
        for column in columns {
            column.fillWithNull(upTo: rows)
            out.append(string: column.layout.name)
            out.append(string: column.layout.type)
            out.append(column.nulls)
            out.append(column.values)
        }
    }
}

/// The parts of a record whose payload is text. The record lies in memory that its producer might change: every length is read
/// once and checked.
private struct TextRow {
    let sequence: UInt64
    let frame: UInt64
    let simTime: UInt64
    let wallTime: Int64
    /// Tags by number, or as text: one of the two.
    let tagSet: TagSet?
    let tags: UnsafeRawBufferPointer
    let payload: UnsafeRawBufferPointer

    init?(_ chunk: RowChunk, _ index: Int) {
        let at = Int(chunk.offsets[index])
        guard at + headBytes <= chunk.bytes.count else { return nil }
        let size = Int(chunk.bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        guard size >= headBytes, size <= chunk.bytes.count - at else { return nil }
        sequence = chunk.begin + UInt64(at)
        frame = chunk.bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
        simTime = chunk.bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt64.self)
        var begin = at + headBytes
        if case .ingest = chunk.schema.encoding {
            guard size >= headBytes + MemoryLayout<teltel_ingest_head>.size else { return nil }
            let head = chunk.bytes.loadUnaligned(fromByteOffset: begin, as: teltel_ingest_head.self)
            begin += MemoryLayout<teltel_ingest_head>.size
            guard Int(head.tags_bytes) <= at + size - begin else { return nil }
            wallTime = head.wall_time_ms
            tagSet = nil
            tags = UnsafeRawBufferPointer(rebasing: chunk.bytes[begin..<begin + Int(head.tags_bytes)])
            begin += Int(head.tags_bytes)
        } else {
            wallTime = chunk.wallTimes[index]
            let number = Int(chunk.bytes.loadUnaligned(fromByteOffset: at + 6, as: UInt16.self))
            tagSet = number > 0 && number <= chunk.tagSets.count ? chunk.tagSets[number - 1] : nil
            tags = UnsafeRawBufferPointer(start: nil, count: 0)
        }
        payload = UnsafeRawBufferPointer(rebasing: chunk.bytes[begin..<at + size])
    }
}

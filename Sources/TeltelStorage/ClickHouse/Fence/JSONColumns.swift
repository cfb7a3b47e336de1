/// Columns of JSON payloads: a Nullable(Float64) for every number that was ever seen in payloads of the type.
import CTeltel
import CTeltelJSON
import Glibc
import TeltelEvents

private let headBytes = Int(TELTEL_RECORD_HEADER_BYTES)

/// One simdjson parser. One thread at a time.
package final class JSONParser {
    // SAFETY: made here, used by this object's owner only, destroyed in deinit.
    package let handle: OpaquePointer
    package init() {
        guard let made = teltel_json_parser_create() else { fatalError("no memory for a JSON parser") }
        handle = made
    }
    deinit { teltel_json_parser_destroy(handle) }
}

/// One number of JSON payloads, for all rows of a block.
final class NumberColumn {
    let layout: ColumnLayout
    /// In memory that stays where it is.
    let path = ColumnBytes()
    let nulls = ColumnBytes()
    let values = ColumnBytes()

    init(path: UnsafeRawBufferPointer) {
        self.path.append(path)
        layout = ColumnLayout(PayloadColumnName.scalar(String(decoding: path, as: UTF8.self)), "Nullable(Float64)")
    }

    /// Exactly so many rows: those that were not there are null, those behind are forgotten.
    func setRows(_ rows: Int) {
        let more = rows - nulls.count
        if more > 0 {
            memset(nulls.extend(by: more), 1, more)
            values.append(zeros: more * 8)
        } else {
            nulls.removeLast(-more)
            values.removeLast(-more * 8)
        }
    }

    func removeAll() {
        nulls.removeAll()
        values.removeAll()
    }
}

/// A column while a chunk is appended to it.
///
/// SAFETY: points into the column's memory, which has room for all rows of the chunk and is not touched otherwise meanwhile.
private struct Slot {
    let path: UnsafeRawBufferPointer
    let nulls: UnsafeMutableRawPointer
    let values: UnsafeMutableRawPointer

    init(_ column: NumberColumn) {
        path = column.path.bytes
        nulls = column.nulls.base
        values = column.values.base
    }

    func isNamed(_ other: UnsafeRawBufferPointer) -> Bool {
        guard path.count == other.count, let mine = path.baseAddress, let bytes = other.baseAddress else {
            return path.count == other.count
        }
        return memcmp(mine, bytes, path.count) == 0
    }

    /// Of several values for one row the last counts.
    func set(_ value: Double, row: Int) {
        nulls.storeBytes(of: 0, toByteOffset: row, as: UInt8.self)
        values.storeBytes(of: value, toByteOffset: row * 8, as: Double.self)
    }
}

/// The payload columns of one block of JSON events. The list of columns only grows, also from block to block, so that the blocks
/// of a type soon have the same columns. One thread at a time.
package final class JSONColumns {
    /// A payload may have any number of members with any names: further ones stay in the text.
    package static let mostColumns = 1_024

    private(set) var columns: [NumberColumn] = []
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
    func path(_ column: Int) -> String { String(decoding: columns[column].path.bytes, as: UTF8.self) }

    /// Appends the rows whose payload is JSON; returns how many are not.
    func append(_ chunk: RowChunk, parser: JSONParser, identity: NativeColumns) -> Int {
        var refused = 0
        var added = 0
        let last = identity.rows + chunk.offsets.count
        for column in columns { column.setRows(last) }
        var slots = columns.map(Slot.init)
        var guesses = self.guesses
        for index in chunk.offsets.indices {
            guard let row = TextRow(chunk, index) else {
                refused += 1
                continue
            }
            var flat = teltel_json_flat()
            let parsed = row.payload.withMemoryRebound(to: CChar.self) {
                teltel_json_flatten(parser.handle, $0.baseAddress, $0.count, PayloadColumns.longestScalarArray, &flat)
            }
            guard parsed != 0 else {
                refused += 1
                continue
            }
            let number = identity.rows + added
            append(row, to: identity, row: number)
            let complete = !keepsText && setNumbers(flat, row: number, of: last, &slots, &guesses)
            if !complete || flat.exact == 0 { setRest(flat, to: identity, row: number) }
            added += 1
        }
        self.guesses = guesses
        for column in columns { column.setRows(identity.rows + added) }
        identity.add(chunk, rows: added)
        return refused
    }

    private func append(_ row: TextRow, to identity: NativeColumns, row number: Int) {
        identity.sequences.append(plain: row.sequence)
        identity.frames.append(plain: row.frame)
        identity.simTimes.append(plain: row.simTime)
        identity.wallTimeNulls.append(plain: UInt8(row.wallTime < 0 ? 1 : 0))
        identity.wallTimes.append(plain: row.wallTime < 0 ? 0 : row.wallTime)
        if let tagSet = row.tagSet { tagSet.json.withUnsafeBytes { identity.setTags($0, row: number) } }
        identity.setTags(row.tags, row: number)
    }

    private func setRest(_ flat: teltel_json_flat, to identity: NativeColumns, row: Int) {
        text.removeAll(keepingCapacity: true)
        JSONText.appendCompact(UnsafeRawBufferPointer(start: flat.text.bytes, count: flat.text.count), to: &text)
        text.withUnsafeBytes { identity.setRest($0, row: row) }
    }

    /// True if every number found a column of its own. `last`: rows that the columns must have room for.
    private func setNumbers(
        _ flat: teltel_json_flat, row: Int, of last: Int, _ slots: inout [Slot], _ guesses: inout [Int]
    ) -> Bool {
        var complete = true
        for index in 0..<flat.number_count {
            let number = flat.numbers[index]
            let path = UnsafeRawBufferPointer(start: flat.paths + Int(number.path_offset), count: Int(number.path_count))
            if index < guesses.count, slots[guesses[index]].isNamed(path) {
                slots[guesses[index]].set(number.value, row: row)
                continue
            }
            guard let found = column(path, rows: last, &slots) else {
                complete = false
                continue
            }
            if index < guesses.count { guesses[index] = found } else if index == guesses.count { guesses.append(found) }
            slots[found].set(number.value, row: row)
        }
        return complete
    }

    /// The one with this name, made if there is room for it.
    private func column(_ path: UnsafeRawBufferPointer, rows: Int, _ slots: inout [Slot]) -> Int? {
        let key = Array(path)
        if let known = numbers[key] { return known }
        guard columns.count < Self.mostColumns else { return nil }
        let column = NumberColumn(path: path)
        column.setRows(rows)
        numbers[key] = columns.count
        columns.append(column)
        slots.append(Slot(column))
        return columns.count - 1
    }

    func removeAll() { for column in columns { column.removeAll() } }

    func write(rows: Int, to out: ColumnBytes) {
        for column in columns {
            column.setRows(rows)
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

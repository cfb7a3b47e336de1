/// The columns of a block as digests read them.
import CTeltelStorage
import TeltelEvents

/// Memory for the hashes of texts and arrays of one chunk's rows, used again for the next. One thread at a time.
final class HashColumns {
    private var columns: [ColumnBytes] = []
    private var used = 0

    func removeAll() { used = 0 }

    func next() -> ColumnBytes {
        if used == columns.count { columns.append(ColumnBytes()) }
        defer { used += 1 }
        columns[used].removeAll()
        return columns[used]
    }
}

/// How far a column of texts had come.
struct TextMark {
    let bytes: Int
    let rows: Int
}

/// Texts with their lengths, read one after the other.
///
/// SAFETY: they were written by this process, whole; the memory is not touched while this is used.
private struct Texts {
    private var at: UnsafeRawPointer
    init(_ column: ColumnBytes, from byte: Int) { at = UnsafeRawPointer(column.base) + byte }

    mutating func next() -> UnsafeRawBufferPointer {
        var length = 0
        var shift = 0
        while true {
            let byte = at.load(as: UInt8.self)
            at += 1
            length |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { break }
            shift += 7
        }
        defer { at += length }
        return UnsafeRawBufferPointer(start: at, count: length)
    }
}

extension RecordColumns {
    /// - Parameters:
    ///   - row: the first of `rows` rows, the newest ones.
    ///   - marks: of the text columns before these rows came.
    func digestColumns(from row: Int, rows: Int, marks: [Int], hashes: HashColumns) -> [DigestColumn] {
        var marks = marks.makeIterator()
        return columns.indices.map { index in
            let column = columns[index]
            let field = DigestPlan.field(ofColumn: index)
            if column.kind == .text {
                var texts = Texts(values[index], from: marks.next()!)
                return Self.hashed(field, rows, hashes) { _ in
                    let text = texts.next()
                    return teltel_digest_text(text.baseAddress, text.count)
                }
            }
            let base = UnsafeRawPointer(values[index].base)
            if column.isArray {
                let size = column.kind.size * column.count
                return Self.hashed(field, rows, hashes) {
                    teltel_digest_array(base + (row + $0) * size, column.kind.digestKind, column.count)
                }
            }
            return DigestColumn(
                field: field, values: base + row * column.kind.size, nulls: nil, kind: column.kind.digestKind,
                size: column.kind.size,
                isNumber: true)
        }
    }

    private static func hashed(_ field: Int, _ rows: Int, _ hashes: HashColumns, _ hash: (Int) -> UInt64) -> DigestColumn {
        let column = hashes.next()
        for row in 0..<rows { column.append(plain: hash(row)) }
        return DigestColumn(
            field: field, values: UnsafeRawPointer(column.base), nulls: nil, kind: TELTEL_DIGEST_U64, size: 8, isNumber: false)
    }

    /// Where the next row's text begins, for each column of texts.
    var textMarks: [Int] { textColumns.map { values[$0].count } }
}

extension JSONColumns {
    func digestColumns(from row: Int) -> [DigestColumn] {
        columns.indices.map { index in
            DigestColumn(
                field: DigestPlan.field(ofColumn: index), values: UnsafeRawPointer(columns[index].values.base) + row * 8,
                nulls: UnsafePointer((columns[index].nulls.base + row).assumingMemoryBound(to: UInt8.self)),
                kind: TELTEL_DIGEST_F64,
                size: 8, isNumber: true)
        }
    }
}

extension NativeColumns {
    /// Before rows come in.
    var textMarks: (tags: TextMark, rest: TextMark) {
        (TextMark(bytes: tags.count, rows: rowsWithTags), TextMark(bytes: rest.count, rows: rowsWithRest))
    }

    /// The columns that every event has, for `rows` rows from `row` on, the newest ones.
    func digestColumns(
        from row: Int, rows: Int, marks: (tags: TextMark, rest: TextMark), hashes: HashColumns
    ) -> [DigestColumn] {
        let time = DigestColumn(
            field: DigestPlan.simTime, values: UnsafeRawPointer(simTimes.base) + row * 8, nulls: nil, kind: TELTEL_DIGEST_F64,
            size: 8,
            isNumber: true)
        let texts = [
            Self.texts(DigestPlan.tags, tags, rowsWithTags, marks.tags, row..<row + rows, hashes),
            Self.texts(DigestPlan.rest, rest, rowsWithRest, marks.rest, row..<row + rows, hashes),
        ]
        return [time] + texts.compactMap { $0 }
    }

    /// nil: none of the rows has one. A row without a text has none, as if it were NULL.
    private static func texts(
        _ field: Int, _ column: ColumnBytes, _ rowsWithText: Int, _ mark: TextMark, _ rows: Range<Int>, _ hashes: HashColumns
    ) -> DigestColumn? {
        guard rowsWithText > mark.rows else { return nil }
        let (values, nulls) = (hashes.next(), hashes.next())
        var texts = Texts(column, from: mark.bytes)
        for row in mark.rows..<rowsWithText {
            let text = texts.next()
            guard row >= rows.lowerBound else { continue }
            nulls.append(plain: UInt8(text.isEmpty ? 1 : 0))
            values.append(plain: teltel_digest_text(text.baseAddress, text.count))
        }
        for _ in rowsWithText..<max(rowsWithText, rows.upperBound) {
            nulls.append(plain: UInt8(1))
            values.append(plain: UInt64(0))
        }
        return DigestColumn(
            field: field, values: UnsafeRawPointer(values.base),
            nulls: UnsafePointer(nulls.base.assumingMemoryBound(to: UInt8.self)), kind: TELTEL_DIGEST_U64, size: 8,
            isNumber: false)
    }
}

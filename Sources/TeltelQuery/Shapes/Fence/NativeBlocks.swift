/// ClickHouse's Native format (https://clickhouse.com/docs/interfaces/formats/Native), as far as comparisons read it.

/// Rows of an answer, column by column.
package struct NativeBlock: Sendable, Equatable {
    package struct Column: Sendable, Equatable {
        /// Bits of numbers, zero-extended; of signed ones sign-extended. Of arrays those of all elements. Empty of texts.
        package var values: [UInt64] = []
        /// Of each row, 1 where it is NULL; empty: the column cannot be NULL.
        package var isNull: [UInt8] = []
        /// Of arrays: where each row's elements end; empty of what is none.
        package var ends: [UInt64] = []
        package var texts: [String] = []
        package init() {}
    }
    package let rows: Int
    package let columns: [Column]

    /// All blocks of a whole answer.
    package static func read(_ bytes: [UInt8]) throws(QueryError) -> [NativeBlock] {
        var reader = NativeReader(bytes)
        var blocks: [NativeBlock] = []
        while !reader.isAtEnd { blocks.append(try reader.block()) }
        return blocks
    }
}

private struct NativeReader {
    /// More than this is no column's name or type, no text and no number of columns of ours.
    private static let textBytesMax = 64 << 20
    private static let columnsMost = 100_000
    private static let rowsMost = 1 << 27

    private let bytes: [UInt8]
    private var at = 0
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func block() throws(QueryError) -> NativeBlock {
        let (columns, rows) = (try count(most: Self.columnsMost), try count(most: Self.rowsMost))
        var read: [NativeBlock.Column] = []
        for _ in 0..<columns {
            _ = try text()
            let type = try text()
            // A column of no rows has no bytes.
            read.append(rows == 0 ? .init() : try column(type, rows))
        }
        return NativeBlock(rows: rows, columns: read)
    }

    private mutating func column(_ type: String, _ rows: Int) throws(QueryError) -> NativeBlock.Column {
        if let inner = Self.inside(type, "Array(") {
            let ends = try numbers(UInt64.self, rows)
            guard zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 }), let last = ends.last, last <= Self.rowsMost else {
                throw .failed("an array in ClickHouse's answer ends before it begins")
            }
            var column = last == 0 ? .init() : try column(inner, Int(last))
            column.ends = ends
            return column
        }
        if let inner = Self.inside(type, "Nullable(") {
            let isNull = try raw(rows)
            var column = try column(inner, rows)
            column.isNull = isNull
            return column
        }
        if type == "String" {
            var column = NativeBlock.Column()
            column.texts.reserveCapacity(rows)
            for _ in 0..<rows { column.texts.append(try text()) }
            return column
        }
        var column = NativeBlock.Column()
        column.values = try numbers(type, rows)
        return column
    }

    private mutating func numbers(_ type: String, _ rows: Int) throws(QueryError) -> [UInt64] {
        switch type {
        case "UInt64", "Int64", "Float64": return try numbers(UInt64.self, rows)
        case "UInt32", "Float32": return try numbers(UInt32.self, rows)
        case "UInt16": return try numbers(UInt16.self, rows)
        case "UInt8", "Bool": return try numbers(UInt8.self, rows)
        case "Int32": return try numbers(Int32.self, rows)
        case "Int16": return try numbers(Int16.self, rows)
        case "Int8": return try numbers(Int8.self, rows)
        default: throw .failed("ClickHouse's answer has a column of type \(type), which is not read here")
        }
    }

    private mutating func numbers<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type, _ rows: Int
    ) throws(QueryError) -> [UInt64] {
        let size = MemoryLayout<Value>.size
        guard (bytes.count - at) / size >= rows else { throw .cutOff }
        defer { at += rows * size }
        // SAFETY: as many bytes are there as the values have; each is loaded from wherever it lies, and each place is written once.
        return bytes.withUnsafeBytes { raw in
            [UInt64](unsafeUninitializedCapacity: rows) { values, count in
                for row in 0..<rows {
                    let value = raw.loadUnaligned(fromByteOffset: at + row * size, as: Value.self)
                    values.initializeElement(at: row, to: UInt64(truncatingIfNeeded: Value(littleEndian: value)))
                }
                count = rows
            }
        }
    }

    private mutating func raw(_ count: Int) throws(QueryError) -> [UInt8] {
        guard bytes.count - at >= count else { throw .cutOff }
        defer { at += count }
        return Array(bytes[at..<at + count])
    }

    private mutating func count(most: Int) throws(QueryError) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            guard at < bytes.count else { throw .cutOff }
            let byte = bytes[at]
            at += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 {
                if value > most { break }
                return value
            }
        }
        throw .failed("ClickHouse's answer is not in its Native format")
    }

    private mutating func text() throws(QueryError) -> String {
        String(decoding: try raw(try count(most: Self.textBytesMax)), as: UTF8.self)
    }

    private static func inside(_ type: String, _ wrapper: String) -> String? {
        type.hasPrefix(wrapper) && type.hasSuffix(")") ? String(type.dropFirst(wrapper.count).dropLast()) : nil
    }
}

/// Picks rows out of a block of ClickHouse's Native format: for groups that are divided down to the row that is refused.
import TeltelEvents

/// One block, taken apart into columns. The bytes were written by this program and checked by their checksum, but nothing
/// depends on that: whatever they are, it throws rather than reads past their end.
package struct NativeRows {
    package let rows: Int
    private let columns: [Column]

    private struct Column {
        let name: String
        let type: String
        let data: NativeColumn
    }

    /// - Parameter bytes: exactly one block.
    package init(_ bytes: [UInt8]) throws(StorageError) {
        var input = NativeInput(bytes)
        let columnCount = try input.varint()
        rows = try input.varint()
        guard rows <= bytes.count, columnCount <= bytes.count else { throw StorageError(.corrupt, "block of \(rows) rows") }
        var columns: [Column] = []
        for _ in 0..<columnCount {
            let name = String(decoding: try input.text(), as: UTF8.self)
            let type = String(decoding: try input.text(), as: UTF8.self)
            columns.append(Column(name: name, type: type, data: try NativeColumn(try NativeType(type[...]), rows: rows, &input)))
        }
        guard input.isAtEnd else { throw StorageError(.corrupt, "block is followed by other bytes") }
        self.columns = columns
    }

    /// A block of some of the rows.
    package func select(_ ranges: [Range<Int>]) throws(StorageError) -> [UInt8] {
        guard ranges.allSatisfy({ $0.lowerBound >= 0 && $0.upperBound <= rows }) else {
            throw StorageError(.corrupt, "rows beyond the block's \(rows)")
        }
        var output = NativeOutput()
        output.varint(columns.count)
        output.varint(ranges.reduce(0) { $0 + $1.count })
        for column in columns {
            output.text(column.name.utf8)
            output.text(column.type.utf8)
            column.data.write(ranges, to: &output)
        }
        return output.bytes
    }

    private func column(_ name: String) throws(StorageError) -> NativeColumn {
        guard let found = columns.first(where: { $0.name == name }) else { throw StorageError(.corrupt, "block without \(name)") }
        return found.data
    }
    private func text(_ name: String, _ row: Int) throws(StorageError) -> String {
        String(decoding: try column(name).bytes(row), as: UTF8.self)
    }
    private func number(_ name: String, _ row: Int) throws(StorageError) -> UInt64 {
        try column(name).bytes(row).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// (instance, writer, sequence) of every row.
    package func identities() throws(StorageError) -> [(ring: RingID, sequence: UInt64)] {
        var result: [(ring: RingID, sequence: UInt64)] = []
        result.reserveCapacity(rows)
        for row in 0..<rows {
            guard let instance = InstanceID(text: try text("instance", row)) else {
                throw StorageError(.corrupt, "instance of row \(row)")
            }
            let ring = RingID(instance: instance, writer: UInt16(truncatingIfNeeded: try number("writer", row)))
            result.append((ring, try number("sequence", row)))
        }
        return result
    }

    /// Whose row it is; channel and type from the row itself where the table holds several types.
    package func owner(_ row: Int, _ layout: TableLayout) throws(StorageError) -> RowKey {
        guard let instance = InstanceID(text: try text("instance", row)) else {
            throw StorageError(.corrupt, "instance of row \(row)")
        }
        let run = RunKey(runID: try name("run_id", row), sourceID: try name("source_id", row))
        if let key = layout.key { return RowKey(instance: instance, run: run, table: key) }
        return RowKey(
            instance: instance, run: run, table: TableKey(channel: try name("channel", row), type: try name("type", row)))
    }

    private func name(_ column: String, _ row: Int) throws(StorageError) -> Name { Name(try text(column, row)) }

    func frameIndex(_ row: Int) throws(StorageError) -> UInt64 { try number("frame_index", row) }
}

/// One column: where each row's bytes are.
private indirect enum NativeColumn {
    case fixed(width: Int, [UInt8])
    case texts([[UInt8]])
    case nullable(isNull: [UInt8], NativeColumn)
    /// Ends of each row's elements.
    case array(ends: [Int], NativeColumn)
    case lowCardinality(dictionary: [[UInt8]], keys: [Int])

    init(_ type: NativeType, rows: Int, _ input: inout NativeInput) throws(StorageError) {
        switch type {
        case .nullable(let inner):
            let isNull = try input.take(rows)
            self = .nullable(isNull: Array(isNull), try NativeColumn(inner, rows: rows, &input))
        case .array(let inner):
            var ends: [Int] = []
            for _ in 0..<rows { ends.append(try input.int64()) }
            guard zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 }), ends.allSatisfy({ $0 >= 0 && $0 <= input.count }) else {
                throw StorageError(.corrupt, "array offsets")
            }
            self = .array(ends: ends, try NativeColumn(inner, rows: ends.last ?? 0, &input))
        case .lowCardinality:
            let column = try NativeDictionary(rows: rows, &input)
            self = .lowCardinality(dictionary: column.texts.map(Array.init), keys: column.keys)
        case .text:
            var texts: [[UInt8]] = []
            for _ in 0..<rows { texts.append(Array(try input.text())) }
            self = .texts(texts)
        case .fixed(let width):
            self = .fixed(width: width, Array(try input.take(rows, width: width)))
        }
    }

    func bytes(_ row: Int) -> [UInt8] {
        switch self {
        case .fixed(let width, let bytes): Array(bytes[row * width..<(row + 1) * width])
        case .texts(let texts): texts[row]
        case .nullable(_, let inner): inner.bytes(row)
        case .array: []
        case .lowCardinality(let dictionary, let keys): dictionary[keys[row]]
        }
    }

    func write(_ ranges: [Range<Int>], to output: inout NativeOutput) {
        switch self {
        case .fixed(let width, let bytes):
            for range in ranges { output.bytes += bytes[range.lowerBound * width..<range.upperBound * width] }
        case .texts(let texts):
            for range in ranges { for row in range { output.text(texts[row]) } }
        case .nullable(let isNull, let inner):
            for range in ranges { output.bytes += isNull[range] }
            inner.write(ranges, to: &output)
        case .array(let ends, let inner):
            let begins = [0] + ends.dropLast()
            var end = 0
            for range in ranges {
                for row in range {
                    end += ends[row] - begins[row]
                    output.int64(end)
                }
            }
            inner.write(ranges.filter { !$0.isEmpty }.map { begins[$0.lowerBound]..<ends[$0.upperBound - 1] }, to: &output)
        case .lowCardinality(let dictionary, let keys):
            output.int64(NativeDictionary.version)
            output.int64(NativeDictionary.widest)
            output.int64(dictionary.count)
            for text in dictionary { output.text(text) }
            output.int64(ranges.reduce(0) { $0 + $1.count })
            for range in ranges { for row in range { output.int64(keys[row]) } }
        }
    }
}

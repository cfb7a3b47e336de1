/// Fewer rows that show the same line: the smallest and the largest value of each stretch of rows.
import TeltelEvents

enum ColumnReducer {
    /// Blocks of at most about `rowsMax` rows per instance of the type (told apart by its key fields).
    static func reduce(_ block: ColumnBlock, rowsMax: Int) -> [ColumnBlock] {
        groups(block).map { rows in
            rows.count <= max(2, rowsMax) ? block.choosing(rows) : reduced(block, rows, pairs: max(1, rowsMax / 2))
        }
    }

    /// Rows by key; one group if there are no keys.
    private static func groups(_ block: ColumnBlock) -> [[Int]] {
        let keys = block.schema.keys.map {
            (column: block.columns[ColumnBlock.fixed.count + $0], size: block.schema.fields[$0].rowBytes)
        }
        guard !keys.isEmpty else { return [Array(0..<block.rows)] }
        var order: [[UInt8]: Int] = [:]
        var groups: [[Int]] = []
        for row in 0..<block.rows {
            let key = keys.flatMap { $0.column.bytes[row * $0.size..<(row + 1) * $0.size] }
            if let group = order[key] {
                groups[group].append(row)
            } else {
                order[key] = groups.count
                groups.append([row])
            }
        }
        return groups
    }

    private static func reduced(_ block: ColumnBlock, _ rows: [Int], pairs: Int) -> ColumnBlock {
        let buckets = (0..<pairs).map { rows[rows.count * $0 / pairs..<rows.count * ($0 + 1) / pairs] }.filter { !$0.isEmpty }
        var result = block
        result = ColumnBlock(reducing: block, rows: buckets.count * 2, sourceRows: rows.count)
        for (index, kind) in ColumnBlock.fixed.enumerated() {
            result.columns.append(Column(bytes: ends(block.columns[index].bytes, kind.size, buckets)))
        }
        for (index, field) in block.schema.fields.enumerated() {
            let column = block.columns[ColumnBlock.fixed.count + index]
            // What is no single number has no smallest: its first and last values stand for the stretch.
            result.columns.append(
                field.isKey || field.count > 1
                    ? Column(
                        bytes: ends(column.bytes, field.rowBytes, buckets),
                        presence: column.presence.isEmpty ? [] : ends(column.presence, 1, buckets),
                        notFinite: Array(repeating: 0, count: buckets.count))
                    : extremes(column, field.kind, buckets))
        }
        return result
    }

    /// The first and the last value of each bucket.
    private static func ends(_ bytes: [UInt8], _ size: Int, _ buckets: [ArraySlice<Int>]) -> [UInt8] {
        buckets.flatMap { bucket in
            [bucket[bucket.startIndex], bucket[bucket.endIndex - 1]].flatMap { bytes[$0 * size..<($0 + 1) * size] }
        }
    }

    private static func extremes(_ column: Column, _ kind: FieldKind, _ buckets: [ArraySlice<Int>]) -> Column {
        switch kind {
        case .f64: extremes(column, Double.self, buckets) { $0.isFinite }
        case .f32: extremes(column, Float.self, buckets) { $0.isFinite }
        case .i8: extremes(column, Int8.self, buckets) { _ in true }
        case .u8, .bool, .text: extremes(column, UInt8.self, buckets) { _ in true }
        case .i16: extremes(column, Int16.self, buckets) { _ in true }
        case .u16: extremes(column, UInt16.self, buckets) { _ in true }
        case .i32: extremes(column, Int32.self, buckets) { _ in true }
        case .u32: extremes(column, UInt32.self, buckets) { _ in true }
        case .i64: extremes(column, Int64.self, buckets) { _ in true }
        case .u64: extremes(column, UInt64.self, buckets) { _ in true }
        }
    }

    private static func extremes<Value: BitwiseCopyable & Comparable>(
        _ column: Column, _: Value.Type, _ buckets: [ArraySlice<Int>], _ isFinite: (Value) -> Bool
    ) -> Column {
        var result = Column(bytes: [])
        column.bytes.withUnsafeBytes { bytes in
            func load(_ row: Int) -> Value { bytes.loadUnaligned(fromByteOffset: row * MemoryLayout<Value>.size, as: Value.self) }
            for bucket in buckets {
                let present = bucket.filter { column.presence.isEmpty || column.presence[$0] != 0 }
                let values = present.map(load).filter(isFinite)
                // No number at all: what there was instead, first and last.
                let low = values.min() ?? load(present.first ?? bucket[bucket.startIndex])
                let high = values.max() ?? load(present.last ?? bucket[bucket.startIndex])
                for value in [low, high] { withUnsafeBytes(of: value) { result.bytes.append(contentsOf: $0) } }
                result.notFinite.append(UInt8(clamping: bucket.count - values.count))
                if !column.presence.isEmpty { result.presence += present.isEmpty ? [0, 0] : [1, 1] }
            }
        }
        return result
    }
}

extension ColumnBlock {
    /// Without columns yet.
    fileprivate init(reducing block: ColumnBlock, rows: Int, sourceRows: Int) {
        schema = block.schema
        ring = block.ring
        self.rows = rows
        self.sourceRows = sourceRows
        isReduced = true
        columns = []
    }

    /// These rows only.
    fileprivate func choosing(_ chosen: [Int]) -> ColumnBlock {
        guard chosen.count < rows else { return self }
        var result = ColumnBlock(reducing: self, rows: chosen.count, sourceRows: chosen.count)
        result.isReduced = false
        let sizes = Self.fixed.map(\.size) + schema.fields.map(\.rowBytes)
        result.columns = zip(columns, sizes).map { column, size in
            Column(
                bytes: chosen.flatMap { column.bytes[$0 * size..<($0 + 1) * size] },
                presence: column.presence.isEmpty ? [] : chosen.map { column.presence[$0] })
        }
        return result
    }
}

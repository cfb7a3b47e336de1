/// Rows of one stream of one run in a stretch of frames, column by column.

/// What a column holds.
package enum ValueKind: Sendable, Hashable {
    case float64, float32, integer, unsigned, bool
    /// By its hash.
    case text
}

/// Values as bits: floats are theirs, integers of either sign are widened, texts are their hashes.
package struct ValueColumn: Sendable, Equatable {
    package let kind: ValueKind
    package let values: [UInt64]
    /// Of each row, 1 where it has no value; empty: all have one.
    package let isNull: [UInt8]
    /// Of arrays: where each row's elements end among the values; empty: it is none.
    package let ends: [UInt64]
    /// Texts themselves, where they are to be taken apart; `values` is empty then.
    package let texts: [String]

    package init(
        kind: ValueKind, values: [UInt64], isNull: [UInt8] = [], ends: [UInt64] = [], texts: [String] = []
    ) {
        self.kind = kind
        self.values = values
        self.isNull = isNull
        self.ends = ends
        self.texts = texts
    }

    var isPlain: Bool { isNull.isEmpty && ends.isEmpty && texts.isEmpty }

    func isNull(_ row: Int) -> Bool { ends.isEmpty ? !isNull.isEmpty && isNull[row] != 0 : elements(row).isEmpty }

    func elements(_ row: Int) -> Range<Int> { (row == 0 ? 0 : Int(ends[row - 1]))..<Int(ends[row]) }

    func cell(_ row: Int) -> CellValue {
        if isNull(row) { return .null }
        if !texts.isEmpty { return texts[row].isEmpty ? .null : .text(texts[row]) }
        return ends.isEmpty ? value(row) : .array(elements(row).map(value))
    }

    private func value(_ place: Int) -> CellValue {
        let bits = values[place]
        switch kind {
        case .float64: return .float64(bits: bits)
        case .float32: return .float32(bits: UInt32(truncatingIfNeeded: bits))
        case .integer: return .integer(Int64(bitPattern: bits))
        case .unsigned: return .unsigned(bits)
        case .bool: return .bool(bits != 0)
        case .text: return .text(String(bits, radix: 16))
        }
    }
}

/// Rows in the order of their positions.
package struct RowColumns: Sendable, Equatable {
    /// By which rows of two runs are pairs: the number of the frame, less an offset, or a moment.
    package let positions: [UInt64]
    package let frames: [UInt64]
    /// Of each field; several where its values have had different kinds: each row has a value in one of them.
    package let fields: [[ValueColumn]]

    package init(positions: [UInt64], frames: [UInt64], fields: [[ValueColumn]]) {
        self.positions = positions
        self.frames = frames
        self.fields = fields
    }

    package var count: Int { positions.count }

    func cell(_ row: Int, _ field: Int) -> CellValue {
        for column in fields[field] where !column.isNull(row) { return column.cell(row) }
        return .null
    }

    /// Rows of one frame with the same key are told apart by their order alone: a key's width and sign are no part of it.
    func key(_ row: Int, _ fields: [Int]) -> [CellValue] { fields.map { cell(row, $0).asKey } }
}

extension CellValue {
    /// Integers of the same value are one key, whatever type they came in.
    package var asKey: CellValue {
        if case .integer(let value) = self, value >= 0 { return .unsigned(UInt64(value)) }
        return self
    }
}

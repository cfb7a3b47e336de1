/// What differs between two runs in one frame of one stream.

/// One value of a pair of rows.
package struct ValueDifference: Sendable, Equatable {
    /// As digests name it: `payload.pos.x`.
    package let field: String
    /// Values of the key fields of the row, if it has any.
    package let key: [CellValue]
    /// Where the row stands in its run's order of emission.
    package let order: UInt64
    package let first: CellValue
    package let second: CellValue
    package var valueClass: ValueClass { ValueClass(first, second) }
}

/// Rows of one frame are pairs when they have the same key; of several with one key those that are equal are pairs first, then the n-th of
/// each run. Their order says nothing: with several writers it is the scheduler's.
package struct FrameComparison: Sendable, Equatable {
    package private(set) var values: [ValueDifference] = []
    /// Rows that one run alone has.
    package private(set) var onlyFirst = 0
    package private(set) var onlySecond = 0
    package private(set) var pairs = 0

    /// - Parameters:
    ///   - fields: names of the rows' values.
    ///   - keys: which of them are keys, in order of definition.
    ///   - ignored: which are not compared: measured ones, and what rules leave out.
    package init(
        _ rows: [StreamRow], fields: [String], keys: [Int] = [], ignored: Set<Int> = [], mode: CompareMode = .bits
    ) {
        let groups = Dictionary(grouping: rows) { row in keys.map { row.values[$0] } }
        let ordered = groups.sorted { ($0.value.map(\.sequence).min() ?? 0) < ($1.value.map(\.sequence).min() ?? 0) }
        for (key, rows) in ordered {
            compare(rows.filter { !$0.isSecond }, rows.filter(\.isSecond), key, fields, ignored, mode)
        }
        // Of one row in the order of its fields.
        values = values.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(\.element)
    }

    package var isEqual: Bool { values.isEmpty && onlyFirst == 0 && onlySecond == 0 }

    private mutating func compare(
        _ first: [StreamRow], _ second: [StreamRow], _ key: [CellValue], _ fields: [String], _ ignored: Set<Int>,
        _ mode: CompareMode
    ) {
        func passes(_ a: StreamRow, _ b: StreamRow) -> Bool {
            fields.indices.allSatisfy { ignored.contains($0) || mode.passes(a.values[$0], b.values[$0]) }
        }
        var rest = second
        var unpaired: [StreamRow] = []
        for row in first {
            if let match = rest.firstIndex(where: { passes(row, $0) }) {
                rest.remove(at: match)
                pairs += 1
            } else {
                unpaired.append(row)
            }
        }
        for (a, b) in zip(unpaired, rest) {
            pairs += 1
            note(a, b, key, fields.indices.filter { !ignored.contains($0) && !mode.passes(a.values[$0], b.values[$0]) }, fields)
        }
        onlyFirst += max(0, unpaired.count - rest.count)
        onlySecond += max(0, rest.count - unpaired.count)
    }

    /// Texts of payloads are taken apart, and what is known from a column is not said again.
    private mutating func note(_ a: StreamRow, _ b: StreamRow, _ key: [CellValue], _ differing: [Int], _ fields: [String]) {
        var columns: [ValueDifference] = []
        var texts: [ValueDifference] = []
        for index in differing {
            let (first, second) = (a.values[index], b.values[index])
            let one = ValueDifference(field: fields[index], key: key, order: a.sequence, first: first, second: second)
            if fields[index] == "rest" { texts += Self.parts(one) } else { columns.append(one) }
        }
        // Where a column has no value the text may have one that is no number.
        let inTexts = Set(texts.map(\.field))
        columns.removeAll { $0.valueClass == .nullVersusValue && inTexts.contains($0.field) }
        let inColumns = Set(columns.map(\.field))
        values += columns + texts.filter { !inColumns.contains($0.field) }
    }

    private static func parts(_ rest: ValueDifference) -> [ValueDifference] {
        guard case .text(let a) = rest.first, case .text(let b) = rest.second,
            let parts = PayloadTextComparison.differences(a, b)
        else { return [rest] }
        return parts.map {
            ValueDifference(field: "payload.\($0.path)", key: rest.key, order: rest.order, first: $0.first, second: $0.second)
        }
    }
}

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
    package let valueClass: ValueClass
    /// How far apart they are, and how far they may be.
    package let measure: Measure?

    package struct Measure: Sendable, Equatable {
        package let difference, allowed: Double
        package init(difference: Double, allowed: Double) {
            self.difference = difference
            self.allowed = allowed
        }
    }

    init(
        field: String, key: [CellValue], order: UInt64, first: CellValue, second: CellValue, valueClass: ValueClass? = nil,
        measure: (difference: Double, allowed: Double)? = nil
    ) {
        self.field = field
        self.key = key
        self.order = order
        self.first = first
        self.second = second
        self.valueClass = valueClass ?? ValueClass(first, second)
        self.measure = measure.map { Measure(difference: $0.difference, allowed: $0.allowed) }
    }
}

/// Rows of one frame are pairs as ``RowPairing`` says.
package struct FrameComparison: Sendable, Equatable {
    package private(set) var values: [ValueDifference] = []
    /// Rows that one run alone has.
    package private(set) var onlyFirst = 0
    package private(set) var onlySecond = 0
    package private(set) var pairs = 0

    /// - Parameters:
    ///   - fields: names of the rows' values.
    ///   - keys: which of them are keys, in order of definition.
    ///   - rules: by bits, unless it is said otherwise.
    package init(_ rows: [StreamRow], fields: [String], keys: [Int] = [], rules: StreamRules? = nil) {
        let rules = rules ?? StreamRules(bits: fields.count)
        let groups = Dictionary(grouping: rows) { row in keys.map { row.values[$0].asKey } }
        let ordered = groups.sorted { ($0.value.map(\.sequence).min() ?? 0) < ($1.value.map(\.sequence).min() ?? 0) }
        for (key, rows) in ordered {
            compare(rows.filter { !$0.isSecond }, rows.filter(\.isSecond), key, fields, rules)
        }
        // Of one row in the order of its fields.
        values = values.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(\.element)
    }

    package var isEqual: Bool { values.isEmpty && onlyFirst == 0 && onlySecond == 0 }

    private mutating func compare(
        _ first: [StreamRow], _ second: [StreamRow], _ key: [CellValue], _ fields: [String], _ rules: StreamRules
    ) {
        let compared = rules.compared
        var rest = second
        var open: [StreamRow] = []
        // Those with the same bits first.
        for row in first {
            if let match = rest.firstIndex(where: { other in compared.allSatisfy { row.values[$0] == other.values[$0] } }) {
                rest.remove(at: match)
                pairs += 1
            } else {
                open.append(row)
            }
        }
        var unpaired: [StreamRow] = []
        for row in open {
            if !rules.isExact,
                let match = rest.firstIndex(where: { other in rules.passes({ row.values[$0] }, { other.values[$0] }) })
            {
                rest.remove(at: match)
                pairs += 1
            } else {
                unpaired.append(row)
            }
        }
        for (a, b) in zip(unpaired, rest) {
            pairs += 1
            note(a, b, key, fields, rules)
        }
        onlyFirst += max(0, unpaired.count - rest.count)
        onlySecond += max(0, rest.count - unpaired.count)
    }

    /// Texts of payloads are taken apart, and what is known from a column is not said again.
    private mutating func note(_ a: StreamRow, _ b: StreamRow, _ key: [CellValue], _ fields: [String], _ rules: StreamRules) {
        var columns: [ValueDifference] = []
        var texts: [ValueDifference] = []
        for index in fields.indices where !rules.tests[index].passes(a.values[index], b.values[index]) {
            let (first, second) = (a.values[index], b.values[index])
            let one = ValueDifference(
                field: fields[index], key: key, order: a.sequence, first: first, second: second,
                measure: rules.tests[index].measure(first, second))
            if fields[index] == "rest" { texts += Self.parts(one, rules.tests[index]) } else { columns.append(one) }
        }
        // Where a column has no value the text may have one that is no number.
        let inTexts = Set(texts.map(\.field))
        columns.removeAll { $0.valueClass == .nullVersusValue && inTexts.contains($0.field) }
        let inColumns = Set(columns.map(\.field))
        values += columns + texts.filter { !inColumns.contains($0.field) }
        for group in rules.groups {
            let (first, second) = (group.members.map { a.values[$0] }, group.members.map { b.values[$0] })
            if group.passes(first, second) { continue }
            values.append(
                ValueDifference(
                    field: group.name, key: key, order: a.sequence, first: .array(first), second: .array(second),
                    valueClass: group.valueClass(first, second), measure: group.measure(first, second)))
        }
    }

    private static func parts(_ rest: ValueDifference, _ test: FieldTest) -> [ValueDifference] {
        guard case .text(let a) = rest.first, case .text(let b) = rest.second,
            let parts = PayloadTextComparison.differences(a, b)
        else { return [rest] }
        return parts.compactMap { part in
            var measure: (difference: Double, allowed: Double)?
            if case .payload(let members) = test {
                if members.passes(part.path, part.first, part.second) { return nil }
                measure = members.test(of: part.path).measure(part.first, part.second)
            }
            return ValueDifference(
                field: "payload.\(part.path)", key: rest.key, order: rest.order, first: part.first, second: part.second,
                measure: measure)
        }
    }
}

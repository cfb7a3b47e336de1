/// Two runs of one stream, value by value, stretch by stretch.

/// Takes the rows of both runs of one stretch after the other, in order; flat in memory.
package struct StreamComparison: Sendable {
    package let fields: [String]
    package let keys: [Int]
    package let rules: StreamRules
    /// Of each field, then of each group.
    package private(set) var tallies: [FieldTally]
    /// Of rows: pairs of which a value differs, and those that one run has alone.
    package private(set) var rows: FieldTally
    package private(set) var pairs: UInt64 = 0
    package private(set) var onlyFirst: UInt64 = 0
    package private(set) var onlySecond: UInt64 = 0
    private var ordinal: UInt64 = 0

    /// - Parameter persistence: a difference that so many frames in a row have is persistent.
    package init(fields: [String], keys: [Int], rules: StreamRules, persistence: Int) {
        self.fields = fields
        self.keys = keys
        self.rules = rules
        let tally = FieldTally(persistence: persistence)
        tallies = Array(repeating: tally, count: fields.count + rules.groups.count)
        rows = tally
    }

    package var isEqual: Bool { rows.differing == 0 }

    /// Rows that are known to be equal lie between the last stretch and the next.
    package mutating func skip() { ordinal += 1 }

    /// - Parameter stretches: of frames, in order: between two of them lie rows that are known to be equal.
    package mutating func compare(_ a: RowColumns, _ b: RowColumns, stretches: [ClosedRange<UInt64>] = []) {
        let breaks = zip(stretches, stretches.dropFirst()).filter { $0.upperBound + 1 != $1.lowerBound }.map(\.1.lowerBound)
        let pairing = RowPairing(a, b, keys: keys, breaks: breaks, values: values(a, b))
        pairs += UInt64(pairing.left.count)
        var differs = [Bool](repeating: false, count: pairing.left.count)
        for field in fields.indices { compare(field, a, b, pairing, &differs) }
        for group in rules.groups.indices { compare(group: group, a, b, pairing, &differs) }
        note(a, b, pairing, differs)
        ordinal += UInt64(pairing.positions)
    }

    private func values(_ a: RowColumns, _ b: RowColumns) -> RowValues {
        let compared = rules.compared
        return RowValues(
            hash: { isSecond, row in
                var hasher = Hasher()
                for field in compared { hasher.combine((isSecond ? b : a).cell(row, field)) }
                return hasher.finalize()
            }, isSame: { i, j in compared.allSatisfy { a.cell(i, $0) == b.cell(j, $0) } },
            passes: { i, j in rules.passes({ a.cell(i, $0) }, { b.cell(j, $0) }) }, isExact: rules.isExact)
    }

    private mutating func compare(
        _ field: Int, _ a: RowColumns, _ b: RowColumns, _ pairing: RowPairing, _ differs: inout [Bool]
    ) {
        let test = rules.tests[field]
        if test == .ignored { return }
        guard a.fields[field].count == 1, b.fields[field].count == 1, let x = a.fields[field].first,
            let y = b.fields[field].first,
            x.isPlain, y.isPlain, x.kind == y.kind
        else {
            return compareOneByOne(field, test, a, b, pairing, &differs)
        }
        // Nearly all values are here: equal bits need no further look.
        for place in pairing.left.indices {
            let (i, j) = (pairing.left[place], pairing.right[place])
            if x.values[i] == y.values[j] { continue }
            let (first, second) = (x.cell(i), y.cell(j))
            if test.passes(first, second) { continue }
            differs[place] = true
            tallies[field].note(
                frame: a.frames[i], ordinal: ordinal + UInt64(pairing.ordinals[place]), ValueClass(first, second), first, second,
                measure: test.measure(first, second))
        }
    }

    private mutating func compareOneByOne(
        _ field: Int, _ test: FieldTest, _ a: RowColumns, _ b: RowColumns, _ pairing: RowPairing, _ differs: inout [Bool]
    ) {
        for place in pairing.left.indices {
            let (i, j) = (pairing.left[place], pairing.right[place])
            let (first, second) = (a.cell(i, field), b.cell(j, field))
            if test.passes(first, second) { continue }
            differs[place] = true
            tallies[field].note(
                frame: a.frames[i], ordinal: ordinal + UInt64(pairing.ordinals[place]), ValueClass(first, second), first, second,
                measure: test.measure(first, second))
        }
    }

    private mutating func compare(
        group: Int, _ a: RowColumns, _ b: RowColumns, _ pairing: RowPairing, _ differs: inout [Bool]
    ) {
        let one = rules.groups[group]
        for place in pairing.left.indices {
            let (i, j) = (pairing.left[place], pairing.right[place])
            let (first, second) = (one.members.map { a.cell(i, $0) }, one.members.map { b.cell(j, $0) })
            if one.passes(first, second) { continue }
            differs[place] = true
            tallies[fields.count + group].note(
                frame: a.frames[i], ordinal: ordinal + UInt64(pairing.ordinals[place]), one.valueClass(first, second), .null,
                .null,
                measure: one.measure(first, second))
        }
    }

    /// Rows that differ, in the order of their frames: pairs, and those that one run has alone.
    private mutating func note(_ a: RowColumns, _ b: RowColumns, _ pairing: RowPairing, _ differs: [Bool]) {
        onlyFirst += UInt64(pairing.onlyFirst.count)
        onlySecond += UInt64(pairing.onlySecond.count)
        var found = differs.indices.filter { differs[$0] }.map { (pairing.ordinals[$0], a.frames[pairing.left[$0]]) }
        found += pairing.onlyFirst.map { ($0.ordinal, a.frames[$0.row]) }
        found += pairing.onlySecond.map { ($0.ordinal, b.frames[$0.row]) }
        for (place, frame) in found.sorted(by: <) {
            rows.note(frame: frame, ordinal: ordinal + UInt64(place), .other, .null, .null, measure: nil)
        }
    }
}

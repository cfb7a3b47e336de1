/// Which rows of two runs belong together.

/// What is asked of rows while they are paired.
package struct RowValues {
    /// Of what is compared of a row; whether it is one of the second run.
    let hash: (_ isSecond: Bool, _ row: Int) -> Int
    /// The same bits.
    let isSame: (_ first: Int, _ second: Int) -> Bool
    /// Near enough, by the rules.
    let passes: (_ first: Int, _ second: Int) -> Bool
    /// Nothing but the same bits passes.
    let isExact: Bool
}

/// Rows of one position are pairs when they have the same key; of several with one key those that are equal are pairs first, then the
/// n-th of each run. Their order says nothing: with several writers it is the scheduler's.
package struct RowPairing: Sendable, Equatable {
    /// Row of the first run and row of the second.
    package private(set) var left: [Int] = []
    package private(set) var right: [Int] = []
    package private(set) var onlyFirst: [Single] = []
    package private(set) var onlySecond: [Single] = []
    /// Of each pair: the how-manieth position of both runs it is.
    package private(set) var ordinals: [Int] = []
    /// A row without a partner.
    package struct Single: Sendable, Equatable {
        package let row, ordinal: Int
        package init(_ row: Int, ordinal: Int) {
            self.row = row
            self.ordinal = ordinal
        }
    }
    /// How many positions there are.
    package private(set) var positions = 0

    /// With more pairs that could be, what is left of one position and key are pairs in their order, whether or not others would be near
    /// enough.
    private static let triesMost = 1 << 20

    package init() {}

    /// Rows in the order of their positions.
    /// - Parameter breaks: positions that do not follow those before them, in order.
    package init(
        _ first: RowColumns, _ second: RowColumns, keys: [Int], breaks: [UInt64] = [],
        values: RowValues
    ) {
        let (a, b) = (first.positions, second.positions)
        left.reserveCapacity(min(a.count, b.count))
        right.reserveCapacity(min(a.count, b.count))
        ordinals.reserveCapacity(min(a.count, b.count))
        var (i, j, passed) = (0, 0, 0)
        while i < a.count || j < b.count {
            let position = i < a.count ? (j < b.count ? min(a[i], b[j]) : a[i]) : b[j]
            while passed < breaks.count, breaks[passed] <= position {
                passed += 1
                positions += 1
            }
            // Most rows are alone in their frame.
            if keys.isEmpty, i < a.count, j < b.count, a[i] == b[j], i + 1 == a.count || a[i + 1] != position,
                j + 1 == b.count || b[j + 1] != position
            {
                add(i, j)
                positions += 1
                i += 1
                j += 1
                continue
            }
            let (begunA, begunB) = (i, j)
            while i < a.count, a[i] == position { i += 1 }
            while j < b.count, b[j] == position { j += 1 }
            pair(first, begunA..<i, second, begunB..<j, keys, values)
            positions += 1
        }
    }

    private mutating func pair(
        _ first: RowColumns, _ a: Range<Int>, _ second: RowColumns, _ b: Range<Int>, _ keys: [Int],
        _ values: RowValues
    ) {
        if a.isEmpty { return onlySecond += singles(b) }
        if b.isEmpty { return onlyFirst += singles(a) }
        if keys.isEmpty { return pairOfOneKey(Array(a), Array(b), values) }
        if a.count == 1, b.count == 1 {
            guard isOneKey(first, a.lowerBound, second, b.lowerBound, keys) else {
                onlyFirst += singles(a)
                return onlySecond += singles(b)
            }
            return add(a.lowerBound, b.lowerBound)
        }
        if a.count == b.count, areInOneOrder(first, a, second, b, keys) {
            for place in 0..<a.count { add(a.lowerBound + place, b.lowerBound + place) }
            return
        }
        let groups = Dictionary(grouping: a) { first.key($0, keys) }
        var others = Dictionary(grouping: b) { second.key($0, keys) }
        for (key, rows) in groups.sorted(by: { $0.value[0] < $1.value[0] }) {
            guard let matching = others.removeValue(forKey: key) else {
                onlyFirst += singles(rows)
                continue
            }
            pairOfOneKey(rows, matching, values)
        }
        onlySecond += singles(others.values.joined().sorted())
    }

    /// Of few rows with keys that are all different, as wheels are.
    private func areInOneOrder(_ first: RowColumns, _ a: Range<Int>, _ second: RowColumns, _ b: Range<Int>, _ keys: [Int]) -> Bool
    {
        guard a.count <= 16, (0..<a.count).allSatisfy({ isOneKey(first, a.lowerBound + $0, second, b.lowerBound + $0, keys) })
        else { return false }
        for one in a { for other in a where other > one && isOneKey(first, one, first, other, keys) { return false } }
        return true
    }

    private func isOneKey(_ a: RowColumns, _ i: Int, _ b: RowColumns, _ j: Int, _ keys: [Int]) -> Bool {
        keys.allSatisfy { key in
            if a.fields[key].count == 1, b.fields[key].count == 1 {
                let (x, y) = (a.fields[key][0], b.fields[key][0])
                if x.isPlain, y.isPlain, x.kind == y.kind { return x.values[i] == y.values[j] }
            }
            return a.cell(i, key).asKey == b.cell(j, key).asKey
        }
    }

    private mutating func pairOfOneKey(_ a: [Int], _ b: [Int], _ values: RowValues) {
        if a.count == 1, b.count == 1 { return add(a[0], b[0]) }
        // Rows with the same bits first: by their hashes, so that many of them take no longer than they are.
        var others = Dictionary(grouping: b.reversed()) { values.hash(true, $0) }
        var unpaired: [Int] = []
        for row in a {
            let hash = values.hash(false, row)
            if let match = others[hash]?.last, values.isSame(row, match) {
                others[hash]!.removeLast()
                add(row, match)
            } else {
                unpaired.append(row)
            }
        }
        var rest = others.values.joined().sorted()
        // Then those that are near enough.
        if !values.isExact, unpaired.count * rest.count <= Self.triesMost {
            let near = unpaired
            unpaired = []
            for row in near {
                if let match = rest.firstIndex(where: { values.passes(row, $0) }) {
                    add(row, rest.remove(at: match))
                } else {
                    unpaired.append(row)
                }
            }
        }
        for (i, j) in zip(unpaired, rest) { add(i, j) }
        if unpaired.count > rest.count { onlyFirst += singles(unpaired[rest.count...]) }
        if rest.count > unpaired.count { onlySecond += singles(rest[unpaired.count...]) }
    }

    private func singles(_ rows: some Sequence<Int>) -> [Single] { rows.map { Single($0, ordinal: positions) } }

    private mutating func add(_ i: Int, _ j: Int) {
        left.append(i)
        right.append(j)
        ordinals.append(positions)
    }
}

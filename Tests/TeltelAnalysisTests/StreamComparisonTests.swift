/// Two runs of one stream, column by column.
import TeltelAnalysis
import Testing

/// Rows of frames with one float each, and a key if there is one.
private func rows(_ frames: [UInt64], _ values: [Double], keys: [UInt64]? = nil) -> RowColumns {
    var fields = [[ValueColumn(kind: .float64, values: values.map(\.bitPattern))]]
    if let keys { fields.append([ValueColumn(kind: .unsigned, values: keys)]) }
    return RowColumns(positions: frames, frames: frames, fields: fields)
}

private func comparison(fields: Int = 1, keys: [Int] = [], persistence: Int = 3) -> StreamComparison {
    StreamComparison(
        fields: (0..<fields).map { "payload.f\($0)" }, keys: keys, rules: StreamRules(bits: fields), persistence: persistence)
}

struct StreamComparisonTests {
    @Test func equalRowsAreEqual() {
        var one = comparison()
        one.compare(rows([0, 1, 2], [1, .nan, 3]), rows([0, 1, 2], [1, .nan, 3]))
        #expect(one.isEqual && one.pairs == 3)
    }

    @Test func differencesHavePlacesAndSizes() {
        var one = comparison()
        let frames = [UInt64](300..<310) + [900]
        var other = frames.map { Double($0) }
        (other[5], other[6], other[10]) = (305.5, 306.25, 450)
        one.compare(rows(frames, frames.map { Double($0) }), rows(frames, other))
        let tally = one.tallies[0]
        #expect(tally.differing == 3 && tally.first == 305 && tally.last == 900)
        #expect(tally.intervals.stretches == [305...306, 900...900])
        #expect(tally.absolute == .init(value: 450, frame: 900) && tally.relative == .init(value: 0.5, frame: 900))
        #expect(tally.classes == ["ulp": 3] && tally.intervals.persistentFrom == nil)
        #expect(one.rows.intervals.stretches == [305...306, 900...900] && one.rows.differing == 3)
    }

    @Test func whatStaysIsPersistent() {
        var one = comparison(persistence: 3)
        let frames = [UInt64](0..<10)
        one.compare(rows(frames, frames.map { Double($0) }), rows(frames, frames.map { $0 == 2 || $0 >= 6 ? -1 : Double($0) }))
        #expect(one.tallies[0].first == 2 && one.tallies[0].intervals.persistentFrom == 6)
        // Over the border of two stretches, and not over rows that are known to be equal.
        var halves = comparison(persistence: 3)
        halves.compare(rows([0, 1], [0, 0]), rows([0, 1], [1, 1]))
        halves.compare(rows([2, 3], [0, 0]), rows([2, 3], [1, 0]))
        #expect(halves.tallies[0].intervals.persistentFrom == 0)
        var apart = comparison(persistence: 3)
        apart.compare(rows([0, 1], [0, 0]), rows([0, 1], [1, 1]))
        apart.skip()
        apart.compare(rows([5], [0]), rows([5], [1]))
        #expect(apart.tallies[0].intervals.persistentFrom == nil && apart.tallies[0].intervals.stretches == [0...1, 5...5])
    }

    @Test func missingFramesAreNoDifferenceOfWhatFollows() {
        var one = comparison()
        let frames = [UInt64](0..<100)
        let other = frames.filter { $0 != 40 }
        one.compare(rows(frames, frames.map { Double($0) }), rows(other, other.map { Double($0) }))
        #expect(one.onlyFirst == 1 && one.onlySecond == 0 && one.pairs == 99 && one.tallies[0].differing == 0)
        #expect(one.rows.first == 40 && one.rows.last == 40)
    }

    @Test func rowsOfOneFrameArePairsByTheirKeys() {
        var one = comparison(fields: 2, keys: [1])
        one.compare(rows([7, 7, 7], [10, 20, 30], keys: [1, 2, 3]), rows([7, 7, 7], [30, 10, 20], keys: [3, 1, 2]))
        #expect(one.isEqual && one.pairs == 3)
        // Values exchanged between wheels: as many of each are there, and it is a difference.
        one.compare(rows([8, 8], [10, 20], keys: [1, 2]), rows([8, 8], [20, 10], keys: [1, 2]))
        #expect(one.tallies[0].differing == 2)
        one.compare(rows([9], [1], keys: [1]), rows([9], [1], keys: [2]))
        #expect(one.onlyFirst == 1 && one.onlySecond == 1)
    }

    @Test func withoutKeysTheyAreAMultiset() {
        var one = comparison()
        one.compare(rows([1, 1, 1], [10, 20, 10]), rows([1, 1, 1], [10, 10, 20]))
        #expect(one.isEqual && one.pairs == 3)
        one.compare(rows([2, 2], [5, 5]), rows([2], [5]))
        #expect(one.onlyFirst == 1)
        one.compare(rows([3, 3], [5, 5]), rows([3, 3, 3, 3], [5, 5, 5, 5]))
        #expect(one.onlySecond == 2)
        one.compare(rows([4, 4], [5, 6]), rows([4, 4], [6, 7]))
        #expect(one.tallies[0].differing == 1)
    }

    @Test func aKeyOfAnotherWidthIsTheSameKey() {
        var one = comparison(fields: 2, keys: [1])
        let signed = RowColumns(
            positions: [1], frames: [1],
            fields: [[ValueColumn(kind: .float64, values: [Double(1).bitPattern])], [ValueColumn(kind: .integer, values: [5])]])
        one.compare(rows([1], [1], keys: [5]), signed)
        // They are a pair, of which the key's kind differs.
        #expect(one.pairs == 1 && one.tallies[0].differing == 0 && one.tallies[1].classes == ["type": 1])
    }

    @Test func valuesThatAreMissingAndArrays() {
        var one = StreamComparison(
            fields: ["payload.a", "payload.n"], keys: [], rules: StreamRules(bits: 2), persistence: 3)
        func columns(_ elements: [Double], _ ends: [UInt64], _ isNull: [UInt8]) -> RowColumns {
            RowColumns(
                positions: [0, 1], frames: [0, 1],
                fields: [
                    [ValueColumn(kind: .float64, values: elements.map(\.bitPattern), ends: ends)],
                    [ValueColumn(kind: .integer, values: [7, 7], isNull: isNull)],
                ])
        }
        one.compare(columns([1, 2, 3], [2, 3], [0, 1]), columns([1, 2.5, 3], [2, 3], [0, 0]))
        #expect(one.tallies[0].classes == ["ulp": 1] && one.tallies[1].classes == ["null-vs-value": 1])
        one.compare(columns([1, 2], [2, 2], [0, 0]), columns([1, 2, 3], [3, 3], [0, 0]))
        #expect(one.tallies[0].classes == ["ulp": 1, "other": 1])
    }

    @Test func intervalsAreBounded() {
        var intervals = FrameIntervals(most: 2, persistence: 100)
        for frame in stride(from: UInt64(0), to: 10, by: 2) { intervals.add(frame: frame, ordinal: frame) }
        #expect(intervals.stretches == [0...0, 2...2] && intervals.leftOut == 3)
    }
}

struct DeclarationDifferenceTests {
    @Test func unitsAndKindsAreNamed() {
        let first = [DeclaredField(name: "alt", kind: "f32", unit: "m"), DeclaredField(name: "old", kind: "u8")]
        let second = [DeclaredField(name: "alt", kind: "f64", unit: "ft"), DeclaredField(name: "new", kind: "u8", isKey: true)]
        let found = DeclarationDifference.all(first, second)
        #expect(found.map(\.what) == [.unit, .kind, .field, .field])
        #expect(abs((found[0].factor ?? 0) - 3.280_839_895) < 1e-9)
        #expect(found[2].first == "u8" && found[2].second == nil && found[3].first == nil)
        #expect(DeclarationDifference.all(first, first).isEmpty)
        #expect(UnitFactor.between("deg", "rad") == .pi / 180 && UnitFactor.between("m", "s") == nil)
    }
}

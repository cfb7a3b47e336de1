/// Rules that look at a series, without a database.
import Foundation
import TeltelAnalysis
import TeltelEvents
import Testing

@Suite struct AnomalyTests {
    private func watch(
        _ values: [Double?], limits: ClosedRange<Double>? = nil, nominal: Double = 0, isContinuous: Bool = true,
        change: (inout AnomalyRules) -> Void = { _ in }
    ) -> (found: [Anomaly], more: [AnomalyKind: Int]) {
        var rules = AnomalyRules()
        change(&rules)
        let field = WatchedField("x", kind: .f64, limits: limits, nominal: nominal, isContinuous: isContinuous)
        let finite = values.compactMap { $0 }.filter(\.isFinite)
        let steps = zip(finite, finite.dropFirst()).map { abs($1 - $0) }.filter { $0 > 0 }
        var watch = FieldWatch(field, FieldScale(values: finite, steps: steps), rules)
        for (frame, value) in values.enumerated() { watch.take(.init(UInt64(frame), Double(frame) / 100), value) }
        return watch.finish()
    }
    private let wave: [Double?] = (0..<1_000).map { sin(Double($0) / 30) }

    private func places(_ found: [Anomaly]) -> [String] {
        found.map { "\($0.kind.rawValue) \($0.frames.lowerBound)-\($0.frames.upperBound)" }
    }

    @Test func `a smooth value has nothing`() {
        let result = watch(wave)
        #expect(result.found.isEmpty && result.more.isEmpty)
    }

    @Test func `what is no finite number is found by stretches, and NaN and infinity are two`() {
        var values = wave
        for frame in 10...12 { values[frame] = .nan }
        values[13] = .infinity
        values[14] = -.infinity
        values[900] = .nan
        // What is missing is stepped over, and ends nothing.
        values[11] = nil
        #expect(places(watch(values).found) == ["nan 10-12", "infinity 13-14", "nan 900-900"])
    }

    @Test func `a value that moved and rests for long is frozen; shorter, or from the begin, it is not`() {
        var values = wave
        for frame in 400..<500 { values[frame] = 0.25 }
        #expect(places(watch(values).found) == ["frozen 400-499"])
        #expect(watch(values) { $0.frozenEvents = 101 }.found.isEmpty)
        var atBegin = wave
        for frame in 0..<300 { atBegin[frame] = 0 }
        #expect(watch(atBegin) { $0.kinds = [.frozen] }.found.isEmpty)
        // To the end is frozen as well.
        var toEnd = wave
        for frame in 700..<1_000 { toEnd[frame] = 0.1 }
        #expect(places(watch(toEnd) { $0.kinds = [.frozen] }.found) == ["frozen 700-999"])
    }

    @Test func `what goes in steps is not frozen, and a constant neither`() {
        let stairs: [Double?] = (0..<1_000).map { Double($0 / 250) }
        #expect(watch(stairs).found.isEmpty)
        #expect(watch(Array(repeating: 3, count: 1_000)).found.isEmpty)
    }

    @Test func `a value that stays at its extreme is saturated, and not frozen besides`() {
        let clipped: [Double?] = (0..<2_000).map { min(0.5, sin(Double($0) / 200)) }
        let result = watch(clipped)
        #expect(Set(result.found.map(\.kind)) == [.saturated])
        #expect(result.found.allSatisfy { $0.value == 0.5 })
    }

    @Test func `a step that is much larger than others is a jump, in both directions`() {
        var values = wave
        values[600] = 50
        let jumps = watch(values) { $0.kinds = [.jump] }.found
        #expect(places(jumps) == ["jump 600-600", "jump 601-601"])
        #expect(jumps[0].value == 50 && jumps[0].other == values[599])
        // Equal steps are none, however large, and noise of arithmetic is none.
        #expect(watch((0..<1_000).map { Double($0 % 2) * 1e6 }) { $0.kinds = [.jump] }.found.isEmpty)
        #expect(watch((0..<1_000).map { 1e9 + ($0 == 500 ? 1e9.ulp * 3 : 0) }) { $0.kinds = [.jump, .deviation] }.found.isEmpty)
    }

    @Test func `what is far from the median is a deviation, with a floor that the field may set`() {
        let values: [Double?] = (0..<1_000).map { $0 == 77 ? 40 : Double($0 % 5) / 10 }
        #expect(places(watch(values) { $0.kinds = [.deviation] }.found) == ["deviation 77-77"])
        #expect(watch(values, nominal: 10) { $0.kinds = [.deviation] }.found.isEmpty)
        #expect(watch(values, isContinuous: false) { $0.kinds = [.deviation] }.found.isEmpty)
    }

    @Test func `beyond declared limits is found by stretches, and the limits belong to the field`() {
        let values: [Double?] = [0, 1, 2, 3, 2, 1, 0, -1, 0]
        let found = watch(values, limits: 0...2).found
        #expect(places(found) == ["out-of-limits 3-3", "out-of-limits 7-7"])
        #expect(found[0].other == 2 && found[1].other == 0)
    }

    @Test func `so many are listed and the rest is counted`() {
        let values: [Double?] = (0..<100).map { $0 % 2 == 0 ? 0 : .nan }
        let result = watch(values) { $0.most = 3 }
        #expect(places(result.found) == ["nan 1-1", "nan 3-3", "nan 5-5"])
        #expect(result.more == [.nan: 47])
    }

    // MARK: streams

    private func stream(_ frames: [UInt64], times: (Int, UInt64) -> Double = { Double($1) }) -> [String] {
        var watch = StreamWatch(AnomalyRules())
        for (number, frame) in frames.enumerated() {
            watch.take(frame, times(number, frame), writer: 1, sequence: UInt64(number))
        }
        return places(watch.finish().found)
    }

    @Test func `frames that are missing in a regular stream are a gap`() {
        let regular: [UInt64] = (0..<200).filter { !(50..<60).contains($0) }
        #expect(stream(regular) == ["gap 50-59"])
        #expect(stream(regular.map { $0 * 10 }) == ["gap 491-599"])
        // Frames have 64 bits.
        #expect(stream(Array(0..<100) + [.max]) == ["gap 100-18446744073709551614"])
        #expect(Anomaly(.gap, 0...UInt64.max, simTime: 0).text("t").hasSuffix("from frame 0 to frame 18446744073709551615"))
        // What comes now and then has no gaps.
        #expect(stream((0..<100).map { $0 * $0 }).isEmpty)
    }

    @Test func `several events of a frame are found where one is usual`() {
        #expect(stream((0..<100).flatMap { $0 == 7 ? [7, 7, 7] : [$0] }) == ["duplicate 7-7"])
        #expect(stream((0..<100).flatMap { [$0, $0] }).isEmpty)
    }

    @Test func `time that goes back is found, and a writer that goes back`() {
        #expect(stream(Array(0..<50)) { number, frame in number == 20 ? 3 : Double(frame) } == ["time-reset 20-20"])
        var watch = StreamWatch(AnomalyRules())
        for frame in 0..<40 as Range<UInt64> {
            // Frame 30 was written last.
            watch.take(frame, Double(frame), writer: 1, sequence: frame == 30 ? 1_000 : frame * 10)
        }
        #expect(places(watch.finish().found) == ["frame-reset 30-30"])
    }

    // MARK: baselines

    @Test func `a difference beyond the usual one is found, and NaN where the baseline has a number`() {
        let field = WatchedField("x", kind: .f64, isContinuous: true)
        let differences = (0..<100).map { Double($0 % 7) * 0.01 }
        let most = FieldScale.baseline(differences: differences, values: [1], AnomalyRules(), field)
        var watch = BaselineWatch(most: most, AnomalyRules(kinds: [.baselineNaN, .baselineDeviation]))
        for frame in 0..<100 as Range<UInt64> {
            let value: Double = frame == 10 ? .nan : (40...42).contains(frame) ? 9 : 1.03
            watch.take(.init(frame, 0), value, baseline: 1)
        }
        #expect(places(watch.finish().found) == ["baseline-nan 10-10", "baseline-deviation 40-42"])
        // Runs that are equal nearly everywhere have no usual difference: the noise of arithmetic is the floor.
        let floor = FieldScale.baseline(differences: Array(repeating: 0, count: 100), values: [1], AnomalyRules(), field)
        #expect(floor == 10 * 4 * 1.0.ulp)
    }

    @Test func `every kind has a word, a severity and a sentence`() {
        #expect(Set(AnomalyKind.allCases.map(\.rawValue)).count == AnomalyKind.allCases.count)
        for kind in AnomalyKind.allCases {
            let text = Anomaly(kind, 3...5, simTime: 0, events: 3, value: 1, other: 2).text("t.x")
            #expect(text.contains("t.x") && text.contains("3"))
        }
        #expect(AnomalyKind.nan.severity == .error && Severity.info < .error)
    }
}

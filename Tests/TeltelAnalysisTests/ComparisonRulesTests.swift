/// Which rule counts for a field, and what rules refuse.
import TeltelAnalysis
import TeltelEvents
import Testing

private func f64(_ value: Double) -> CellValue { .float64(bits: value.bitPattern) }

private func rules(
    _ text: String = "{}", mode: ComparisonRules.Mode? = nil, _ general: ComparisonRule = ComparisonRule()
) throws -> ComparisonRules {
    try ComparisonRules(mode: mode, general: general, file: ComparisonRules.File.read(text))
}

private func stream(_ rules: ComparisonRules, _ fields: [String], type: String = "body.state", run: String = "ref") throws
    -> StreamRules
{
    try StreamRules(rules, reference: run, type: Name(type), fields: fields)
}

struct ComparisonRulesTests {
    @Test func theMostSpecificRuleCounts() throws {
        let all = try rules(
            """
            {"rules": [{"absolute": 1}, {"field": "pos.*", "absolute": 4}, {"type": "body.state", "absolute": 3},
                {"run": "ref", "absolute": 2}, {"type": "body.state", "field": "pos.y", "absolute": 5}]}
            """)
        #expect(all.mode == .tolerance)
        let origins = ["pos.x", "pos.y", "spin"].map { all.effective(reference: "ref", type: "body.state", path: $0)?.origin }
        #expect(origins == ["rule 2", "rule 5", "rule 3"])
        #expect(all.effective(reference: "ref", type: "other", path: "a")?.origin == "rule 4")
        #expect(all.effective(reference: "another", type: "other", path: "a")?.origin == "rule 1")
        let applied = try stream(all, ["payload.pos.y"]).applied
        #expect(applied.map(\.field) == ["pos.y"] && applied.map(\.origin) == ["rule 5"])
    }

    @Test func ofTwoAlikeTheLaterCounts() throws {
        let all = try rules(#"{"rules": [{"field": "a", "absolute": 1}, {"field": "*", "absolute": 2}]}"#)
        #expect(all.effective(reference: "r", type: "t", path: "a")?.origin == "rule 2")
    }

    @Test func parametersAreForEverythingElse() throws {
        let all = try rules(#"{"rules": [{"field": "a", "bits": true}]}"#, ComparisonRule(absolute: 0.5))
        let tests = try stream(all, ["payload.a", "payload.b"]).tests
        #expect(tests[0] == .bits)
        #expect(tests[1].passes(f64(1), f64(1.5)) && !tests[1].passes(f64(1), f64(1.6)))
        // Of integers a tolerance is allowed only where somebody has said so.
        #expect(!tests[1].passes(.integer(10), .integer(11)))
        let named = try stream(try rules(#"{"rules": [{"field": "b", "absolute": 10}]}"#), ["payload.b"]).tests[0]
        #expect(named.passes(.integer(1_000_000_000_000_000_005), .integer(1_000_000_000_000_000_000)))
        #expect(!named.passes(.integer(0), .integer(11)))
    }

    static let refused: [(String, String)] = [
        (#"{"rules": [{"absolut": 1}]}"#, "absolut"), (#"{"rule": []}"#, "rule"),
        (#"{"rules": [{"absolute": -1}]}"#, "absolute is -1"),
        (#"{"rules": [{"absolute": "1"}]}"#, "another kind"), (#"{"mode": "bits", "rules": [{"absolute": 1}]}"#, "mode is bits"),
        (#"{"mode": "ulp", "rules": [{"relative": 1}]}"#, "mode is ulp"),
        (#"{"rules": [{"field": "a", "as": "angle"}]}"#, "period"),
        (#"{"rules": [{"field": "a", "as": "angle", "period": 0}]}"#, "period is 0"),
        (#"{"rules": [{"as": "vector"}]}"#, "needs a field"),
        (#"{"rules": [{"ignore": true, "absolute": 1}]}"#, "alone"), ("", "no JSON"), ("[]", "another kind"),
        (#"{"mode": "exact"}"#, "mode"), (#"{"rules": [{"field": "q", "as": "quaternion", "ulp": 1}]}"#, "single numbers"),
        (#"{"rules": [{"absolute": 1e400}]}"#, ""), (#"{"rules": [{"period": 1, "field": "a"}]}"#, "period"),
    ]
    @Test(arguments: refused)
    func mistakesAreRefused(_ text: String, _ word: String) {
        let fault = #expect(throws: ComparisonRules.Fault.self) { try rules(text) }
        let said = fault.map { "\($0)" } ?? ""
        #expect(word.isEmpty || said.contains(word), "\(said)")
    }

    @Test func theModeIsWhatTheBoundsAreFor() throws {
        #expect(try rules().mode == .bits)
        #expect(try rules("{}", ComparisonRule(ulp: 3)).mode == .ulp)
        #expect(try rules("{}", ComparisonRule(absolute: 0)).mode == .tolerance)
        #expect(try rules(#"{"mode": "ulp"}"#, ComparisonRule(ulp: 3)).mode == .ulp)
        #expect(throws: ComparisonRules.Fault.self) { try rules("{}", mode: .bits, ComparisonRule(ulp: 1)) }
    }
}

struct FieldGroupTests {
    private let quaternion = #"{"rules": [{"field": "q", "as": "quaternion", "absolute": 1e-9}]}"#
    private let fields = ["payload.q.w", "payload.q.x", "payload.q.y", "payload.q.z", "payload.v"]

    @Test func oneAttitudeHasTwoSigns() throws {
        let stream = try stream(try rules(quaternion), fields)
        let group = try #require(stream.groups.first)
        #expect(group.name == "payload.q" && group.members == [0, 1, 2, 3])
        let (q, minus) = ([0.5, 0.5, 0.5, 0.5].map(f64), [-0.5, -0.5, -0.5, -0.5].map(f64))
        #expect(group.passes(q, minus) && group.valueClass(q, minus) == .doubleCover)
        #expect(!group.passes(q, [0.5, 0.5, 0.5, -0.5].map(f64)))
        #expect(!group.passes(q, [0.5, 0.5, 0.5, Double.nan].map(f64)))
        // Components are no longer judged by themselves; what is no component is.
        #expect(stream.tests[..<4].allSatisfy { $0 == .ignored } && stream.tests[4] != .ignored)
    }

    @Test func aVectorAlongOneAxisIsNearAsAWhole() throws {
        let all = try rules(#"{"rules": [{"field": "pos", "as": "vector", "relative": 1e-6}]}"#)
        let group = try #require(try stream(all, ["payload.pos[0]", "payload.pos[1]", "payload.pos[2]"]).groups.first)
        #expect(group.passes([1, 0, 0].map(f64), [1, 1e-9, 0].map(f64)))
        #expect(!group.passes([1, 0, 0].map(f64), [1, 1e-5, 0].map(f64)))
        #expect(group.passes([1e300, 1e300, 0].map(f64), [1e300, 1e300, 1].map(f64)))
    }

    @Test func anAngleTurns() throws {
        let all = try rules(#"{"rules": [{"field": "yaw", "as": "angle", "period": 360, "absolute": 0.5}]}"#)
        let test = try stream(all, ["payload.yaw"]).tests[0]
        #expect(test.passes(f64(359.9), f64(0.1)) && test.passes(f64(-180), f64(180)) && test.passes(f64(0.2), f64(720.1)))
        #expect(!test.passes(f64(359), f64(0.1)) && !test.passes(f64(0), f64(.nan)) && !test.passes(f64(0), f64(.infinity)))
        let measure = test.measure(f64(359.9), f64(0.1))
        #expect(abs((measure?.difference ?? 1) - 0.2) < 1e-9 && measure?.allowed == 0.5)
    }

    @Test func membersOfPayloadsKeptAsTextHaveRules() throws {
        let all = try rules(#"{"rules": [{"field": "host", "ignore": true}, {"field": "x", "absolute": 1}]}"#, mode: .tolerance)
        let test = try stream(all, ["sim_time", "tags", "rest"]).tests[2]
        #expect(test.passes(.text(#"{"x":1,"host":"a"}"#), .text(#"{"host":"b","x":1.5}"#)))
        #expect(!test.passes(.text(#"{"x":1,"on":true}"#), .text(#"{"x":1,"on":false}"#)))
        #expect(!test.passes(.text(#"{"x":1}"#), .text(#"{"x":3}"#)) && !test.passes(.text("a"), .text("b")))
    }
}

/// Baselines in the control store.
import TeltelControl
import TeltelEvents
import Testing

@Suite struct BaselineTests {
    private func one(_ name: String, _ run: Name, at ms: Int64 = 1, rules: String? = nil) -> Baseline {
        Baseline(name: name, runID: run, rules: rules, note: nil, setMs: ms)
    }

    @Test func `a name stands for one run, and what it stood for is kept`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            #expect(try store.set(one("main", "a", rules: "{}")) == .done(before: nil))
            #expect(try store.set(one("main", "b", at: 5)) == .done(before: one("main", "a", rules: "{}")))
            #expect(try store.set(one("other", "b", at: 6)) == .done(before: nil))
            let again = try ControlStore(dataFolder: folder)
            #expect(try again.baselines() == [one("main", "b", at: 5), one("other", "b", at: 6)])
            #expect(try again.baselines(of: "b") == ["main", "other"] && again.baselines(of: "a").isEmpty)
            let history = try again.baselineHistory("main")
            #expect(history.map(\.baseline.runID) == ["b", "a"] && history.map(\.endedMs) == [nil, 5])
            #expect(try again.removeBaseline("main", atMs: 9) && !again.removeBaseline("main", atMs: 10))
            #expect(try again.baseline("main") == nil && again.baselineHistory("main").map(\.endedMs) == [9, 5])
        }
    }

    @Test func `they are bounded`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            #expect(try store.set(one("a", "r"), most: 1) == .done(before: nil))
            #expect(try store.set(one("b", "r"), most: 1) == .tooMany)
            #expect(try store.set(one("a", "s"), most: 1) == .done(before: one("a", "r")))
            for ms in 0..<150 { _ = try store.set(one("a", "r", at: Int64(ms))) }
            #expect(try store.baselineHistory("a").count == 100)
        }
    }
}

/// Which runs go, and which stay.
import TeltelBooks
import TeltelEvents
import TeltelStorage
import Testing

private let now: UInt64 = 1_000_000

private func run(_ name: Name, _ status: String, ago: UInt64, bytes: UInt64 = 0) -> StoredRun {
    StoredRun(runID: name, status: status, time: now - ago, rows: 1, bytes: bytes)
}

struct RetentionPolicyTests {
    @Test func statusesThatAreNotNamedAreKept() throws {
        let policy = try RetentionPolicy(ages: "failed=10s,cancelled=1m")
        let runs = [
            run("old", "failed", ago: 11), run("young", "failed", ago: 10), run("stopped", "cancelled", ago: 61),
            run("good", "completed", ago: 999_999), run("going on", "running", ago: 999_999), run("unknown", "", ago: 999_999),
        ]
        #expect(policy.candidates(runs, now: now).map(\.run.runID) == ["old", "stopped"])
    }

    @Test func theOldestGoUntilTheRestIsSmallEnough() throws {
        let policy = try RetentionPolicy(ages: "", mebibytes: 3)
        let runs = [
            run("new", "completed", ago: 1, bytes: 2 << 20), run("oldest", "failed", ago: 9, bytes: 1 << 20),
            run("old", "completed", ago: 5, bytes: 1 << 20), run("going on", "running", ago: 99, bytes: 1 << 20),
        ]
        #expect(policy.candidates(runs, now: now).map(\.run.runID) == ["oldest", "old"])
    }

    @Test func whatIsTooOldMakesRoomFirst() throws {
        let policy = try RetentionPolicy(ages: "failed=1s", mebibytes: 1)
        let runs = [run("failed", "failed", ago: 5, bytes: 1 << 20), run("older", "completed", ago: 9, bytes: 1 << 20)]
        #expect(policy.candidates(runs, now: now).map(\.run.runID) == ["failed"])
    }

    @Test func pinnedRunsStayAndCount() throws {
        let policy = try RetentionPolicy(ages: "failed=1s", mebibytes: 1)
        let runs = [
            run("failed", "failed", ago: 5, bytes: 1 << 20), run("oldest", "completed", ago: 9, bytes: 1 << 20),
            run("old", "completed", ago: 7, bytes: 1 << 20),
        ]
        #expect(policy.candidates(runs, now: now, pinned: ["failed", "oldest"]).map(\.run.runID) == ["old"])
    }

    @Test func aClockThatWentBackRemovesNothing() throws {
        let policy = try RetentionPolicy(ages: "failed=1s")
        let later = StoredRun(runID: "later", status: "failed", time: now + 50, rows: 1, bytes: 0)
        #expect(policy.candidates([later], now: now).isEmpty)
    }

    @Test(arguments: [
        "failed", "failed=", "failed=7", "failed=7w", "running=7d", "failed=-1d", "failed=1000001d", "failed=7d=8d",
    ])
    func whatCannotBeUnderstoodIsNamed(_ text: String) {
        let error = #expect(throws: RetentionError.self) { try RetentionPolicy(ages: text) }
        #expect(error?.description.contains(text) == true)
    }

    @Test func byDefaultEverythingIsKept() throws {
        #expect(RetentionPolicy().keepsAll)
        #expect(try RetentionPolicy(ages: "").keepsAll)
        #expect(throws: RetentionError.self) { try RetentionPolicy(ages: "", mebibytes: -1) }
    }
}

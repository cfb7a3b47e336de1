/// How runs begin and end, without a process.
import TeltelControl
import TeltelEvents
import Testing

private let now: Int64 = 1_800_000_000_000

private func record(_ run: Name = "run") -> RunRecord { RunRecord(runID: run, sourceID: "a", startedMs: now) }
private func end(_ status: RunRecord.Status, _ reason: String? = nil) -> RunRecord.End { .init(status: status, reason: reason) }

extension RunRecord {
    /// `run.end` of a source.
    fileprivate mutating func end(_ source: Name, _ end: RunRecord.End, at ms: Int64 = now, hasEngines: Bool = false) {
        endedSources = (endedSources ?? []) + [source]
        self.end(end, atMs: ms, nowMs: now, hasEngines: hasEngines)
    }
}

struct RunLifecycleTests {
    @Test func theFirstStartSaysWhenAndTheLastOneHow() {
        var run = record()
        run.start(.init(engineVersion: "1", seed: 7, config: "{}", tags: [("car", "red")]), by: "a", atMs: now - 100, nowMs: now)
        run.start(.init(seed: 8, config: #"{"seed":8}"#), by: "b", atMs: now - 50, nowMs: now)
        #expect(run.startedMs == now - 100)
        #expect((run.engineVersion, run.seed, run.config) == ("1", 8, #"{"seed":8}"#))
        #expect(run.tags == ["car": "red"] && run.startedSources == ["a", "b"])
        run.start(.init(), by: "a", atMs: now - 500, nowMs: now)
        #expect(run.startedMs == now - 500 && run.startedSources == ["a", "b"])
    }

    @Test func aSourceThatStartedNothingEndsTheRun() {
        var run = record()
        run.end("a", end(.completed), at: now + 5)
        #expect(run.status == .completed && run.endedMs == now + 5)
    }

    @Test(
        arguments: [
            ([.completed, .failed], .failed), ([.failed, .completed], .failed), ([.cancelled, .completed], .cancelled),
            ([.completed, .cancelled], .cancelled), ([.cancelled, .failed], .failed), ([.completed, .completed], .completed),
        ] as [([RunRecord.Status], RunRecord.Status)])
    func allThatStartedItMustEndAndTheWorstCounts(_ ends: [RunRecord.Status], _ expected: RunRecord.Status) {
        var run = record()
        for source in ["a", "b"] as [Name] { run.start(.init(), by: source, atMs: now, nowMs: now) }
        run.end("a", end(ends[0], "first"))
        #expect(run.status == .running && run.endedMs == nil)
        run.end("b", end(ends[1], "second"))
        #expect(run.status == expected)
        #expect(run.endReason == (ends[0] == expected ? "first" : "second"))
    }

    @Test func enginesSayHowTheirRunEndsUnlessWhatWasPostedIsWorse() {
        var run = record()
        run.end("sidecar", end(.failed, "broke"), hasEngines: true)
        #expect(run.status == .running)
        run.endEngines(end(.completed, "all well"), atMs: now + 1)
        #expect((run.status, run.endReason, run.endedMs) == (.failed, "broke", now + 1))

        var other = record()
        other.end("sidecar", end(.completed, "posted"), hasEngines: true)
        other.endEngines(end(.completed, "engine"), atMs: now)
        #expect((other.status, other.endReason) == (.completed, "engine"))
    }

    @Test(arguments: [(now / 1_000, "seconds"), (now * 1_000, "microseconds"), (now * 1_000_000, "nanoseconds"), (0, "no time")])
    func aTimeThatCannotBeRightIsNamedOnceAndNotBelieved(_ ms: Int64, _ word: String) {
        var run = record()
        run.start(.init(), by: "a", atMs: ms, nowMs: now)
        run.end("a", end(.completed), at: ms)
        #expect(run.startedMs == now && run.endedMs == now)
        #expect(run.warnings?.map(\.code) == ["implausible-clock"])
        #expect(run.warnings?.first?.message.contains(word) == true)
    }

    @Test func noRunEndsBeforeItBegan() {
        var run = record()
        run.start(.init(), by: "a", atMs: now, nowMs: now)
        run.end("a", end(.completed), at: now - 1_000)
        #expect(run.endedMs == now)
    }

    @Test func aReopenedRunHasNoEnd() {
        var run = record()
        run.end("a", end(.failed, "fell silent"))
        run.isRecorded = true
        run.reopen()
        #expect(run.status == .running && run.endedMs == nil && run.endReason == nil && !run.isRecorded)
    }

    @Test func sourcesAreInTheOrderInWhichTheyWereHeardOf() {
        var run = RunRecord(runID: "run", sourceID: "z", startedMs: now)
        run.heard(of: "z")
        run.heard(of: "a")
        run.heard(of: "z")
        #expect(run.orderedSources == ["z", "a"])
        // It came before one that was seen before it.
        run.heard(of: "m", before: ["a"])
        #expect(run.orderedSources == ["z", "m", "a"])
        run.heard(of: "a", before: ["z", "m"])
        #expect(run.orderedSources == ["a", "z", "m"] && run.sourceID == "a")
    }

    @Test func recordsOfEarlierVersionsHaveSources() {
        var run = RunRecord(runID: "run", sourceID: "b", startedMs: now)
        run.types = [.init(sourceID: "c", channel: "", type: "t"), .init(sourceID: "b", channel: "", type: "t")]
        run.sources = nil
        #expect(run.orderedSources == ["b", "c"])
        run.heard(of: "a")
        #expect(run.orderedSources == ["b", "c", "a"])
    }
}

/// What becomes of a record whose rings are gone.
struct GoneRingsTests {
    private func accepted(_ seen: UInt64, stored: UInt64 = 0, lost: [String: UInt64] = [:]) -> RunRecord {
        var run = record()
        run.types = [.init(sourceID: "a", channel: "c", type: "t", accepted: seen)]
        (run.storedEvents, run.lost) = (stored, lost)
        return run
    }

    @Test(
        arguments: [
            // Seen, kept by the spool, stored and lost as the record says → lost with the rings.
            (100, 60, 0, 0, 40), (100, 60, 60, 0, 40), (100, 0, 0, 0, 100), (100, 100, 40, 0, 0), (100, 120, 0, 0, 0),
            // The spool has forgotten what was written down.
            (100, 0, 90, 10, 0), (100, 0, 90, 3, 7),
        ] as [(UInt64, UInt64, UInt64, UInt64, UInt64)])
    func whatNobodyHasIsLost(_ seen: UInt64, _ kept: UInt64, _ stored: UInt64, _ lost: UInt64, _ gone: UInt64) {
        var run = accepted(seen, stored: stored, lost: lost > 0 ? ["malformed": lost] : [:])
        run.isRecorded = true
        run.loseRings(kept: kept)
        #expect(run.goneWithRings == gone && run.lostByReason["rings_gone"] == (gone > 0 ? gone : nil))
        #expect(run.isRecorded == (gone == 0))
        // A collector that is killed and started again comes to the same.
        let once = run
        run.loseRings(kept: kept)
        #expect(run == once)
    }

    @Test func whatIsOverwrittenIsNotLostTwice() {
        var run = accepted(100)
        run.refusedByInstance = ["i": ["overwritten": 30]]
        run.loseRings(kept: 50)
        #expect(run.goneWithRings == 20 && run.lostByReason.values.reduce(0, +) == 50 && run.accepted == 100)
    }

    @Test func anotherPowerCutAddsToIt() {
        var run = accepted(100)
        run.loseRings(kept: 60)
        // It went on: 50 more, of which 30 came into the spool.
        run.types[0].accepted = 150
        run.acceptedAtLeast = 60 + 40 + 30
        run.loseRings(kept: 90)
        #expect(run.goneWithRings == 60)
    }
}

/// What is known of runs from what comes, without a process.
import TeltelControl
import TeltelEvents
import TeltelRings
import TeltelRuns
import TeltelTestSupport
import Testing

private let now: Int64 = 1_800_000_000_000

private func registry(isStored: Bool = true) -> RunRegistry { RunRegistry(isStored: isStored) { now } }

/// A run of long ago, of which nothing is left to be done.
private func ended(_ name: Name, receivedMs: Int64 = now) -> RunRecord {
    var record = RunRecord(runID: name, sourceID: "engine", startedMs: receivedMs)
    (record.receivedMs, record.status, record.isRecorded) = (receivedMs, .completed, true)
    return record
}

struct RunRegistryTests {
    @Test func rowsAreCountedOnceHoweverOftenTheyAreRead() throws {
        let registry = registry()
        var rounds = Rounds()
        let first = rounds.posted(["", "", ""])
        _ = registry.note(first)
        _ = registry.note(first)
        _ = registry.note(rounds.posted([""]))
        let run = try #require(registry.snapshot("run")).record
        #expect(run.accepted == 4 && run.lastFrame == 3 && run.unstored == 0)
        #expect(run.types.map(\.accepted) == [4])
    }

    @Test func whatAnEarlierCollectorHasCountedIsNotCountedAgain() throws {
        var rounds = Rounds()
        let (known, fresh) = (rounds.posted(["", ""]), rounds.posted([""]))
        let earlier = registry()
        _ = earlier.note(known)
        let record = try #require(earlier.snapshot("run")).record
        let later = registry()
        later.adopt([record])
        _ = later.note(known + fresh)
        #expect(try #require(later.snapshot("run")).record.accepted == 3)
    }

    @Test func withoutStorageAllIsLiveOnlyAndNothingOnItsWay() throws {
        var rounds = Rounds()
        let live = registry(isStored: false)
        _ = live.note(rounds.posted(["", ""]))
        let record = try #require(live.snapshot("run")).record
        #expect(record.accepted == 2 && record.unstored == 2 && record.isAccountedFor)
        // With storage again: what comes now is on its way.
        let stored = registry()
        stored.adopt([record])
        _ = stored.note(rounds.posted([""]))
        let after = try #require(stored.snapshot("run")).record
        #expect(after.accepted == 3 && after.unstored == 2 && !after.isAccountedFor)
    }

    @Test(arguments: [("completed", RunRecord.Status.completed), ("failed", .failed), ("aborted", .cancelled), ("???", .failed)])
    func aPostedEndSaysHow(_ word: String, _ status: RunRecord.Status) throws {
        let registry = registry()
        var rounds = Rounds()
        _ = registry.note(rounds.posted([""]) + rounds.posted([""], type: .runEnd, payload: #"{"status":"\#(word)"}"#))
        #expect(try #require(registry.snapshot("run")).record.status == status)
        #expect(registry.hasEnded(Rounds.run))
    }

    @Test func theOldestLeaveTheMemoryAndComeBackWhenTheyGoOn() throws {
        let registry = registry()
        let records = (0..<5).map { ended(Name("run-\($0)"), receivedMs: now + Int64($0)) }
        registry.adopt(records)
        registry.look { name in records.first { $0.runID == name } }
        let left = registry.letLeave(most: 2, now: (1, now), quietNs: 0, unsaved: ["run-1"])
        #expect(Set(left) == ["run-0", "run-2", "run-3"])
        #expect(registry.snapshot("run-0") == nil && registry.away.inMemory == 2)
        // Named: it is there again, as it was.
        #expect(registry.recall("run-0")?.record == records[0])
        // Its rows: it goes on, and nobody takes it for a new one.
        var rounds = Rounds()
        _ = registry.note(rounds.posted([""], run: "run-2"))
        let again = try #require(registry.snapshot("run-2")).record
        #expect(again.accepted == 1 && again.receivedMs == records[2].receivedMs)
        #expect(Set(registry.away.left.runs.keys) == ["run-3"])
    }

    /// What is said of a run that has left is neither on disk nor anywhere else: it begins anew.
    @Test func aRunThatIsOnNoDiskAnyMoreBeginsAnew() throws {
        let registry = registry()
        registry.adopt([ended("gone", receivedMs: 5)])
        _ = registry.letLeave(most: 0, now: (1, now), quietNs: 0, unsaved: [])
        var rounds = Rounds()
        _ = registry.note(rounds.posted([""], run: "gone"))
        let run = try #require(registry.snapshot("gone")).record
        #expect(run.accepted == 1 && run.status == .running && run.receivedMs == now)
    }

    @Test func changesAreToldOnce() throws {
        let registry = registry()
        var rounds = Rounds()
        _ = registry.note(rounds.posted([""]))
        #expect(registry.tick(now: 1).records.map(\.runID) == ["run"])
        #expect(registry.tick(now: 2).records.isEmpty)
        let cursor = registry.snapshots(after: nil).revision
        #expect(registry.snapshots(after: cursor).runs.isEmpty)
        let last = rounds.posted([""])
        _ = registry.note(last)
        #expect(registry.snapshots(after: cursor).runs.map(\.record.accepted) == [2])
        registry.remove("run")
        #expect(registry.snapshots(after: cursor).removed == ["run"])
        // Rows of it that are read again are nobody's.
        #expect(registry.note(last).isEmpty && registry.snapshot("run") == nil)
    }
}

struct GoneRingsTests {
    private let instance = InstanceID(7)

    private func record(seen: UInt64, unstored: UInt64 = 0) -> RunRecord {
        var record = ended("run")
        record.instances = [instance.description]
        record.counted = [Rounds.ring.description: 100]
        (record.acceptedAtLeast, record.unstoredEvents) = (seen, unstored)
        return record
    }

    @Test(
        arguments: [
            // accepted, unstored, kept: lost
            (10, 0, 4, 6), (10, 0, 10, 0), (10, 10, 0, 0), (10, 7, 2, 1), (10, 7, 9, 0),
        ] as [(UInt64, UInt64, UInt64, UInt64)])
    func whatWasInNoOtherPlaceIsLost(_ accepted: UInt64, _ unstored: UInt64, _ kept: UInt64, _ lost: UInt64) {
        var record = record(seen: accepted, unstored: unstored)
        GoneRings(present: [], whole: [], kept: ["run": kept]).settle(&record)
        #expect(record.goneWithRings == lost)
    }

    @Test func nothingIsLostWhileARingIsThereOrAllOfItWasRead() {
        for (present, whole) in [([instance], []), ([], [instance])] as [(Set<InstanceID>, Set<InstanceID>)] {
            var record = record(seen: 10)
            GoneRings(present: present, whole: whole, kept: [:]).settle(&record)
            #expect(record.goneWithRings == 0)
        }
    }
}

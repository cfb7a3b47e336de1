/// What others ask of the runs in memory.
import TeltelControl
import TeltelEvents
import TeltelRings

extension RunRegistry {
    /// All of them, newest first, running ones on top.
    package func snapshots() -> [Snapshot] { state.withLock { $0.runs.values.map(snapshot) }.sorted(by: Self.isAbove) }

    /// What has changed since that revision. nil, and one that is not remembered: all that is running, and the rest is to be asked for
    /// place by place. A change is told at the latest with the next `tick`.
    package func snapshots(after revision: UInt64?) -> Difference {
        var difference = state.withLock { state in
            // Who has not heard of what happened to a run before it left gets everything anew.
            let removed = revision.flatMap { $0 < state.away.revision ? nil : state.revisions.removed(after: $0) }
            let runs = state.runs.values.filter { run in
                guard removed != nil, let revision else { return run.record.status == .running }
                return run.changed || run.revision > revision
            }
            return Difference(
                runs: runs.map(snapshot), removed: removed ?? [], revision: state.revisions.newest, isComplete: removed == nil)
        }
        difference.runs.sort(by: Self.isAbove)
        return difference
    }

    private static func isAbove(_ a: Snapshot, _ b: Snapshot) -> Bool {
        let (aRuns, bRuns) = (a.record.status == .running, b.record.status == .running)
        return aRuns != bRuns ? aRuns : RunPlace(b.record) < RunPlace(a.record)
    }

    /// Where they stand among all runs, in no order.
    package func places() -> [RunPlace] { state.withLock { $0.runs.values.map { RunPlace($0.record) } } }

    /// Of these runs; those that are not in memory are left out.
    package func snapshots(of runIDs: [Name]) -> [Name: Snapshot] {
        state.withLock { state in
            Dictionary(
                runIDs.compactMap { runID in state.runs[runID].map { (runID, snapshot($0)) } }, uniquingKeysWith: { $1 })
        }
    }

    /// nil: it is not in memory. Waits for no disk.
    package func snapshot(_ runID: Name) -> Snapshot? { state.withLock { $0.runs[runID].map(snapshot) } }

    /// Runs that `run_metadata` does not know to the end.
    package func unrecorded() -> [RunRecord] {
        state.withLock { state in state.runs.values.filter { !$0.record.isRecorded }.map(\.record) }
    }

    func snapshot(_ run: RegisteredRun) -> Snapshot {
        var record = run.record
        if !isStored { record.acceptedAtLeast = max(record.acceptedAtLeast, record.seen) }
        for counters in run.counters.values { counters.refusals.note(in: &record) }
        record.counted = Dictionary(uniqueKeysWithValues: run.counted.map { ($0.key.description, $0.value) })
        var rate = 0.0
        if let first = run.samples.first, let last = run.samples.last, last.at > first.at, record.status == .running {
            rate = Double(last.accepted &- first.accepted) / (Double(last.at - first.at) / 1e9)
        }
        return Snapshot(
            record: record, ratePerSecond: rate, missedBytes: run.missedBytes,
            rejectedLines: run.rejected.latest)
    }
}

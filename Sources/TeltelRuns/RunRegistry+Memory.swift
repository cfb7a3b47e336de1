/// Which runs are held in memory.
import TeltelControl
import TeltelEvents
import TeltelRings

extension RunRegistry {
    /// Runs whose events are in the rings of this instance are in memory from here on, however long ago they began.
    package func recallRuns(of instance: RingInstance) {
        guard instance.description.kind != .engine else {
            recall(instance.run.runID)
            return
        }
        // An instance that cannot be read shows no events either.
        let streams = (try? instance.table())?.streams ?? []
        for runID in Set(streams.map(\.run.runID)) { recall(runID) }
    }

    /// Lets the oldest runs leave the memory, if there are more than `most` and nothing is left to be done about them. What is to be
    /// saved of them must be on disk, except for `unsaved`, which stay. Returns those that have left.
    package func letLeave(most: Int, now: (ns: UInt64, ms: Int64), quietNs: UInt64, unsaved: Set<Name>) -> [Name] {
        state.withLock { state in
            guard state.runs.count > most else { return [] }
            let may = state.runs.values.filter {
                $0.mayLeave(now: now, quietNs: quietNs, isStored: isStored) && !unsaved.contains($0.record.runID)
            }
            let leaving = may.sorted { RunPlace($0.record) < RunPlace($1.record) }.prefix(state.runs.count - most)
            for run in leaving {
                state.away.left(run)
                state.runs[run.record.runID] = nil
            }
            return leaving.map(\.record.runID)
        }
    }

    /// Runs have come onto the disk that nobody has been told of: who asks what has changed gets everything anew.
    package func noteEarlierRuns() { state.withLock { $0.away.noteEarlier($0.revisions.next()) } }

    /// How many runs are in memory, and what those come to that have left it.
    package var away: (inMemory: Int, left: RunsAway) { state.withLock { ($0.runs.count, $0.away) } }
}

/// Under which names runs are shown, and which are taken.
import TeltelControl
import TeltelEvents
import TeltelRings

extension RunRegistry {
    /// The name under which a new instance is shown: its run's own, or with "~2", "~3" … when a run of this id and source has
    /// ended. `others` are the instances that are still in shared memory; this registry knows the older ones.
    package func shownName(_ description: RunDescription, others: [RingInstance]) -> RunKey {
        func ended(_ name: Name) -> Bool {
            let same = others.filter { $0.run.runID == name && $0.run.sourceID == description.sourceID }
            if !same.isEmpty { return same.allSatisfy { $0.end != nil } }
            recall(name)
            guard let record = state.withLock({ $0.runs[name]?.record }) else { return false }
            // It may be marked running after a power cut: an engine that comes back may be there before its collector.
            let isOpen = record.instances.isEmpty || others.contains { record.instances.contains($0.id.description) }
            return (record.status != .running || !isOpen) && Self.has(record, description.sourceID)
        }
        var name = description.runID
        var number = 2
        while ended(name) {
            name = description.runID.numbered(number)
            number += 1
        }
        return RunKey(runID: name, sourceID: description.sourceID)
    }
    /// Has this source ended this run? A source that fell silent may go on.
    package func hasEnded(_ run: RunKey) -> Bool {
        recall(run.runID)
        return state.withLock { state in
            guard let record = state.runs[run.runID]?.record else { return false }
            if record.endedSources?.contains(run.sourceID) == true { return true }
            return record.status != .running && !record.instances.isEmpty && Self.has(record, run.sourceID)
        }
    }

    /// An earlier collector has seen events of it: not all of them have passed through this one.
    package func hadEarlier(_ runID: Name) -> Bool { state.withLock { $0.runs[runID]?.hadEarlier ?? false } }

    private static func has(_ record: RunRecord, _ sourceID: Name) -> Bool {
        record.sourceID == sourceID || record.types.contains { $0.sourceID == sourceID }
    }
}

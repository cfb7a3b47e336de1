/// Events that came behind the end of their source's run: accepted all the same, and counted.
import TeltelControl
import TeltelEvents
import TeltelRings

/// Lives as long as one round of batches, which come by type and not in order. `take` sees each before the run's lifecycle
/// does, `settle` all of them again.
struct LateEvents {
    private struct Place: Hashable {
        let run: RunKey
        let ring: RingID
    }
    /// Ends that came with this round: where they lie.
    private var ends: [Place: UInt64] = [:]

    /// Most rounds bring no end.
    var hasNoEnds: Bool { ends.isEmpty }

    /// `fresh`: rows of the batch that had not been counted before.
    mutating func take(_ batch: Batch, _ fresh: UInt64, _ run: inout RegisteredRun) {
        let isEnd = batch.schema.type == .runEnd
        let hasEnded = run.record.endedSources?.contains(batch.run.sourceID) == true
        let place = Place(run: batch.run, ring: batch.round.ring)
        if !isEnd, hasEnded, run.record.status != .running, ends.isEmpty || ends[place] == nil { add(fresh, &run) }
        guard isEnd, !hasEnded else { return }
        ends[place] = batch.sequence(batch.count - 1)
        run.record.endedSources = (run.record.endedSources ?? []) + [batch.run.sourceID]
    }

    /// Before the run's positions move on: what lies before them had been counted before this round.
    func settle(_ batch: Batch, _ run: inout RegisteredRun) {
        guard batch.schema.type != .runEnd, let end = ends[Place(run: batch.run, ring: batch.round.ring)] else { return }
        let seen = run.counted[batch.round.ring] ?? 0
        let late = (0..<batch.count).filter { batch.sequence($0) > end && batch.sequence($0) >= seen }.count
        add(UInt64(late), &run)
    }

    private func add(_ count: UInt64, _ run: inout RegisteredRun) {
        if count > 0 { run.record.lateEvents = (run.record.lateEvents ?? 0) + count }
    }
}

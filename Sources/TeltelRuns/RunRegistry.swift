/// The runs that are going on and those that have ended lately: what the run list shows.
import Synchronization
import TeltelControl
import TeltelEvents
import TeltelIngest
import TeltelRings

/// Fed by whoever reads the rings, read by everybody. One lock; nothing under it touches a disk.
package final class RunRegistry: Sendable {
    typealias Run = RegisteredRun
    /// Of the registry's own files.
    struct State {
        var runs: [Name: Run] = [:]
        var unclaimed = UnclaimedRejections()
        /// Runs that have left the memory since the start.
        var away = RunsAway()
        /// Of removed runs: where their events end, in rings that may be read again.
        var removed: [Name: [RingID: UInt64]] = [:]
        var revisions = RunRevisions()
        /// When the counters of engines were read last, on the monotonic clock.
        var countedAt: UInt64 = 0
        /// When the newest posted run was heard of: no two at once, so that runs have an order.
        var newestMs: Int64 = 0
        /// The collector's own instances that have been read to their ends, and whose runs no `tick` has told yet.
        var untoldIngestEnds: [InstanceID] = []
    }
    let state = Mutex(State())
    package let isStored: Bool
    /// Looks up runs of earlier collectors that are not among those in memory. A member of a struct: a function that is read out of a
    /// `Mutex` itself is wrapped once more each time, and overflows the stack after some thousand times.
    private struct Archive {
        var look: (@Sendable (Name) -> RunRecord?)?
    }
    private let archive = Mutex(Archive())
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - isStored: another reader than the live one takes what engines emit.
    ///   - clock: gives milliseconds since 1970.
    package init(isStored: Bool, clock: @escaping @Sendable () -> Int64) {
        self.isStored = isStored
        self.clock = clock
    }

    /// Where runs of long ago are found: asked when one is named. Blocks for as long as a look into a file takes.
    package func look(for earlier: @escaping @Sendable (Name) -> RunRecord?) { archive.withLock { $0.look = earlier } }

    /// Runs that an earlier collector knew. Those still marked running end as failed unless their rings are found.
    package func adopt(_ records: [RunRecord], recalledMs: Int64 = 0) {
        state.withLock { state in
            for record in records where state.runs[record.runID] == nil {
                var run = Run(record: record)
                for (name, position) in record.counted { if let ring = RingID(text: name) { run.counted[ring] = position } }
                run.hadEarlier = record.seen > 0
                run.recalledMs = recalledMs
                state.away.cameBack(record.runID)
                run.changed = false
                state.runs[record.runID] = run
            }
        }
    }

    /// At the start: rings of other instances are gone, and nothing of them will be read again.
    package func keepPositions(of instances: Set<InstanceID>) {
        state.withLock { state in
            for id in state.runs.keys where !state.runs[id]!.counted.isEmpty {
                state.runs[id]!.counted = state.runs[id]!.counted.filter { instances.contains($0.key.instance) }
            }
        }
    }

    /// A run that is named is in memory from here on, if there is one at all: with all that was known of it. Blocks for as long as
    /// a look into a file takes, if it was not in memory.
    @discardableResult
    package func recall(_ runID: Name) -> Snapshot? {
        if let known = snapshot(runID) { return known }
        guard let look = archive.withLock({ $0.look }), let record = look(runID) else { return nil }
        adopt([Self.ended(record)], recalledMs: clock())
        return snapshot(runID)
    }
    /// A run that is not in memory cannot be going on: its rings would have been found at the start.
    private static func ended(_ record: RunRecord) -> RunRecord {
        guard record.status == .running else { return record }
        var record = record
        (record.status, record.endReason) = (.failed, hostRestarted)
        return record
    }
    /// A run of long ago as it is shown, without being held from here on.
    package static func earlier(_ record: RunRecord) -> Snapshot {
        Snapshot(record: ended(record), ratePerSecond: 0, missedBytes: 0, rejectedLines: [])
    }
    package static let hostRestarted = "host restarted, or its rings were removed"

    // MARK: what the live reader tells

    package func appeared(_ instance: RingInstance) {
        guard instance.description.kind == .engine else { return }
        let description = instance.description
        state.withLock { state in
            let started = Int64(description.startWall / 1_000_000)
            var run =
                state.runs[instance.run.runID]
                ?? Run(record: RunRecord(runID: instance.run.runID, sourceID: instance.run.sourceID, startedMs: started))
            run.record.reopen()
            run.record.startedMs = min(run.record.startedMs, started)
            run.record.receivedMs = min(run.record.receivedMs ?? started, started)
            if run.producers.contains(where: { $0.id != instance.id && $0.run.sourceID == instance.run.sourceID }) {
                run.record.warn(
                    "concurrent-instances",
                    "several engines of source \(instance.run.sourceID) ran under this id at once; their events are mixed")
            }
            if instance.run.runID != description.runID { run.record.originalRunID = description.runID }
            if run.record.engineVersion.isEmpty { run.record.engineVersion = description.engineVersion }
            if run.record.seed == nil { run.record.seed = description.seed }
            if run.record.config.isEmpty { run.record.config = description.config }
            run.record.take(tags: description.tags.pairs)
            if !run.record.instances.contains(instance.id.description) { run.record.instances.append(instance.id.description) }
            run.record.heard(of: instance.run.sourceID)
            run.open.insert(instance.id)
            run.producers.append(instance)
            run.changed = true
            if let lines = state.unclaimed.claim(instance.run.runID) { Self.add(lines, &run) }
            state.runs[instance.run.runID] = run
        }
    }

    /// Returns those that are not of removed runs.
    package func note(_ all: [Batch]) -> [Batch] {
        var away: [Name] = []
        let noted = state.withLock { state -> [Batch]? in
            away = state.away.among(all)
            return away.isEmpty ? note(all, &state) : nil
        }
        if let noted { return noted }
        // They go on after all. Seldom enough for a look onto the disk.
        for runID in away { recall(runID) }
        return state.withLock { state in note(all, &state) }
    }

    private func note(_ all: [Batch], _ state: inout State) -> [Batch] {
        let batches = state.removed.isEmpty ? all : all.filter { !Self.isRemoved($0, state.removed) }
        var late = LateEvents()
        for batch in batches {
            // One look-up for each batch, and the run changes in place: whoever reads rings must not wait.
            let index = state.runs.index(forKey: batch.run.runID) ?? make(batch, &state)
            take(batch, &state.runs.values[index], &late)
        }
        // After all of them: several batches of one round lie in the same stretch of a ring.
        for batch in late.hasNoEnds ? [] : batches {
            guard let index = state.runs.index(forKey: batch.run.runID) else { continue }
            late.settle(batch, &state.runs.values[index])
        }
        for batch in batches {
            guard let index = state.runs.index(forKey: batch.run.runID) else { continue }
            state.runs.values[index].passed(batch)
        }
        return batches
    }

    /// A run that begins with its first event.
    private func make(_ batch: Batch, _ state: inout State) -> Dictionary<Name, Run>.Index {
        let now = clock()
        var run = Run(record: RunRecord(runID: batch.run.runID, sourceID: batch.run.sourceID, startedMs: now))
        state.newestMs = max(now, state.newestMs + 1)
        run.record.receivedMs = state.newestMs
        run.record.startedMs = run.record.believed(batch.wallTimes.first { $0 != Batch.unknownTime } ?? now, nowMs: now)
        if let lines = state.unclaimed.claim(batch.run.runID) { Self.add(lines, &run) }
        state.runs[batch.run.runID] = run
        return state.runs.index(forKey: batch.run.runID)!
    }

    private func take(_ batch: Batch, _ run: inout Run, _ late: inout LateEvents) {
        let fresh = run.count(batch, after: run.counted[batch.round.ring] ?? 0, isStored: isStored)
        if run.record.endReason == Self.silence { run.record.reopen() }
        guard case .ingest = batch.schema.encoding else { return }
        late.take(batch, fresh, &run)
        lifecycle(batch, fresh, &run)
    }

    private static func isRemoved(_ batch: Batch, _ removed: [Name: [RingID: UInt64]]) -> Bool {
        guard let end = removed[batch.run.runID]?[batch.round.ring] else { return false }
        return batch.sequenceEnd(batch.count - 1) <= end
    }

    /// Only run.start and run.end mean something to the collector (contract §3). `fresh`: so many rows, the last ones, had not been
    /// seen before.
    private func lifecycle(_ batch: Batch, _ fresh: UInt64, _ run: inout Run) {
        for row in batch.count - Int(fresh)..<batch.count {
            let now = clock()
            let time = batch.wallTimes[row] == Batch.unknownTime ? now : batch.wallTimes[row]
            switch batch.schema.type {
            case .runStart:
                guard let start = RunStartPayload(batch, row: row)?.start(tags: batch.tags(row)) else { continue }
                run.record.start(start, by: batch.run.sourceID, atMs: time, nowMs: now)
            case .runEnd:
                run.record.end(RunEndPayload(batch, row: row).end, atMs: time, nowMs: now, hasEngines: !run.open.isEmpty)
            default: return
            }
        }
    }

    /// Posted lines that are no events, by run id.
    package func rejected(_ linesByRun: [Name: RejectedLines]) {
        state.withLock { state in
            for (runID, lines) in linesByRun {
                if state.runs[runID] == nil {
                    state.unclaimed.add(lines, for: runID)
                } else {
                    Self.add(lines, &state.runs[runID]!)
                }
            }
        }
    }
    private static func add(_ lines: RejectedLines, _ run: inout Run) {
        run.rejected.add(lines)
        run.record.rejectedLines.merge(lines.byCode) { $0 + $1 }
        run.changed = true
    }

    package func missed(_ instance: RingInstance, bytes: UInt64) {
        state.withLock { $0.runs[instance.run.runID]?.missedBytes &+= bytes }
    }

    /// A run has ended when all its producers have; one failed → failed. Returns whether it has.
    package func ended(_ instance: RingInstance, _ end: RunEnd) -> Bool {
        guard instance.description.kind == .engine else {
            state.withLock { $0.untoldIngestEnds.append(instance.id) }
            return false
        }
        let counters = ProducerCounters(instance)
        return state.withLock { state in
            guard var run = state.runs[instance.run.runID], run.open.remove(instance.id) != nil else { return false }
            counters.refusals.note(in: &run.record)
            run.lastRefused.merge(counters.stretches) { $1 }
            run.counters[instance.id] = nil
            run.producers.removeAll { $0.id == instance.id }
            run.ends.append(end)
            run.untoldEnds.append(instance.id)
            run.changed = true
            if run.open.isEmpty {
                let worst = run.ends.first { $0.status == .failed } ?? run.ends.first { $0.status == .cancelled } ?? end
                run.record.endEngines(
                    RunRecord.End(status: RunRecord.Status(rawValue: worst.status.rawValue) ?? .failed, reason: worst.reason),
                    atMs: worst.wall > 0 ? Int64(worst.wall / 1_000_000) : clock())
            }
            state.runs[instance.run.runID] = run
            return run.open.isEmpty
        }
    }

    // MARK: what others do

    /// A few times a second: takes samples for the rates and returns what changed since the last call.
    package func tick(now: UInt64) -> Changes {
        readCounters(now)
        return state.withLock { state in
            var changes = Changes()
            swap(&changes.ended, &state.untoldIngestEnds)
            let revision = state.revisions.next()
            for index in state.runs.values.indices where !state.runs.values[index].isQuiet {
                if state.runs.values[index].changed {
                    let record = snapshot(state.runs.values[index]).record
                    changes.records.append(record)
                    changes.refused[record.runID] = state.runs.values[index].takeRefused()
                }
                changes.ended += state.runs.values[index].untoldEnds
                state.runs.values[index].untoldEnds = []
                state.runs.values[index].sample(now)
                state.runs.values[index].revision = revision
            }
            return changes
        }
    }

    /// Counters of engines are read at most so often: each look takes as long as all their rings have counters.
    private static let countersNs: UInt64 = 1_000_000_000

    private func readCounters(_ now: UInt64) {
        let producers = state.withLock { state -> [RingInstance] in
            guard now &- state.countedAt >= Self.countersNs else { return [] }
            state.countedAt = now
            return state.runs.values.flatMap(\.producers)
        }
        let found = producers.map { ($0, ProducerCounters($0)) }
        state.withLock { state in
            // Those that have ended meanwhile have been counted to their ends.
            for (producer, counters) in found where state.runs[producer.run.runID]?.open.contains(producer.id) == true {
                state.runs[producer.run.runID]?.counters[producer.id] = counters
            }
        }
    }

    /// Facts from storage: counts that only it knows. Returns whether there is such a run.
    @discardableResult
    package func update(_ runID: Name, _ change: (inout RunRecord) -> Void) -> Bool {
        state.withLock { state in
            guard state.runs[runID] != nil else { return false }
            let before = state.runs[runID]!.record
            change(&state.runs[runID]!.record)
            if state.runs[runID]!.record != before { state.runs[runID]!.changed = true }
            return true
        }
    }

    /// Posted runs that nobody ended and nobody posts to any more count as failed, until something comes again.
    /// Returns them.
    package func endSilent(now: UInt64, after silenceNs: UInt64) -> [Name] {
        state.withLock { state in
            var ended: [Name] = []
            for index in state.runs.values.indices {
                let run = state.runs.values[index]
                guard run.record.status == .running, run.open.isEmpty, run.record.instances.isEmpty else { continue }
                if run.lastEventNs == 0 { state.runs.values[index].lastEventNs = now }
                guard run.lastEventNs > 0, now > run.lastEventNs, now - run.lastEventNs > silenceNs else { continue }
                state.runs.values[index].record.status = .failed
                state.runs.values[index].record.endReason = Self.silence
                state.runs.values[index].record.endedMs = clock() - Int64((now - run.lastEventNs) / 1_000_000)
                state.runs.values[index].changed = true
                ended.append(run.record.runID)
            }
            return ended
        }
    }
    package static let silence = "fell silent without run.end"

    package func remove(_ runID: Name) {
        state.withLock { state in
            state.away.cameBack(runID)
            guard let run = state.runs.removeValue(forKey: runID) else { return }
            state.revisions.noteRemoval(runID)
            if !run.counted.isEmpty { state.removed[runID] = run.counted }
        }
    }

    /// Runs that an earlier collector removed, and where they end. Returns those of which no ring is left.
    package func adoptRemoved(_ runs: [Name: [String: UInt64]], present: Set<InstanceID>) -> [Name] {
        state.withLock { state in
            for (runID, positions) in runs {
                let rings = positions.compactMap { name, position in RingID(text: name).map { ($0, position) } }
                let left = rings.filter { present.contains($0.0.instance) }
                if !left.isEmpty { state.removed[runID] = Dictionary(left, uniquingKeysWith: max) }
            }
            return runs.keys.filter { state.removed[$0] == nil }
        }
    }

    /// Runs of an earlier collector that are marked running but have no ring any more: their engine went with the host.
    package func failOrphans(reason: String) {
        state.withLock { state in
            for (id, run) in state.runs where run.record.status == .running && run.open.isEmpty && !run.record.instances.isEmpty {
                state.runs[id]!.record.status = .failed
                state.runs[id]!.record.endReason = reason
                state.runs[id]!.record.endedMs = clock()
                state.runs[id]!.changed = true
            }
        }
    }
}

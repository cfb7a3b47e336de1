/// What is done about runs off the hot path: rates, counts from storage, the control store, and `run_metadata`.
import CTeltelRings
import Foundation
import Logging
import Synchronization
import TeltelAnalysis
import TeltelControl
import TeltelEvents
import TeltelRings
import TeltelRuns
import TeltelStorage

/// One thread; everything that touches a disk or a database about runs happens here.
package final class Bookkeeper: Sendable {
    private let registry: RunRegistry
    private let storage: Storage?
    private let store: ControlStore?
    /// Told which instances' ends are on disk.
    private let endsSaved: @Sendable ([InstanceID]) -> Void
    /// Told which runs have ended because nobody posts to them any more.
    private let fellSilent: @Sendable (Name) -> Void
    private let silenceNs: UInt64
    private let quarantine: QuarantineLog
    private let storageLog: StorageLog?
    private let logger: Logger
    private let stopping = Atomic<Bool>(false)
    private let state = Mutex(State())
    /// Held while records are written or removed: what was removed is not written after that.
    private let writing = Mutex(())
    /// Runs whose rows are being removed from ClickHouse. Held while `run_metadata` is written: a row that came behind the removal
    /// would list a run that nobody knows.
    private let leaving = Mutex(Leaving())

    private struct Leaving {
        var now: Set<Name> = []
        /// Those that have left since the start, for as long as records are made again: what was read of them before that is void.
        var before: Set<Name>? = []
    }
    private struct State {
        /// Changed since the last save.
        var unsaved: [Name: RunRecord] = [:]
        /// Instances whose ends are among them, or were when saving failed.
        var unsavedEnds: [InstanceID] = []
        /// Saves that failed since the last one that did not.
        var failedSaves = 0
        /// What `run_metadata` has been told about each run.
        var told: [Name: Told] = [:]
        var losses = LossPlaces()
        /// By run: what the registry has been told.
        var counted: [Name: Tally] = [:]
        /// Instances whose last counts the registry has been told, and those of which they are among what is saved next.
        var final: Set<InstanceID> = []
        var savedNext: Set<InstanceID> = []
    }
    private struct Told: Equatable {
        var status: RunRecord.Status
        var tags: [Name: Name]
        /// Events of the run when everything of it was stored; nil: not all is.
        var finalEvents: UInt64?
    }

    package init(
        registry: RunRegistry, storage: Storage?, store: ControlStore?, silenceNs: UInt64, quarantine: QuarantineLog,
        logger: Logger,
        endsSaved: @escaping @Sendable ([InstanceID]) -> Void, fellSilent: @escaping @Sendable (Name) -> Void
    ) {
        self.registry = registry
        self.storage = storage
        self.store = store
        self.silenceNs = silenceNs
        self.quarantine = quarantine
        storageLog = storage.map { StorageLog($0, logger: logger) }
        self.logger = logger
        self.endsSaved = endsSaved
        self.fellSilent = fellSilent
    }

    package func run() {
        teltel_name_thread("teltel-runs")
        var turn = 0
        while !stopping.load(ordering: .relaxed) {
            takeChanges()
            if turn % 2 == 0 { countStored() }
            if turn % 4 == 0 {
                for runID in registry.endSilent(now: teltel_monotonic_ns(), after: silenceNs) { fellSilent(runID) }
                quarantine.tell()
                storageLog?.tell()
                save()
                tellStorage()
                letOldRunsLeave()
            }
            turn += 1
            usleep(250_000)
        }
        finish()
    }
    /// Names under which others are compared with the run.
    package func baselines(of runID: Name) throws(ControlStoreError) -> [String] { try store?.baselines(of: runID) ?? [] }

    package func stop() { stopping.store(true, ordering: .relaxed) }

    /// What is known of them is on disk, and is looked up there when somebody asks.
    private func letOldRunsLeave() {
        guard let store else { return }
        let unsaved = state.withLock { Set($0.unsaved.keys) }
        // Until then a posted line may still belong to a run that has ended.
        let left = registry.letLeave(
            most: Self.mostInMemory, now: (teltel_monotonic_ns(), Int64(teltel_wall_ns() / 1_000_000)),
            quietNs: silenceNs + silenceNs / 2, unsaved: unsaved)
        guard !left.isEmpty else { return }
        // Somebody may have asked for one of them again since.
        store.letGo(left.filter { registry.snapshot($0) == nil })
        state.withLock { state in
            for runID in left {
                state.told[runID] = nil
                state.losses.forget(runID)
            }
        }
    }
    private static let mostInMemory = 1_000

    private func finish() {
        countStored()
        takeChanges()
        save()
    }

    private func takeChanges() {
        // What was told before the changes are asked for is in them.
        let final = state.withLock { $0.final }
        let changes = registry.tick(now: teltel_monotonic_ns())
        var placed: [Name: LossPlaces.Placed] = [:]
        state.withLock { state in
            state.savedNext = final
            for var record in changes.records {
                if let found = state.losses.note(record, changes.refused[record.runID] ?? [:]) {
                    (record.losses, record.placedByRing) = (found.losses, found.byRing)
                    placed[record.runID] = found
                }
                state.unsaved[record.runID] = record
            }
            state.unsavedEnds += changes.ended
        }
        for (runID, found) in placed { registry.update(runID) { ($0.losses, $0.placedByRing) = (found.losses, found.byRing) } }
    }

    /// Takes over from storage what only it knows: rows stored, rows lost.
    private func countStored() {
        guard let storage else { return }
        var sums: [Name: Tally] = [:]
        var (totals, final) = storage.totalsAndFinal()
        for (key, tally) in totals { sums[key.run.runID, default: Tally()] += tally }
        let before = state.withLock { $0.counted }
        for (runID, tally) in sums where before[runID] != tally {
            let isKnown = registry.update(runID) { record in
                // An earlier collector's rows may be counted in the record alone: a count never goes back.
                record.storedEvents = max(record.storedEvents, UInt64(tally.stored))
                for (reason, count) in tally.lost { record.lost[reason.rawValue] = UInt64(count) }
                record.acceptedAtLeast = max(
                    record.acceptedAtLeast, UInt64(tally.spooled + tally.neverSpooled) + record.goneWithRings)
            }
            // The spool may be ahead of the live reader, who makes runs known.
            if !isKnown {
                sums[runID] = nil
                final.subtract(totals.keys.lazy.filter { $0.run.runID == runID }.map(\.instance))
            }
        }
        state.withLock { ($0.counted, $0.final) = (sums, final) }
    }

    /// What has been changed about runs up to now is on disk when it returns, or is tried again soon, as the log says. Blocks.
    package func keep() {
        takeChanges()
        save()
    }

    /// Forgets the run, here and on disk.
    func remove(_ runID: Name) throws(ControlStoreError) {
        keep()
        let result = writing.withLock { _ in
            Result { () throws(ControlStoreError) in
                try store?.remove(runID, counted: registry.snapshot(runID)?.record.counted ?? [:])
                registry.remove(runID)
                state.withLock { state in
                    state.unsaved[runID] = nil
                    state.losses.forget(runID)
                    state.told[runID] = nil
                    state.counted[runID] = nil
                }
            }
        }
        try result.get()
    }

    /// At the start, before a ring is read: what went with rings that are gone is counted as lost. `present`: of these there are rings.
    package func settleGone(present: Set<InstanceID>) {
        guard let storage, let store else { return }
        let whole = storage.settleGone(present: present)
        var kept: [Name: UInt64] = [:]
        for (key, tally) in storage.totals() {
            kept[key.run.runID, default: 0] += UInt64(max(0, tally.spooled + tally.neverSpooled))
        }
        let gone = GoneRings(present: present, whole: whole, kept: kept)
        for run in registry.snapshots() { registry.update(run.record.runID, gone.settle) }
        registry.look { runID in
            // What cannot be read now is as good as unknown: it is asked for again.
            guard var record = try? store.run(runID) else { return nil }
            gone.settle(&record)
            return record
        }
    }

    /// At the start: runs whose rings are still there must not come back.
    package func adoptRemoved(present: Set<InstanceID>) {
        guard let store else { return }
        do throws(ControlStoreError) {
            try store.forgetRemoved(registry.adoptRemoved(try store.removedRuns(), present: present))
        } catch { logger.warning("\(error)") }
    }

    /// Keeps records of runs that have none, unless they are being removed. Those of which the spool has rows are in memory from here
    /// on: what becomes of the rows is told in there. Returns them.
    func insertMissing(_ records: [RunRecord]) throws(ControlStoreError) -> [RunRecord] {
        guard let store, let storage else { return [] }
        let result = leaving.withLock { leaving in
            Result { () throws(ControlStoreError) in
                let wanted = records.filter { record in
                    !leaving.now.contains(record.runID) && leaving.before?.contains(record.runID) != true
                        && registry.snapshot(record.runID) == nil
                }
                let missing = Set(try store.insertMissing(wanted))
                return wanted.filter { missing.contains($0.runID) }
            }
        }
        let made = try result.get()
        let spooled = made.isEmpty ? [] : Set(storage.totals().keys.map(\.run.runID))
        for record in made where spooled.contains(record.runID) { registry.recall(record.runID) }
        if !made.isEmpty { registry.noteEarlierRuns() }
        return made
    }

    /// All records that could be made again are there.
    func endRebuild() { leaving.withLock { $0.before = nil } }

    private func save() { writing.withLock { _ in saveChanges() } }

    private func saveChanges() {
        let (records, ends, final) = state.withLock { state in
            defer { (state.unsaved, state.unsavedEnds) = ([:], []) }
            return (Array(state.unsaved.values), state.unsavedEnds, state.savedNext)
        }
        // Without a store there is nothing to wait for.
        guard let store else { return ends.isEmpty ? () : endsSaved(ends) }
        do throws(ControlStoreError) {
            let found = try store.save(records)
            state.withLock { $0.failedSaves = 0 }
            for (runID, words) in found { registry.update(runID) { $0.words = words } }
            for part in store.takeUnreadable() {
                logger.warning(
                    "\(printable("the \(part.part) of run \(part.runID) cannot be read in the control store, and the run is known from the rest; what stands there is kept in its table unreadable_parts: \(part.reason)"))"
                )
            }
            storage?.noteWritten(final)
            if !ends.isEmpty { endsSaved(ends) }
        } catch {
            // Kept for the next turn; said once. Rings are not kept for ever: engines need the shared memory.
            let (failures, given) = state.withLock { state in
                for record in records where state.unsaved[record.runID] == nil { state.unsaved[record.runID] = record }
                state.failedSaves += 1
                let givesUp = state.failedSaves > Self.savesBeforeEndsAreGivenUp
                if !givesUp { state.unsavedEnds = ends + state.unsavedEnds }
                return (state.failedSaves, givesUp ? ends : [])
            }
            if failures == 1 { logger.warning("\(error)") }
            if !given.isEmpty { endsSaved(given) }
        }
    }
    private static let savesBeforeEndsAreGivenUp = 30

    // MARK: run_metadata

    /// One row when a run appears, one with the final totals when everything of it is stored. Idempotent: written again after
    /// a restart, the newest row counts.
    private func tellStorage() { leaving.withLock { leaving in tellStorage(except: leaving.now) } }

    /// Removes what ClickHouse has of the run by `body`: nothing is written about it meanwhile. Blocks. It ends
    /// with the run removed here, too.
    func keepingSilent<Failure>(about runID: Name, _ body: () throws(Failure) -> Void) throws(Failure) {
        leaving.withLock { leaving in
            leaving.now.insert(runID)
            leaving.before?.insert(runID)
        }
        defer { _ = leaving.withLock { $0.now.remove(runID) } }
        try body()
    }

    private func tellStorage(except leaving: Set<Name>) {
        guard let storage, storage.status().isReached else { return }
        do throws(ClickHouseError) {
            // Known and cheap but for the first time: then it makes what is missing, the view over all tables too.
            try storage.tables.connect()
        } catch { return logger.debug("ClickHouse: \(error)") }
        let told = state.withLock { $0.told }
        var due: [(record: RunRecord, wanted: Told)] = []
        do throws(ClickHouseError) {
            for record in registry.unrecorded() where due.count < Self.mostRowsAtOnce && !leaving.contains(record.runID) {
                guard record.storedEvents > 0 || record.unstored == 0 else {
                    // It was live only, so far or for good: a run without rows is none of ClickHouse's.
                    if record.status != .running, record.isAccountedFor {
                        registry.update(record.runID) { if $0.accepted == record.accepted { $0.isRecorded = true } }
                    }
                    continue
                }
                let isFinal = record.status != .running && record.isAccountedFor
                // What comes after that, or was not seen yet, makes other totals.
                let wanted = Told(status: record.status, tags: record.tags, finalEvents: isFinal ? record.accepted : nil)
                let before = told[record.runID]
                guard before != wanted,
                    record.status == .running || isFinal || before?.status != record.status || before?.tags != record.tags
                else { continue }
                due.append((record, wanted))
            }
            let totals = try totals(of: due.filter { $0.wanted.finalEvents != nil }.map(\.record), storage)
            if !due.isEmpty { try storage.write(due.map { Self.metadata($0.record, totals[$0.record.runID]) }) }
        } catch {
            // ClickHouse went away in between: the next turn tries again.
            return logger.debug("run_metadata: \(error)")
        }
        state.withLock { state in for run in due { state.told[run.record.runID] = run.wanted } }
        for run in due where run.wanted.finalEvents != nil {
            // Unless something has come meanwhile.
            registry.update(run.record.runID) { if $0.accepted == run.record.accepted { $0.isRecorded = true } }
        }
    }
    /// Thousands of runs may begin at once; each insert costs ClickHouse the same, whatever is in it.
    private static let mostRowsAtOnce = 1_000

    /// Many small runs are counted together: a question costs ClickHouse some ms whatever it is about, and meanwhile no run is told what
    /// is stored of it. Frames of a question are held in memory until they are counted.
    private func totals(of records: [RunRecord], _ storage: Storage) throws(ClickHouseError) -> [Name: RunTotals] {
        var found: [Name: RunTotals] = [:]
        var together: [RunRecord] = []
        for record in records {
            let events = together.reduce(record.accepted) { $0 &+ $1.accepted }
            if !together.isEmpty, together.count == Self.mostCountedTogether || events > Self.mostEventsCountedTogether {
                found.merge(try storage.finalTotals(together.map(\.runID))) { $1 }
                together = []
            }
            together.append(record)
        }
        found.merge(try storage.finalTotals(together.map(\.runID))) { $1 }
        return found
    }
    private static let mostCountedTogether = 100
    private static let mostEventsCountedTogether: UInt64 = 2_000_000

    /// `totals`: nil while not everything of the run is stored.
    private static func metadata(_ record: RunRecord, _ totals: RunTotals?) -> RunMetadata {
        var row = RunMetadata(
            runID: record.runID, startedAt: seconds(record.startedMs), endedAt: record.endedMs.map(seconds),
            totalEvents: record.storedEvents, maxFrameIndex: UInt32(clamping: record.lastFrame), sourceID: record.sourceID,
            config: record.config.isEmpty ? "{}" : record.config, engineVersion: record.engineVersion, seed: record.seed,
            status: record.status.rawValue, endReason: record.endReason, tags: json(record.tags),
            receivedAt: seconds(record.orderMs), updatedAt: UInt32(clamping: Int(Date().timeIntervalSince1970)))
        guard let totals else { return row }
        row.totalEvents = totals.events
        row.totalFrames = UInt32(clamping: totals.frames)
        row.maxFrameIndex = UInt32(clamping: totals.lastFrame)
        row.durationSeconds = totals.lastSimTime - totals.firstSimTime
        return row
    }

    private static func seconds(_ milliseconds: Int64) -> UInt32 { UInt32(clamping: milliseconds / 1_000) }

    private static func json(_ tags: [Name: Name]) -> String {
        let set = TagSet(tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        return set.json.isEmpty ? "{}" : String(decoding: set.json, as: UTF8.self)
    }
}

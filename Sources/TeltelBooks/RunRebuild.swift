/// Makes records of runs again when the control store begins anew: from `run_metadata`, from the tables, and from the spool. A record that
/// is there is never replaced.
import Dispatch
import Foundation
import Logging
import Synchronization
import TeltelControl
import TeltelEvents
import TeltelRuns
import TeltelStorage

/// On a thread of its own, a part at a time, once storage answers; killed meanwhile, the next collector begins it again.
package final class RunRebuild: Sendable {
    private let registry: RunRegistry
    private let storage: Storage?
    private let store: ControlStore?
    private let bookkeeper: Bookkeeper
    private let logger: Logger
    /// Nobody else writes into the database.
    private let isAlone: Bool
    private let stopping = Atomic<Bool>(false)
    private let wake = DispatchSemaphore(value: 0)

    /// So many runs are asked for at once.
    private static let partRuns = 200
    private static let againSeconds = 1.0
    private static let longestPause = 60.0

    package init(
        registry: RunRegistry, storage: Storage?, store: ControlStore?, bookkeeper: Bookkeeper, isAlone: Bool, logger: Logger
    ) {
        self.isAlone = isAlone
        self.registry = registry
        self.storage = storage
        self.store = store
        self.bookkeeper = bookkeeper
        self.logger = logger
    }

    package func run() {
        if let storage, let store { rebuild(storage, store) }
        // A service that returns would end the others.
        while !stopping.load(ordering: .acquiring) { wake.wait() }
    }

    package func stop() {
        stopping.store(true, ordering: .releasing)
        wake.signal()
    }

    private func rebuild(_ storage: Storage, _ store: ControlStore) {
        var (place, made, isSaid, pause) = (Name?.none, 0, false, Self.againSeconds)
        while !stopping.load(ordering: .acquiring) {
            do {
                if try store.isComplete { return bookkeeper.endRebuild() }
                guard storage.status().isReached else {
                    _ = wake.wait(timeout: .now() + Self.againSeconds)
                    continue
                }
                try storage.tables.connect()
                let (rows, isLast) = try storage.tables.metadata(after: place, limit: Self.partRuns)
                made += try rebuild(rows, storage)
                place = rows.last?.runID ?? place
                pause = Self.againSeconds
                guard isLast else { continue }
                made += try bookkeeper.insertMissing(spooled(storage)).count
                try store.noteComplete()
                if made > 0 {
                    logger.notice(
                        "the control store began anew: records of \(made) runs have been made again from what is stored")
                }
                bookkeeper.endRebuild()
                return
            } catch {
                // It goes on from where it was. That ClickHouse went away is said elsewhere.
                let isAway = (error as? ClickHouseError).map { $0.code == nil } ?? false
                if !isSaid, !isAway {
                    logger.warning("\(printable("records of earlier runs cannot be made again for now: \(error)"))")
                    isSaid = true
                }
                _ = wake.wait(timeout: .now() + pause)
                // What ClickHouse refuses it will most likely refuse again.
                if !isAway { pause = min(2 * pause, Self.longestPause) }
            }
        }
    }

    /// Returns how many records were made.
    private func rebuild(_ rows: [RunMetadata], _ storage: Storage) throws -> Int {
        // Rows of these are on their way, or were this collector's: what becomes of them is counted in the record.
        let spooled = Set(storage.totals().keys.map(\.run.runID))
        let missing = try rows.filter { row in
            // A run that goes on may be another collector's: nothing can be said about it here.
            guard row.status != RunRecord.Status.running.rawValue || isAlone || spooled.contains(row.runID) else { return false }
            return try store?.hasRun(row.runID) == false
        }
        let types = try storage.tables.types(of: missing.map(\.runID))
        let records = missing.map { row in
            RunRecord(row, types[row.runID] ?? [], isOurs: spooled.contains(row.runID))
        }
        return try bookkeeper.insertMissing(records).count
    }

    /// Runs of which the spool has rows and nothing else knows anything.
    private func spooled(_ storage: Storage) throws -> [RunRecord] {
        var records: [Name: RunRecord] = [:]
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        for (key, tally) in storage.totals().sorted(by: { $0.key < $1.key }) {
            let (runID, accepted) = (key.run.runID, UInt64(max(0, tally.spooled + tally.neverSpooled)))
            // Of runs that have been removed the spool remembers the names.
            guard accepted > 0 else { continue }
            if records[runID] == nil {
                guard try store?.hasRun(runID) == false else { continue }
                var record = RunRecord(runID: runID, sourceID: key.run.sourceID, startedMs: now)
                (record.receivedMs, record.status, record.endReason) = (now, .failed, RunRegistry.hostRestarted)
                records[runID] = record
            }
            records[runID]?.heard(of: key.run.sourceID)
            records[runID]?.types.append(
                .init(
                    sourceID: key.run.sourceID, channel: key.table.channel, type: key.table.type,
                    accepted: accepted))
        }
        return Array(records.values)
    }
}

extension RunRecord {
    /// What storage knows of a run. Units, labels and keys of its fields, refusals and losses are none of it.
    /// - Parameter isOurs: nobody else writes about it.
    package init(_ row: RunMetadata, _ stored: [StoredType], isOurs: Bool) {
        self.init(runID: row.runID, sourceID: row.sourceID, startedMs: Int64(row.startedAt) * 1_000)
        receivedMs = Int64(row.receivedAt) * 1_000
        (engineVersion, seed, config) = (row.engineVersion, row.seed, row.config == "{}" ? "" : row.config)
        if let tags = try? JSONDecoder().decode([Name: Name].self, from: Data(row.tags.utf8)) {
            take(tags: tags.map { (key: $0.key, value: $0.value) })
        }
        types = stored.map { .init(sourceID: $0.sourceID, channel: $0.channel, type: $0.type, accepted: $0.rows) }
        for type in types { heard(of: type.sourceID) }
        lastFrame = stored.map(\.lastFrame).max() ?? UInt64(row.maxFrameIndex)
        lastSimTime = stored.map(\.lastSimTime).max() ?? 0
        storedEvents = seen
        // Only the final row counts them all.
        acceptedAtLeast = max(seen, row.isFinal ? row.totalEvents : 0)
        (status, endReason) = (Status(rawValue: row.status) ?? .failed, row.endReason)
        endedMs = row.endedAt.map { Int64($0) * 1_000 }
        if status == .running { (status, endReason) = (.failed, RunRegistry.hostRestarted) }
        // Whoever has fallen silent may go on; all others have ended, and another run of their name is another run.
        if endReason != RunRegistry.silence { endedSources = orderedSources }
        // Of several collectors with one ClickHouse none writes about the others' runs.
        isRecorded = row.isFinal || !isOurs
    }
}

extension RunMetadata {
    /// Of the rows of a run only the last one has totals.
    fileprivate var isFinal: Bool { totalFrames > 0 }
}

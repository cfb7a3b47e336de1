/// The storage side as the collector sees it: spool reader, keeper, inserter and, without a server, the embedded ClickHouse.
import CTeltelRings
import Foundation
import Synchronization
import TeltelEvents
import TeltelRings

package struct StorageOptions: Sendable {
    /// Absolute path; 0700.
    package var dataDirectory: String
    /// nil: the embedded ClickHouse.
    package var clickHouse: ClickHouseServer?
    /// Most bytes of the spool's log files; 0: nothing will be spooled.
    package var spoolLimitBytes: Int
    package var rules = SpoolReader.Rules()
    package var bootID: [UInt8]
    /// Event types with a table of their own.
    package var maxTables = 256

    package init(dataDirectory: String, clickHouse: ClickHouseServer?, spoolLimitBytes: Int, bootID: [UInt8]) {
        self.dataDirectory = dataDirectory
        self.clickHouse = clickHouse
        self.spoolLimitBytes = spoolLimitBytes
        self.bootID = bootID
    }
}

package struct StorageStatus: Sendable {
    package enum State: String, Sendable { case ok, connecting, failed }
    package var state: State
    /// One line for people.
    package var detail: String
    package var spool: SpoolStatus
    package var inserter: InserterStatus
    /// Takes rows.
    package var isReady: Bool { state == .ok }
    /// Answers questions and removes rows, though it may take none: its disk may be full.
    package var isReached: Bool
    /// Tables of new types that are still to be made before their rows are stored.
    package var missingTables = 0
    /// Types that have no table of their own, of those that have come since the start.
    package var sharingTypes = 0
}

/// Thread-safe. `start` and `stop` once each.
package final class Storage: Sendable {
    package let tables: ClickHouseTables
    private let store: SpoolStore
    private let catalog: TableCatalog
    private let supervisor: HostSupervisor?
    private let options: StorageOptions
    private let hold: FolderHold
    private let inserterShare = InserterShare()
    private let spoolNap = Nap()
    private let keeperNap = Nap()
    private let inserterNap = Nap()
    private let phase = Mutex(Phase.running)
    private let threads = DispatchGroup()

    /// The order in which the threads end: each waits for the one before it.
    private enum Phase: Int {
        case running, stopping, ringsRead, inserted
    }

    /// Opens the spool. Blocks for as long as it takes to read what is there.
    package init(_ options: StorageOptions, files: any FileLayer = SystemFiles()) throws(StorageError) {
        self.options = options
        do throws(FileError) { try files.makeFolder(options.dataDirectory) } catch { throw StorageError(error) }
        hold = try FolderHold(options.dataDirectory)
        let spool = options.dataDirectory + "/spool"
        store = try SpoolStore(Self.spoolOptions(options, folder: spool), files: files)
        catalog = TableCatalog(limit: options.maxTables, known: store.tableKeys)
        let client: ClickHouseClient
        if let server = options.clickHouse {
            supervisor = nil
            do throws(ClickHouseError) { client = ClickHouseClient(try ClickHouseEndpoint(server)) } catch {
                throw StorageError(.clickHouse, error.description)
            }
        } else {
            let host = HostSupervisor(files: HostFiles(dataDirectory: options.dataDirectory, payloadDirectory: spool))
            supervisor = host
            client = ClickHouseClient(host.endpoint) { host.whyAway }
        }
        tables = ClickHouseTables(client: client, catalog: catalog)
        // The first log file takes longer to make than a ring may last: before anybody emits.
        try store.tidy()
    }

    private static let smallestLog = 8 << 20

    /// A small limit still gives several log files, so that one can be used again while another is written.
    private static func spoolOptions(_ options: StorageOptions, folder: String) -> SpoolOptions {
        let limit = max(options.spoolLimitBytes, 2 * smallestLog)
        var spool = SpoolOptions(folder: folder, limitBytes: limit, bootID: options.bootID)
        spool.needsRoom = options.spoolLimitBytes > 0
        spool.logBytes = min(spool.logBytes, max(smallestLog, limit / 8 / LogHeader.pageBytes * LogHeader.pageBytes))
        return spool
    }

    package func start(_ source: any InstanceSource) {
        supervisor?.start()
        // Readers and inserter belong to one thread each, so they are made there.
        thread("teltel-spool") { [self] in runSpool(source) }
        thread("teltel-keeper") { [self] in runKeeper(source) }
        thread("teltel-insert") { [self] in runInserter() }
    }

    private func thread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        threads.enter()
        let thread = Thread { [threads] in
            teltel_name_thread(name)
            body()
            threads.leave()
        }
        thread.name = name
        thread.start()
    }

    /// Takes over what is in the rings, and gives ClickHouse up to `patience` to take it; the rest stays in the spool.
    package func stop(patience: Duration) {
        let milliseconds =
            UInt64(max(0, patience.components.seconds)) * 1_000 + UInt64(patience.components.attoseconds / 1_000_000_000_000_000)
        deadlineMs.store(Self.nowMs() + milliseconds, ordering: .releasing)
        enter(.stopping)
        // An answer that does not come must not keep the process: the group is sent again, and counted, by the next one.
        if threads.wait(timeout: .now() + .milliseconds(Int(milliseconds) + Self.lastWordsMs)) == .timedOut {
            tables.client.interrupt()
            threads.wait()
        }
        supervisor?.stop()
    }
    private static let lastWordsMs = 500
    /// Of the monotonic clock.
    private let deadlineMs = Atomic<UInt64>(.max)

    private func enter(_ new: Phase) {
        phase.withLock { $0 = new }
        for nap in [spoolNap, keeperNap, inserterNap] { nap.wake() }
    }
    private func has(reached least: Phase) -> Bool { phase.withLock { $0.rawValue >= least.rawValue } }
    private static func nowMs() -> UInt64 { teltel_monotonic_ns() / 1_000_000 }

    /// There is something in the rings: called by those that write into the collector's own, and by the live reader after a
    /// quiet time.
    package func wake() { spoolNap.wake() }

    /// A run has ended: its rows are sent without waiting for more.
    package func flush() {
        inserterShare.requestFlush()
        inserterNap.wake()
    }

    // MARK: threads

    private func runSpool(_ source: any InstanceSource) {
        let reader = SpoolReader(
            store: store, source: source, catalog: catalog, rules: options.rules, runEnded: { [self] in flush() })
        while true {
            let isLast = has(reached: .stopping)
            var nap = 20_000
            do throws(StorageError) {
                nap = try reader.pass(nowNs: teltel_monotonic_ns(), wallNs: teltel_wall_ns(), flush: isLast)
            } catch { store.report(error) }
            if isLast { return enter(.ringsRead) }
            spoolNap.sleep(microseconds: nap)
        }
    }

    private static let syncMicroseconds = 500_000

    /// Syncs at least once a second, tidies up, and says which instances are done with.
    private func runKeeper(_ source: any InstanceSource) {
        while true {
            let isLast = has(reached: .inserted)
            do throws(StorageError) {
                store.tableKeys = catalog.keys
                for id in try store.sync() { source.spoolFinished(id) }
                try store.tidy()
            } catch { store.report(error) }
            if isLast { return }
            keeperNap.sleep(microseconds: Self.syncMicroseconds)
        }
    }

    private static let longestNapMs: UInt64 = 100
    private static let lookPauseMs: UInt64 = 1_000

    private func runInserter() {
        let wall: @Sendable () -> UInt64 = { teltel_wall_ns() / 1_000_000 }
        let inserter = Inserter(store: store, target: tables, shared: inserterShare, wallMs: wall)
        var nextLookMs: UInt64 = 0
        var isLast = false
        while true {
            let now = Self.nowMs()
            if !isLast, has(reached: .ringsRead) {
                isLast = true
                inserterShare.requestFlush()
            }
            if now >= nextLookMs {
                look()
                nextLookMs = now + Self.lookPauseMs
            }
            let until = inserter.step(nowMs: now)
            if isLast, inserter.isEmpty || !inserterShare.status.isReached || now >= deadlineMs.load(ordering: .acquiring) {
                return enter(.inserted)
            }
            guard let until else { continue }
            inserterNap.sleep(microseconds: Int(max(1, min(until - min(until, now), Self.longestNapMs))) * 1_000)
        }
    }

    /// Is ClickHouse there? Asked when no insert tells.
    private func look() {
        do throws(ClickHouseError) {
            try tables.client.ping()
            // Asks only for what is not known yet.
            if !inserterShare.status.isReached { try tables.connect() }
            inserterShare.reached(nil)
        } catch { inserterShare.reached(error) }
    }

    // MARK: questions

    package func status() -> StorageStatus {
        let spool = store.status()
        let inserter = inserterShare.status
        var state = StorageStatus.State.ok
        var detail = "ClickHouse at \(tables.client.endpoint.description)"
        switch supervisor?.current {
        case .starting: (state, detail) = (.connecting, HostSupervisor.startingText)
        case .ready(let version):
            detail = "embedded ClickHouse \(version)"
            if !inserter.isReached {
                state = Self.away(inserter)
                // What could not be reached before it had started says nothing.
                detail =
                    (state == .failed ? inserter.reachError : nil) ?? "\(detail) has started and is being asked for its tables"
            }
        case .failed(let reason), .missing(let reason): (state, detail) = (.failed, reason)
        case .stopped: (state, detail) = (.failed, "stopped")
        case nil:
            if !inserter.isReached {
                (state, detail) = (
                    Self.away(inserter), inserter.reachError ?? "connecting to \(tables.client.endpoint.description)"
                )
            }
        }
        let isReached = state == .ok
        if isReached, let problem = tables.viewProblem { detail += "; telemetry_events does not show all tables: \(problem)" }
        let sharing = catalog.sharingCount
        if sharing > 0 {
            detail +=
                "; \(sharing) types share one table, because \(catalog.limit) have one of their own (--max-tables): "
                + "questions about them take longer"
        }
        if inserter.surplusRows > 0 {
            detail += "; it has \(inserter.surplusRows) rows more than it was sent: some are there twice, the log names the runs"
        }
        let missing = isReached ? tables.missing(inserter.tablesWaiting) : 0
        if missing > 1 { detail += "; tables of new types are being made, \(missing) to go, and rows wait for them" }
        if isReached, let obstacle = inserter.obstacle { (state, detail) = (.failed, obstacle) }
        return StorageStatus(
            state: state, detail: detail, spool: spool, inserter: inserter, isReached: isReached, missingTables: missing,
            sharingTypes: sharing)
    }

    private static func away(_ inserter: InserterStatus) -> StorageStatus.State { inserter.isRefused ? .failed : .connecting }

    /// Rows in segments that are neither stored nor given up.
    package var waitingRows: Int { store.waitingRows }
    /// By writer: how far its rows are spooled and stored.
    package func marks(_ instance: InstanceID) -> [UInt16: RingMarks] { store.marks(instance) }
    /// Rows by instance, run, channel and type.
    package func totals() -> [RowKey: Tally] { store.totals() }
    /// The same, and the instances whose counts change no more. They are remembered until `noteWritten` names them.
    package func totalsAndFinal() -> (totals: [RowKey: Tally], final: Set<InstanceID>) { store.totalsAndFinal() }
    package func noteWritten(_ final: Set<InstanceID>) { store.noteWritten(final) }
    /// Before `start`: there are rings of these instances, and of no others. Returns the instances of which nothing can be missing.
    package func settleGone(present: Set<InstanceID>) -> Set<InstanceID> { store.settleGone(present: present) }

    /// A question that only reads. Blocks.
    package func query(_ sql: String, _ parameters: [String: String], format: String) throws(ClickHouseError) -> [UInt8] {
        try tables.client.run(ClickHouseQuery(sql, parameters: parameters, settings: ["readonly": "1"], format: format))
    }

    // MARK: removing

    /// Rows of the run wait for ClickHouse.
    package func hasRowsUnderway(_ runID: Name) -> Bool { store.hasRowsUnderway(runID) }

    /// Takes every row of the run out of ClickHouse, and its counts out of the spool. None may be underway. Blocks until the rows
    /// are gone; repeating it does no harm.
    package func remove(run runID: Name) throws(RemovalError) {
        do throws(ClickHouseError) { try tables.remove(run: runID) } catch { throw .clickHouse(error) }
        do throws(StorageError) { try store.forget(run: runID) } catch { throw .spool(error) }
    }
    package enum RemovalError: Error {
        case clickHouse(ClickHouseError)
        case spool(StorageError)
    }

    /// Rows of `run_metadata`. Blocks.
    package func write(_ rows: [RunMetadata]) throws(ClickHouseError) { try tables.write(rows) }
}

/// The data folder, held against a second collector for as long as this lives.
package final class FolderHold: Sendable {
    private let lock: OwnedDescriptor

    package init(_ path: String) throws(StorageError) {
        let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw StorageError(.disk, "cannot open \(path): \(String(cString: strerror(errno)))") }
        let folder = OwnedDescriptor(opened)
        do throws(RingDirectoryError) { lock = try FolderLock.take(folder: folder, path: path) } catch {
            throw StorageError(.inUse, error.description)
        }
    }
}

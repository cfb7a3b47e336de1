import Foundation
import TeltelEvents
import TeltelRings
import TeltelStorage
import TeltelTestSupport
import Testing

/// A folder for rings that goes with its owner.
final class RingHome {
    let path = "/dev/shm/teltel-spool-\(UUID().uuidString)"
    init() { mkdir(path, 0o700) }
    deinit {
        // Nothing depends on it: the folder lies in memory.
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// One storage on simulated disk, database and time, with the engines that feed it. Everything happens step by step on one
/// thread; a crash may come in any file operation, and the harness goes on after it as a new process would.
final class SpoolHarness {
    let files: FaultyFiles
    let target: ScriptedTarget
    let random: SharedRandom
    var home = RingHome()
    var options: SpoolOptions
    var cadence = InserterState.Cadence()
    var rules = SpoolReader.Rules()
    var nowMs: UInt64 = 1_000_000
    /// How far the wall clock is from it.
    var wallOffsetMs: Int64 = 0
    /// What ends a process: kill, or the power with the rings in memory.
    var losesPower = false
    /// Further crashes, counted in operations from each restart.
    var crashesToCome: [Int] = []
    private(set) var restarts = 0
    private(set) var engines: [SyntheticInstance] = []
    /// Rows that an engine got into its ring.
    private(set) var accepted: Set<ScriptedTarget.Row> = []
    private(set) var refused = 0
    /// Rows that would survive a power loss, as far as the storage has said.
    private(set) var promised: Set<ScriptedTarget.Row> = []
    private(set) var finished: [InstanceID] = []
    private var machine: Machine?

    struct Machine {
        let store: SpoolStore
        let source: RingDirectory
        let reader: SpoolReader
        let inserter: Inserter
        let share: InserterShare
    }

    init(seed: UInt64, chaos: Bool = false, limitBytes: Int = 1 << 20, logBytes: Int = 64 << 10) {
        random = SharedRandom(seed: seed)
        files = FaultyFiles(seed: seed)
        target = ScriptedTarget(files: files, chaosSeed: chaos ? seed : nil)
        options = SpoolOptions(folder: "/spool", limitBytes: limitBytes, bootID: SyntheticInstance.bootID)
        options.logBytes = logBytes
        cadence.rows = 40
        cadence.ageMs = 400
        cadence.digestAgeMs = 800
        rules.rows = 25
    }

    var store: SpoolStore { machine!.store }
    var inserter: Inserter { machine!.inserter }
    var inserterStatus: InserterStatus { machine!.share.status }

    static let body = SyntheticInstance.TypeDefinition(
        "body", "state", [("pos.x", .f64), ("pos.y", .f64), ("id", .u32), ("on", .u32)])
    static let wheel = SyntheticInstance.TypeDefinition("wheel", "slip", [("slip", .f64)])

    @discardableResult func addEngine(_ id: UInt64, writers: Int = 2, ringBytes: Int = 16 << 10) -> SyntheticInstance {
        let engine = SyntheticInstance(in: home.path, id: id, runID: "run-\(id)", writers: writers, ringBytes: ringBytes)
        engine.define(Self.body)
        engine.define(Self.wheel)
        engines.append(engine)
        machine?.source.lookAround()
        return engine
    }

    /// Does nothing for an engine that went with the power.
    func emit(_ engine: SyntheticInstance, writer: Int, type: UInt16, frame: UInt64) {
        guard engines.contains(where: { $0 === engine }) else { return }
        let size = (type == 1 ? Self.body : Self.wheel).recordSize
        let payload = (0..<size).map { UInt8(truncatingIfNeeded: Int(frame) &* 31 &+ $0) }
        if let sequence = engine.emit(writer, type, frame: frame, simTime: Double(frame) / 100, payload) {
            accepted.insert(ScriptedTarget.Row(ring: RingID(instance: engine.id, writer: UInt16(writer)), sequence: sequence))
        } else {
            refused += 1
        }
    }

    // MARK: life of the process

    func start() throws {
        machine = nil
        while machine == nil {
            do throws(StorageError) { machine = try makeMachine() } catch {
                try #require(error.code == .stopped, "\(error)")
                recover()
            }
        }
    }

    private func makeMachine() throws(StorageError) -> Machine {
        let random = random
        let store = try SpoolStore(options, files: files, random: { random.next() })
        let source: RingDirectory
        do throws(RingDirectoryError) {
            source = try RingDirectory(
                path: home.path, waitsForSpool: true,
                naming: { run, _ in RunKey(runID: run.runID, sourceID: run.sourceID) })
        } catch { fatalError(error.description) }
        source.lookAround()
        let share = InserterShare()
        let clock = nowMs
        let inserter = Inserter(store: store, target: target, cadence: cadence, shared: share, wallMs: { clock })
        return Machine(
            store: store, source: source,
            reader: SpoolReader(store: store, source: source, catalog: TableCatalog(), rules: rules),
            inserter: inserter, share: share)
    }

    private func recover() {
        machine = nil
        restarts += 1
        files.restart(powerLoss: losesPower)
        if !crashesToCome.isEmpty { files.crash(after: crashesToCome.removeFirst()) }
        guard losesPower else { return }
        engines = []
        home = RingHome()
        options.bootID = [UInt8](repeating: UInt8(truncatingIfNeeded: restarts), count: 16)
    }

    /// - Parameter beforeStart: while no process runs.
    func restart(beforeStart: () throws -> Void = {}) throws {
        recover()
        try beforeStart()
        try start()
    }

    /// Runs one part of the process; after a crash in it, a new process is started. Returns whether it went through.
    @discardableResult func step(_ work: (Machine) throws -> Void) throws -> Bool {
        do {
            try work(machine!)
        } catch let error as StorageError {
            guard error.code == .stopped else { throw error }
        }
        guard files.hasCrashed else { return true }
        try restart()
        return false
    }

    func read() throws {
        let wallMs = UInt64(Int64(nowMs) + wallOffsetMs)
        try step { _ = try $0.reader.pass(nowNs: nowMs * 1_000_000, wallNs: wallMs * 1_000_000) }
    }
    func keep() throws {
        try step { machine in
            let done = try machine.store.sync()
            for id in done { machine.source.spoolFinished(id) }
            finished += done
            let living = Set(engines.map(\.id))
            promised.formUnion(
                accepted.filter { living.contains($0.ring.instance) && $0.sequence < (machine.store.mark($0.ring) ?? 0) })
            try machine.store.tidy()
        }
    }
    func insert() throws {
        try step { machine in
            for _ in 0..<50 where !files.hasCrashed {
                if machine.inserter.step(nowMs: nowMs) != nil { return }
            }
        }
    }

    func tick(_ ms: UInt64 = 100) throws {
        nowMs += ms
        try read()
        if nowMs / ms % 4 == 0 { try keep() }
        try insert()
    }

    /// Until everything is stored or given up, or `ticks` are over.
    func drain(ticks: Int = 2_000) throws {
        machine!.source.lookAround()
        for _ in 0..<ticks {
            try tick()
            try keep()
            let waiting = engines.contains { engine in (0..<2).contains { engine.released($0) < engine.head($0) } }
            if !waiting, inserter.isEmpty, inserterStatus.rowsWaiting == 0, store.isAllStored { return }
        }
        let quarantined = machine!.source.quarantined.map { "\($0.name): \($0.fault)" }
        Issue.record("not drained after \(ticks) ticks: \(inserterStatus) \(store.status()) \(quarantined)")
    }

    // MARK: truth

    /// Every stored row was accepted and is there once, and so is every digest. Returns how many accepted rows are missing.
    func missing(_ comment: Comment? = nil) throws -> Int {
        let stored = target.rows
        let digests = target.digests
        try #require(digests.values.allSatisfy { $0 == 1 }, comment)
        try #require(Set(digests.keys).isSubset(of: accepted), comment)
        try #require(stored.values.allSatisfy { $0 == 1 }, comment)
        try #require(Set(stored.keys).isSubset(of: accepted), comment)
        return accepted.count - stored.count
    }
    func requireAllStored(_ comment: Comment? = nil) throws {
        try #require(try missing(comment) == 0, comment)
        let tally = store.totals().sum()
        try #require(tally.spooled == accepted.count, comment)
        try #require(tally.stored == accepted.count, comment)
        try #require(tally.lostTotal == 0, comment)
    }
}

/// Finds the instances in the shared-memory folder, watches their producers, and removes what is done with.
import CTeltelRings
import Foundation
import Glibc
import Synchronization
import TeltelEvents

/// Why the shared-memory folder cannot be used.
package struct RingDirectoryError: Error, CustomStringConvertible, Sendable {
    package let description: String
}

/// The shared-memory folder. One collector at a time. Thread-safe.
package final class RingDirectory: Sendable {
    package let path: String
    private let folder: OwnedDescriptor
    private let lockFile: OwnedDescriptor
    /// The name of a new engine run that another instance, ended or not, may bear already.
    package typealias Naming = @Sendable (RunDescription, _ others: [RingInstance]) -> RunKey
    private let naming: Naming
    private let state = Mutex(State())
    private let versionNumber = Atomic<UInt64>(1)
    private let stopping = Atomic<Bool>(false)

    /// An instance that is not read because its files lie.
    package struct Quarantined: Sendable {
        package let name: String
        package let fault: RingFault
    }
    private struct State {
        var instances: [RingInstance] = []
        var known: Set<String> = []
        /// Folders without a run file, and since when.
        var expected: [String: UInt64] = [:]
        var quarantined: [Quarantined] = []
        /// Who still needs an instance after its end.
        var liveDone: Set<InstanceID> = []
        var spoolDone: Set<InstanceID> = []
        var recordDone: Set<InstanceID> = []
    }

    /// - Parameters:
    ///   - waitsForSpool: files stay until the spool reader has taken everything over.
    ///   - waitsForRecords: files stay until what they tell about runs is in the control store: a collector that is killed before
    ///     that finds it in the files again.
    private let waitsForSpool, waitsForRecords: Bool

    package init(
        path: String, waitsForSpool: Bool, waitsForRecords: Bool = false, naming: @escaping Naming
    ) throws(RingDirectoryError) {
        self.path = path
        self.waitsForSpool = waitsForSpool
        self.waitsForRecords = waitsForRecords
        self.naming = naming
        mkdir(path, 0o700)
        let opened = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard opened >= 0 else {
            throw RingDirectoryError(
                description:
                    "cannot use the shared-memory folder \(path): \(String(cString: strerror(errno))); choose another with --shm-dir"
            )
        }
        folder = OwnedDescriptor(opened)
        var facts = stat()
        guard fstat(opened, &facts) == 0, facts.st_uid == geteuid(), facts.st_mode & 0o077 == 0 else {
            let problem =
                facts.st_uid == geteuid()
                ? "others can look into \(path): make it yours alone with `chmod 700 \(path)`" : "\(path) belongs to another user"
            throw RingDirectoryError(description: "\(problem), or choose another folder with --shm-dir")
        }
        lockFile = try FolderLock.take(folder: folder, path: path)
        _ = HostIdentity.current  // read while there are descriptors for it
    }
    // MARK: for the readers

    /// Grows whenever `instances` changes.
    package var version: UInt64 { versionNumber.load(ordering: .acquiring) }
    package var instances: [RingInstance] { state.withLock { $0.instances } }
    /// Of which there are files, whether they can be read or not; nil: the folder tells nothing now.
    package var present: Set<InstanceID>? {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return nil }
        return Set(names.compactMap { InstanceID(text: $0) }).union(instances.map(\.id))
    }
    package var quarantined: [Quarantined] {
        state.withLock { state in
            state.quarantined
                + state.instances.compactMap { instance in
                    instance.fault.map { Quarantined(name: instance.id.description, fault: $0) }
                }
        }
    }

    /// Instances of which something cannot be opened now; it is tried again.
    package var waiting: [Quarantined] {
        state.withLock { state in
            state.instances.compactMap { instance in
                instance.shortage.map { Quarantined(name: instance.id.description, fault: $0) }
            }
        }
    }

    /// The live reader has read everything of an ended instance.
    package func liveFinished(_ id: InstanceID) {
        state.withLock { _ = $0.liveDone.insert(id) }
    }
    /// The spool has taken over everything of an ended instance, synced, with its final counters.
    package func spoolFinished(_ id: InstanceID) {
        state.withLock { _ = $0.spoolDone.insert(id) }
    }

    /// What these instances have told about runs is on disk: of engines their ends, of the collector's own all runs in them.
    package func recordsFinished(_ ids: [InstanceID]) {
        state.withLock { $0.recordDone.formUnion(ids) }
    }

    // MARK: the watch

    /// Looks for new instances and ended producers until `stop`. Runs on a thread of its own.
    package func run() {
        teltel_name_thread("teltel-rings")
        let watch = teltel_watch_folder(path)
        defer { if watch >= 0 { close(watch) } }
        var askedProcesses: UInt64 = 0
        var askedAll: UInt64 = 0
        var hasNews = true
        while !stopping.load(ordering: .relaxed) {
            let now = teltel_monotonic_ns()
            var depth = RingInstance.Question.runFile
            if now - askedProcesses > Self.processesNs { (askedProcesses, depth) = (now, .process) }
            if now - askedAll > Self.allNs { (askedAll, depth) = (now, .all) }
            let expecting = lookAround(newOnes: hasNews || depth == .all, asking: depth)
            // A folder appears before its run file does, and the watch sees only the folder.
            let milliseconds = expecting ? 2 : min(Self.patienceMs + Int32(instances.count / 10), 3 * Self.patienceMs)
            if watch >= 0 {
                hasNews = teltel_wait_watch(watch, milliseconds) != 0 || expecting
            } else {
                usleep(UInt32(milliseconds) * 1_000)
                hasNews = true
            }
        }
    }
    package func stop() { stopping.store(true, ordering: .relaxed) }

    /// Between looks at the ends of runs; of very many runs, ends are seen a little later.
    private static let patienceMs: Int32 = 100
    private static let processesNs: UInt64 = 500_000_000
    /// Of the folder, in case the watch has missed something, and of the locks of processes that live: such a process may have
    /// let go of its run.
    private static let allNs: UInt64 = 5_000_000_000

    /// One look: new folders, ended producers, finished instances. Returns whether a folder has just appeared whose run file
    /// has not.
    @discardableResult
    package func lookAround(newOnes: Bool = true, asking depth: RingInstance.Question = .all) -> Bool {
        let (known, instances) = state.withLock { ($0.known, $0.instances) }
        // First the ends, then the beginnings: a run id may be used again at once.
        for instance in instances { instance.checkProducer(depth) }
        let opened = newOnes ? entries().filter { !known.contains($0) }.compactMap(open) : []
        for folder in opened.sorted(by: { $0.file.description.startWall < $1.file.description.startWall }) { adopt(folder) }
        removeFinished()
        if depth == .all { removeAbandoned() }
        return isExpecting()
    }

    /// The last look, when nobody reads or makes anything here any more: what is done with goes, and what nobody will ever finish.
    package func tidy() {
        lookAround(newOnes: true, asking: .runFile)
        let names = state.withLock { state in state.expected.keys.filter { !state.known.contains($0) } }
        for name in names { _ = AbandonedStart.remove(parent: folder.number, name: name, isLeaving: true) }
    }

    private func entries() -> [String] {
        // Reading fails when the folder was removed: it has no entries then, and the instances that are mapped go on.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { InstanceID(text: $0) != nil }
    }

    private func open(_ name: String) -> OpenedFolder? {
        // The run file appears under its name when it is complete; until then the folder is looked at again.
        var facts = stat()
        guard fstatat(folder.number, "\(name)/run", &facts, AT_SYMLINK_NOFOLLOW) == 0 else {
            let now = teltel_monotonic_ns()
            state.withLock { $0.expected[name] = $0.expected[name] ?? now }
            return nil
        }
        do throws(RingFault) {
            return try OpenedFolder(parent: folder.number, name: name)
        } catch {
            if error.code == .shortage { return nil }  // looked at again with all others
            state.withLock {
                $0.known.insert(name)
                $0.quarantined.append(Quarantined(name: name, fault: error))
            }
            return nil
        }
    }

    /// Known for a while, so that a clock that jumps does not make a start of this moment look old.
    private func removeAbandoned() {
        let now = teltel_monotonic_ns()
        let names = state.withLock { state in
            state.expected.filter { now - $0.value >= Self.allNs && !state.known.contains($0.key) }.map(\.key)
        }
        let gone = names.filter { AbandonedStart.remove(parent: folder.number, name: $0) }
        state.withLock { state in for name in gone { state.expected[name] = nil } }
    }

    /// For a second; a folder without run file after that is somebody's rubbish, and is looked at now and then.
    private func isExpecting() -> Bool {
        let now = teltel_monotonic_ns()
        return state.withLock { state in
            if state.expected.isEmpty { return false }
            for name in state.known { state.expected[name] = nil }
            return state.expected.values.contains { now - $0 < 1_000_000_000 }
        }
    }

    private func adopt(_ opened: OpenedFolder) {
        let instance = RingInstance(opened, run: name(opened))
        instance.checkProducer()
        state.withLock {
            $0.known.insert(instance.id.description)
            $0.instances.append(instance)
        }
        versionNumber.add(1, ordering: .releasing)
    }

    /// Noted beside the rings, so that a restarted collector goes on under the same name.
    private func name(_ opened: OpenedFolder) -> RunKey {
        let description = opened.file.description
        guard description.kind == .engine else { return RunKey(runID: "", sourceID: "") }
        if let noted = RunNote.read(folder: opened.descriptor.number), !noted.isEmpty {
            return RunKey(runID: noted, sourceID: description.sourceID)
        }
        let run = naming(description, instances)
        RunNote.write(run.runID, folder: opened.descriptor.number)
        return run
    }

    /// Somebody has deleted the run: files of it that were put aside go, if their producer has ended.
    package func discardQuarantined(run runID: Name) {
        // They count as failed since they were put aside; whether their producers have ended is asked now and then only.
        for instance in instances where instance.run.runID == runID && instance.fault != nil && instance.end == nil {
            instance.checkProducer(.process)
        }
        let discarded = state.withLock { state -> [RingInstance] in
            let found = state.instances.filter { $0.run.runID == runID && $0.fault != nil && $0.end != nil }
            state.instances.removeAll { instance in found.contains { $0 === instance } }
            return found
        }
        for instance in discarded { instance.removeFiles(parent: folder.number) }
        if !discarded.isEmpty { versionNumber.add(1, ordering: .releasing) }
    }

    private func removeFinished() {
        let finished = state.withLock { state -> [RingInstance] in
            if state.liveDone.isEmpty { return [] }
            let done = state.instances.filter { instance in
                let id = instance.id
                return state.liveDone.contains(id) && (!waitsForSpool || state.spoolDone.contains(id))
                    && (!waitsForRecords || state.recordDone.contains(id)) && instance.fault == nil
            }
            let ids = Set(done.map(\.id))
            guard !ids.isEmpty else { return [] }
            state.instances.removeAll { ids.contains($0.id) }
            state.liveDone.subtract(ids)
            state.spoolDone.subtract(ids)
            state.recordDone.subtract(ids)
            return done
        }
        for instance in finished { instance.removeFiles(parent: folder.number) }
        if !finished.isEmpty { versionNumber.add(1, ordering: .releasing) }
    }
}

/// One collector per folder: a lock that dies with its process.
package enum FolderLock {
    /// The lock lasts as long as the descriptor that is returned. `path` is for the message.
    package static func take(folder: OwnedDescriptor, path: String) throws(RingDirectoryError) -> OwnedDescriptor {
        let opened = openat(folder.number, "collector.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw RingDirectoryError(description: "cannot lock \(path): \(String(cString: strerror(errno)))")
        }
        let descriptor = OwnedDescriptor(opened)
        let answer = teltel_lock_folder(opened)
        guard answer == 0 else {
            let holder = answer < -1 ? "pid \(-answer)" : "another process"
            throw RingDirectoryError(
                description: "\(path) is in use by another collector (\(holder)); stop it, or choose another folder")
        }
        return descriptor
    }
}

/// Reads a spool folder after any end: orderly, kill, power loss, damage.
import TeltelEvents

struct SpoolRecovery {
    let options: SpoolOptions
    let files: any FileLayer
    let logFiles: LogFiles
    let reader: SegmentReader
    let groups: GroupStore
    let random: @Sendable () -> UInt64
    private var state = SpoolStore.State()
    /// A manifest is damaged: its rows may have been sent, under a name that is lost.
    private var suspects = false

    init(
        options: SpoolOptions, files: any FileLayer, logFiles: LogFiles, reader: SegmentReader, groups: GroupStore,
        random: @escaping @Sendable () -> UInt64
    ) {
        self.options = options
        self.files = files
        self.logFiles = logFiles
        self.reader = reader
        self.groups = groups
        self.random = random
    }

    mutating func run(_ index: inout IndexFiles) throws(StorageError) -> SpoolStore.State {
        try readIndex(&index)
        let scans = try readLogs()
        for (log, scan) in scans { take(log, scan) }
        let grouped = try readGroups()
        settleTornOfOtherBoots()
        finishThoseOfOtherBoots()
        state.offered = state.ledger.unassigned(except: grouped, isSuspect: suspects)
        return state
    }

    private mutating func readIndex(_ index: inout IndexFiles) throws(StorageError) {
        let content = try index.load() ?? IndexContent()
        state.damage.indexCopies = index.damaged
        state.indexNumber = content.number
        state.instances = content.instances
        state.retired = content.retired
        state.buried = content.buried
        state.tableKeys = content.tableKeys
        state.finishedCount = content.instances.values.map(\.finishedAs).max() ?? 0
        var rings: [RingID: RingMarks] = [:]
        for (id, record) in content.instances {
            for (writer, marks) in record.rings { rings[RingID(instance: id, writer: writer)] = marks }
        }
        state.ledger = SpoolLedger(settled: content.settled, rings: rings)
    }

    // MARK: logs

    private mutating func readLogs() throws(StorageError) -> [(LogFile, LogScan)] {
        var scans: [(LogFile, LogScan)] = []
        for name in try list(options.folder) {
            guard let number = LogFiles.number(of: name) else { continue }
            state.nextNumber = max(state.nextNumber, number)
            guard let log = try open(number) else { continue }
            state.nextOrder = max(state.nextOrder, log.header.order)
            if state.retired.contains(log.header.serial) {
                state.retiring.append(log)
            } else {
                scans.append((log, try reader.scan(log)))
            }
        }
        let onDisk = Set(state.retiring.map(\.header.serial))
        state.retired.formIntersection(onDisk)
        let serials = Set(scans.map(\.0.header.serial))
        state.buried = state.buried.filter { serials.contains($0.log) }
        return scans.sorted { $0.0.header.order < $1.0.header.order }
    }

    private func list(_ folder: String) throws(StorageError) -> [String] {
        do throws(FileError) { return try files.list(folder) } catch { throw StorageError(error) }
    }

    /// nil: it is no log of ours, or was never finished; it is put aside.
    private mutating func open(_ number: Int) throws(StorageError) -> LogFile? {
        do throws(FileError) {
            let file = try files.open(logFiles.path(number), .readWrite)
            let page = try files.read(file, at: 0, count: LogHeader.pageBytes)
            do throws(StorageError) {
                let header = try LogHeader.decode(page)
                guard header.bytes >= 2 * LogHeader.pageBytes, header.bytes <= files.sizeOrZero(file) else {
                    throw StorageError(.corrupt, "log file shorter than it says")
                }
                return LogFile(number: number, file: file, header: header, end: LogHeader.pageBytes)
            } catch {
                files.close(file)
                if page.allSatisfy({ $0 == 0 }) {
                    try files.remove(logFiles.path(number))
                } else {
                    state.damage.logs += 1
                    try files.rename(logFiles.path(number), to: "\(options.folder)/quarantine/log-\(InstanceID(random()))")
                }
                return nil
            }
        } catch { throw StorageError(error) }
    }

    private mutating func take(_ log: LogFile, _ scan: LogScan) {
        var log = log
        log.end = scan.end
        log.isDamaged = !scan.damaged.isEmpty || scan.future > 0
        state.damage.segments += max(scan.damaged.count, scan.future)
        let isEmpty = scan.segments.isEmpty && scan.torn == nil && !log.isDamaged
        // Only whole and ordinary logs are written on. A cut segment stays the last of its log, where it is known as cut.
        if isEmpty, log.header.bytes == options.logBytes {
            state.spares.append(log)
            return
        }
        if log.isDamaged || scan.torn != nil || log.header.bytes != options.logBytes { log.end = log.header.bytes }
        state.ledger.logs[log.header.serial] = log
        for segment in scan.segments where !state.buried.contains(segment.id) { state.ledger.register(segment) }
        if let torn = scan.torn, !state.buried.contains(torn.id) { state.torn.append(torn) }
        if log.room() > 0 { state.ledger.active = log.header.serial }
    }

    // MARK: groups

    /// Returns the frames that need no new group.
    private mutating func readGroups() throws(StorageError) -> Set<FrameID> {
        var found: [GroupFiles.Stage: [String: GroupManifest]] = [:]
        for name in try list(groups.files.folder) {
            guard let dot = name.lastIndex(of: "."),
                let stage = GroupFiles.Stage(rawValue: String(name[name.index(after: dot)...]))
            else {
                // A manifest that was never finished: nothing was sent under its name.
                try remove(groups.files.folder + "/" + name)
                continue
            }
            guard let manifest = try read(name), manifest.name == String(name[..<dot]) else { continue }
            found[stage, default: [:]][manifest.name] = manifest
        }
        return try settle(found)
    }

    private mutating func read(_ name: String) throws(StorageError) -> GroupManifest? {
        let path = groups.files.folder + "/" + name
        do throws(FileError) {
            let bytes = try files.contents(path, limit: 256 << 20)
            do throws(StorageError) { return try GroupManifest.decode(bytes) } catch {
                state.damage.manifests += 1
                suspects = true
                try files.rename(path, to: "\(options.folder)/quarantine/\(name)")
                return nil
            }
        } catch { throw StorageError(error) }
    }

    private mutating func settle(_ found: [GroupFiles.Stage: [String: GroupManifest]]) throws(StorageError) -> Set<FrameID> {
        let waiting = found[.group] ?? [:]
        let done = found[.done] ?? [:]
        let dead = found[.dead] ?? [:]
        let all = waiting.merging(done) { $1 }.merging(dead) { $1 }
        var dropped: Set<String> = []
        for (parent, children) in Dictionary(grouping: all.values.filter { $0.parent != nil }, by: { $0.parent! }) {
            let isWhole = children.count == children[0].siblings
            if waiting[parent] != nil {
                // Divided once all children are there; else the division never was, and none of them was sent.
                dropped.formUnion(isWhole ? [parent] : children.map(\.name))
            }
        }
        for (name, _) in waiting where dead[name] != nil || done[name] != nil { dropped.insert(name) }
        for name in dropped { try removeAll(name, found, keepingConcluded: dead[name] != nil || done[name] != nil) }
        var grouped: Set<FrameID> = []
        for manifest in all.values.sorted(by: { $0.name < $1.name }) {
            let isConcluded = dead[manifest.name] != nil || done[manifest.name] != nil
            guard isConcluded || !dropped.contains(manifest.name) else { continue }
            guard !(dropped.contains(manifest.name) && waiting[manifest.name] == nil) else { continue }
            adopt(manifest, dead[manifest.name] != nil ? .dead : isConcluded ? .done : .group)
            grouped.formUnion(manifest.members.map(\.frame))
            grouped.formUnion(manifest.storedElsewhere.map(\.frame))
        }
        return grouped
    }

    private mutating func adopt(_ manifest: GroupManifest, _ stage: GroupFiles.Stage) {
        state.ledger.conclude(manifest.storedElsewhere, losses: [:], .refusedByStorage)
        switch stage {
        case .group: break
        case .done: state.ledger.conclude(manifest.members, losses: [:], .refusedByStorage)
        case .dead:
            let isCounted = manifest.members.contains { state.ledger.frame($0.frame) != nil }
            if isCounted { state.ledger.conclude(manifest.members, losses: manifest.losses, manifest.lossReason) }
        }
        groups.adopt(manifest, stage)
    }

    private func removeAll(
        _ name: String, _ found: [GroupFiles.Stage: [String: GroupManifest]], keepingConcluded: Bool
    ) throws(StorageError) {
        for stage in GroupFiles.Stage.allCases where found[stage]?[name] != nil && !(keepingConcluded && stage != .group) {
            try groups.files.remove(name, stage)
        }
    }

    private func remove(_ path: String) throws(StorageError) {
        do throws(FileError) { try files.remove(path) } catch { throw StorageError(error) }
    }

    // MARK: other starts of the machine

    private mutating func settleTornOfOtherBoots() {
        let bootID = options.bootID
        for header in state.torn where header.instances.allSatisfy({ $0.bootID != bootID }) {
            state.bury(header, isLost: true)
        }
        state.torn.removeAll { header in header.instances.allSatisfy { $0.bootID != bootID } }
    }

    /// Rings go with a reboot; what is still there of them is read on.
    private mutating func finishThoseOfOtherBoots() {
        for header in state.ledger.segments.values.map(\.header) {
            for note in header.instances where state.instances[note.id] == nil {
                state.instances[note.id] = InstanceRecord(note: note)
            }
        }
        for (id, record) in state.instances where record.finishedAs == 0 && record.note.bootID != options.bootID {
            state.finish(id)
        }
    }
}

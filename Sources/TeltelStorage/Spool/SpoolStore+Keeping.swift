/// Syncing and tidying up: the keeper's work, at least once a second.
import TeltelEvents

extension SpoolStore {
    /// How many finished instances are remembered, for totals asked later.
    package static let finishedMax = 256
    static let sparesMax = 1
    /// Damaged logs are kept for people to look at; more than these are counted only.
    static let quarantinedMax = 8

    /// Makes durable what was written since the last call. Returns the instances whose rings may go now.
    package func sync() throws(StorageError) -> [InstanceID] {
        let (logs, folders, dirty, finishing) = state.withLock { state in
            let logs = state.ledger.logs.values.filter { $0.syncedEnd < $0.end }
            defer { state.finishing = [] }
            return (logs, state.foldersAreDirty, state.indexIsDirty, state.finishing)
        }
        do throws(StorageError) {
            try sync(logs, folders: folders)
            if dirty { try saveIndex(durable: true) }
        } catch {
            state.withLock { $0.finishing += finishing }
            throw error
        }
        return finishing
    }

    private func sync(_ logs: [LogFile], folders: Bool) throws(StorageError) {
        do throws(FileError) {
            for log in logs { try files.sync(log.file) }
            if folders { try files.syncFolder(options.folder) }
        } catch { throw StorageError(error) }
        state.withLock { state in
            if folders { state.foldersAreDirty = false }
            for log in logs { state.ledger.logs[log.header.serial]?.syncedEnd = log.end }
        }
    }

    /// Makes sure that these segments would survive a power loss.
    func syncSegments(_ ids: Set<SegmentID>) throws(StorageError) {
        let (logs, folders) = state.withLock { state in
            let logs = state.ledger.logs.values.filter { log in
                ids.contains { $0.log == log.header.serial && $0.offset >= UInt64(log.syncedEnd) }
            }
            return (logs, state.foldersAreDirty)
        }
        if !logs.isEmpty { try sync(logs, folders: folders) }
    }

    /// Writes the index from what is known now.
    package func saveIndex(durable: Bool) throws(StorageError) {
        try index.withLock { files throws(StorageError) in
            let content = state.withLock { state in
                state.indexNumber += 1
                state.indexIsDirty = false
                var content = IndexContent()
                content.number = state.indexNumber
                content.settled = state.ledger.settled
                content.retired = state.retired
                content.tableKeys = state.tableKeys
                content.buried = state.buried
                content.instances = state.instances
                for (ring, marks) in state.ledger.rings { content.instances[ring.instance]?.rings[ring.writer] = marks }
                return content
            }
            do throws(StorageError) { try files.write(content, durable: durable) } catch {
                state.withLock { $0.indexIsDirty = true }
                throw error
            }
        }
        if !durable { state.withLock { $0.indexIsDirty = true } }
    }

    /// Gives used-up logs a new life, removes manifests that nobody needs, keeps a spare at hand.
    package func tidy() throws(StorageError) {
        let retiring = state.withLock { state in
            for serial in state.ledger.usedUp {
                guard let log = state.ledger.retire(serial) else { continue }
                state.retired.insert(serial)
                state.retiring.append(log)
            }
            return state.retiring
        }
        if !retiring.isEmpty {
            // From here on the old segments count no more, whatever their files say.
            try saveIndex(durable: true)
            for log in retiring { try renew(log) }
            let living = state.withLock { Set($0.ledger.logs.keys) }
            try groups.removeConcluded(keeping: living)
        }
        try prepareSpare()
    }

    private func renew(_ log: LogFile) throws(StorageError) {
        let (order, enough) = state.withLock { ($0.takeOrder(), $0.spares.count >= Self.sparesMax) }
        var fresh: LogFile?
        do throws(FileError) {
            if log.isDamaged, try files.list(options.folder + "/quarantine").count < Self.quarantinedMax {
                try files.rename(
                    logFiles.path(log.number), to: "\(options.folder)/quarantine/log-\(InstanceID(log.header.serial))")
                try files.syncFolder(options.folder)
            } else if enough || log.isDamaged || log.header.bytes != options.logBytes {
                try files.remove(logFiles.path(log.number))
                try files.syncFolder(options.folder)
            } else {
                fresh = try logFiles.recycle(log, LogHeader(serial: random(), order: order, bytes: options.logBytes))
            }
        } catch { throw StorageError(error) }
        if fresh == nil { files.close(log.file) }
        state.withLock { state in
            state.retiring.removeAll { $0.number == log.number }
            state.retired.remove(log.header.serial)
            state.indexIsDirty = true
            if let fresh { state.spares.append(fresh) }
        }
    }

    /// The next log file, before it is needed: making one takes longer than a ring may last.
    private func prepareSpare() throws(StorageError) {
        let wanted = state.withLock { state -> (Int, UInt64)? in
            guard state.spares.isEmpty, Self.bytes(state, options) + options.logBytes <= options.limitBytes else { return nil }
            if let active = state.ledger.active, let log = state.ledger.logs[active], log.end <= log.header.bytes / 2 {
                return nil
            }
            state.making += 1
            return (state.takeNumber(), state.takeOrder())
        }
        guard let (number, order) = wanted else { return }
        do throws(FileError) {
            let log = try logFiles.make(number: number, LogHeader(serial: random(), order: order, bytes: options.logBytes))
            try files.sync(log.file)
            try files.syncFolder(options.folder)
            state.withLock { state in
                state.making -= 1
                state.spares.append(log)
            }
        } catch {
            state.withLock { $0.making -= 1 }
            throw StorageError(error)
        }
    }

    /// The totals, and the instances whose counts change no more.
    package func totalsAndFinal() -> (totals: [RowKey: Tally], final: Set<InstanceID>) {
        state.withLock { state in (state.ledger.totals, Set(Self.finished(state).map(\.note.id))) }
    }
    /// These counts are written down elsewhere: they may be forgotten here.
    package func noteWritten(_ final: Set<InstanceID>) { state.withLock { $0.written = final } }

    /// Nothing of them is underway any more.
    private static func finished(_ state: State) -> [InstanceRecord] {
        // Few are remembered, and segments may be many.
        guard state.instances.count > finishedMax else { return [] }
        let busy = Set(state.ledger.segments.values.filter { !$0.isFinished }.flatMap { $0.header.rings.map(\.ring.instance) })
        return state.instances.values.filter { $0.finishedAs > 0 && !busy.contains($0.note.id) }
    }

    /// At the start, before a ring is read: there are rings of these instances, and of no others. Rows of cut segments that cannot come
    /// from rings again are lost. Returns the instances of which nothing can be missing: they had been read to their ends, and the
    /// machine has not been started anew since, so that what was written is on disk.
    package func settleGone(present: Set<InstanceID>) -> Set<InstanceID> {
        state.withLock { state in
            let whole = state.instances.filter { $0.value.finishedAs > 0 && $0.value.note.bootID == options.bootID }
            func isGone(_ segment: SegmentHeader) -> Bool { !segment.rings.contains { present.contains($0.ring.instance) } }
            for segment in state.torn where isGone(segment) { state.bury(segment, isLost: true) }
            state.torn.removeAll(where: isGone)
            for (id, record) in state.instances where record.finishedAs == 0 && !present.contains(id) { state.finish(id) }
            state.indexIsDirty = true
            return Set(whole.keys)
        }
    }

    /// The rings of these instances are gone: forgets the oldest of those that have nothing underway.
    package func forget(present: Set<InstanceID>) {
        state.withLock { state in
            let gone = Self.finished(state).filter { !present.contains($0.note.id) }
            guard gone.count > Self.finishedMax else { return }
            for record in gone.sorted(by: { $0.finishedAs < $1.finishedAs }).dropLast(Self.finishedMax)
            where state.written.contains(record.note.id) {
                state.instances[record.note.id] = nil
                state.ledger.forget(record.note.id)
            }
            state.indexIsDirty = true
        }
    }
}

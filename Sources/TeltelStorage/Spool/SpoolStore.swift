/// The spool folder: segments in log files, groups, index. It alone carries exactly-once.
///
/// Used by three threads: the spool reader appends, the keeper syncs and tidies up, the inserter reads frames and
/// concludes groups. The ledger is under a lock that is never held during file operations; the reader never waits for a sync.
import Synchronization
import TeltelEvents

package struct SpoolOptions: Sendable {
    /// Absolute path; made if missing.
    package var folder: String
    /// Most bytes of all log files together.
    package var limitBytes: Int
    package var logBytes = 64 << 20
    /// Rows of a table that is not taken are given up when others need the room; false: nothing more will come.
    package var needsRoom = true
    /// Of this start of the machine: rings of another are gone.
    package var bootID: [UInt8]

    package init(folder: String, limitBytes: Int, bootID: [UInt8]) {
        self.folder = folder
        self.limitBytes = limitBytes
        self.bootID = bootID
    }
}

/// What could not be read back, since the first start of this process.
package struct DamageCount: Sendable, Equatable {
    package var segments = 0
    package var logs = 0
    package var manifests = 0
    package var indexCopies = 0

    package init() {}
}

package final class SpoolStore: Sendable {
    let options: SpoolOptions
    let files: any FileLayer
    let logFiles: LogFiles
    let reader: SegmentReader
    package let groups: GroupStore
    let state: Mutex<State>
    /// Held while the index is written: its copies have an order.
    let index: Mutex<IndexFiles>
    let random: @Sendable () -> UInt64

    struct State: Sendable {
        var ledger = SpoolLedger()
        var instances: [InstanceID: InstanceRecord] = [:]
        var retired: Set<UInt64> = []
        /// Logs that are used up but still carry their old serial on disk.
        var retiring: [LogFile] = []
        var spares: [LogFile] = []
        /// Log files that are being made, by whatever thread: they count before they are there.
        var making = 0
        var nextOrder: UInt64 = 1
        var nextNumber = 0
        var offered: [OfferedFrame] = []
        var indexNumber: UInt64 = 0
        var indexIsDirty = false
        var foldersAreDirty = false
        /// Drained after their producer's end; told to the source after the next sync.
        var finishing: [InstanceID] = []
        /// Whose final counts are written down elsewhere.
        var written: Set<InstanceID> = []
        var finishedCount: UInt64 = 0
        var tableKeys: [TableKey] = []
        /// Segments that were cut while being written, or damaged since: which, the rings will tell.
        var torn: [SegmentHeader] = []
        var buried: Set<SegmentID> = []
        var damage = DamageCount()
        var lastError: StorageError?
        var errors = 0
    }

    /// Opens the folder and reads what is there. Blocks.
    package init(
        _ options: SpoolOptions, files: any FileLayer, random: @escaping @Sendable () -> UInt64 = { .random(in: 1 ... .max) }
    ) throws(StorageError) {
        self.options = options
        self.files = files
        self.random = random
        logFiles = LogFiles(folder: options.folder, files: files)
        reader = SegmentReader(files: files)
        let groupFolder = options.folder + "/groups"
        do throws(FileError) {
            for folder in [options.folder, groupFolder, options.folder + "/quarantine"] { try files.makeFolder(folder) }
        } catch { throw StorageError(error) }
        groups = GroupStore(GroupFiles(folder: groupFolder, files: files), session: random())
        var indexFiles = IndexFiles(folder: options.folder, files: files)
        var recovery = SpoolRecovery(
            options: options, files: files, logFiles: logFiles, reader: reader, groups: groups, random: random)
        let recovered = try recovery.run(&indexFiles)
        state = Mutex(recovered)
        index = Mutex(indexFiles)
        try saveIndex(durable: true)
    }

    // MARK: for the spool reader

    /// Where reading of a ring goes on, if anything is known of it.
    package func mark(_ ring: RingID) -> UInt64? { state.withLock { $0.ledger.rings[ring]?.spooled } }

    /// A ring is going to be read from `position` on. Settles what became of segments that are torn on disk.
    package func adopt(_ ring: RingID, from position: UInt64) {
        let settled = state.withLock { state in
            let torn = state.torn.filter { $0.rings.contains { $0.ring == ring } }
            state.torn.removeAll { $0.rings.contains { $0.ring == ring } }
            for header in torn {
                // Not released: its rows are still in the ring and will be written again.
                let isInRing = header.rings.contains { $0.ring == ring && position < $0.end }
                state.bury(header, isLost: !isInRing)
            }
            return !torn.isEmpty
        }
        guard settled else { return }
        // Before its rows are written again: the next start must not take them for lost.
        do throws(StorageError) { try saveIndex(durable: true) } catch { report(error) }
    }

    package func note(_ instance: InstanceNote) {
        state.withLock { state in
            let known = state.instances[instance.id]
            if known?.note == instance { return }
            state.instances[instance.id] = InstanceRecord(
                note: instance, rings: known?.rings ?? [:], finishedAs: known?.finishedAs ?? 0)
            state.indexIsDirty = true
        }
    }

    /// Is there room for a segment of this size, without giving anything up?
    package func hasRoom(_ bytes: Int) -> Bool {
        state.withLock { state in
            let need = SegmentReader.aligned(bytes)
            if let active = state.ledger.active, let log = state.ledger.logs[active], log.room() >= need { return true }
            return !state.spares.isEmpty || Self.bytes(state, options) + options.logBytes <= options.limitBytes
        }
    }

    /// Less than a quarter of the limit is left for further rows, and some will come.
    package var isNearlyFull: Bool { options.needsRoom && freeBytes < options.limitBytes / 4 }

    /// How much may still be written before something must be stored or given up.
    package var freeBytes: Int {
        state.withLock { state in
            // Used-up logs are as good as free: otherwise more would be given up until they are tidied away.
            let used = (state.ledger.logs.count - state.ledger.usedUp.count) * options.logBytes
            let room = state.ledger.active.flatMap { state.ledger.logs[$0] }?.room() ?? 0
            return options.limitBytes - used + room
        }
    }

    /// The largest segment that a log file takes.
    package var segmentBytesMax: Int { options.logBytes - 2 * LogHeader.pageBytes }

    /// Writes a segment. On return it survives the end of this process, and the rings may be released.
    package func append(_ header: SegmentHeader, _ writer: SegmentWriter) throws(StorageError) {
        var encoded = SegmentFormat.encode(header, frameBytes: writer.frameBytes)
        let length = encoded.count + writer.frameBytes
        guard length <= segmentBytesMax else { throw StorageError(.full, "a segment of \(length) bytes fits into no log file") }
        let log = try logWithRoom(length)
        var header = header
        header.id = SegmentID(log: log.header.serial, offset: UInt64(log.end))
        header.bytes = length
        for index in header.frames.indices { header.frames[index].offset += encoded.count }
        SegmentFormat.place(&encoded, at: header.id)
        do throws(FileError) {
            try writer.withSegment(encoded) { bytes throws(FileError) in try files.write(log.file, at: log.end, bytes) }
        } catch {
            // All or part of it may be on disk. The caller decides about its rows now, not the next start; its place stays empty.
            let id = header.id
            state.withLock { state in
                state.buried.insert(id)
                state.ledger.logs[id.log]!.end = SegmentReader.aligned(log.end + length)
            }
            throw StorageError(error)
        }
        let written = header
        state.withLock { state in
            state.ledger.logs[written.id.log]!.end = SegmentReader.aligned(log.end + length)
            state.ledger.register(written)
            state.offered += state.ledger.offers(written)
            state.indexIsDirty = true
        }
    }

    private func logWithRoom(_ length: Int) throws(StorageError) -> LogFile {
        enum Choice {
            case log(LogFile)
            case make(number: Int, order: UInt64)
            case full
        }
        let choice = state.withLock { state -> Choice in
            if let active = state.ledger.active, let log = state.ledger.logs[active], log.room() >= length { return .log(log) }
            if let spare = state.spares.popLast() {
                state.ledger.logs[spare.header.serial] = spare
                state.ledger.active = spare.header.serial
                return .log(spare)
            }
            guard Self.bytes(state, options) + options.logBytes <= options.limitBytes else { return .full }
            state.making += 1
            return .make(number: state.takeNumber(), order: state.takeOrder())
        }
        switch choice {
        case .log(let log): return log
        case .full: throw StorageError(.full, "the spool's limit of \(options.limitBytes) bytes is reached")
        case .make(let number, let order):
            let log: LogFile
            do throws(FileError) {
                log = try logFiles.make(number: number, LogHeader(serial: random(), order: order, bytes: options.logBytes))
            } catch {
                state.withLock { $0.making -= 1 }
                throw StorageError(error)
            }
            state.withLock { state in
                state.making -= 1
                state.foldersAreDirty = true
                state.ledger.logs[log.header.serial] = log
                state.ledger.active = log.header.serial
            }
            return log
        }
    }

    /// Gives rows up: they never came into a segment. The count is on disk before the rings may be released.
    package func lose(_ rows: [RowKey: Int], _ reason: LossReason, upTo spans: [RingSpan]) {
        state.withLock { state in
            state.ledger.lose(rows, reason)
            for span in spans { state.ledger.advance(span.ring, to: span.end, head: span.head) }
            state.indexIsDirty = true
        }
        // A disk that takes nothing any more keeps the count from being saved; it stays right for as long as this process lives.
        do throws(StorageError) { try saveIndex(durable: false) } catch { report(error) }
    }

    /// All rings of an ended instance were read to their ends.
    package func finish(_ note: InstanceNote) {
        self.note(note)
        state.withLock { state in
            state.finish(note.id)
            state.finishing.append(note.id)
            state.indexIsDirty = true
        }
    }

    package func report(_ error: StorageError) {
        state.withLock { state in
            state.lastError = error
            state.errors += 1
        }
    }

    static func bytes(_ state: borrowing State, _ options: SpoolOptions) -> Int {
        (state.ledger.logs.count + state.spares.count + state.retiring.count + state.making) * options.logBytes
    }
}

extension SpoolStore.State {
    /// Decides what became of the rows of a cut segment, once.
    mutating func bury(_ torn: SegmentHeader, isLost: Bool) {
        guard buried.insert(torn.id).inserted else { return }
        indexIsDirty = true
        guard isLost else { return }
        ledger.lose(torn)
        damage.segments += 1
    }
    /// Nothing of its rings will be read any more.
    mutating func finish(_ id: InstanceID) {
        finishedCount += 1
        instances[id]?.finishedAs = finishedCount
    }
    mutating func takeNumber() -> Int {
        nextNumber += 1
        return nextNumber
    }
    mutating func takeOrder() -> UInt64 {
        nextOrder += 1
        return nextOrder
    }
}

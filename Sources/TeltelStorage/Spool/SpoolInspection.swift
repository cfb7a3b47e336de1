/// Looks at a spool folder without changing it, also while a collector uses it.
import Glibc
import TeltelEvents

package struct SpoolInspection: Sendable {
    package enum State: String, Sendable {
        /// Holds segments.
        case used
        /// Waits for segments.
        case spare
        /// Its rows are stored; it will be used again.
        case retired
        case damaged
        /// Of a later version of teltel.
        case future
        case foreign
    }

    package struct Log: Sendable {
        package let name: String
        package let bytes: Int
        package var state: State
        package var segments = 0
        package var rows = 0
        /// What is wrong, one line each.
        package var problems: [String] = []
    }

    /// What is to be sent to ClickHouse as one insert, or was.
    package struct Group: Sendable {
        package let name: String
        package let table: String
        package let rows: Int
        /// Stored or given up.
        package let isConcluded: Bool
    }

    package private(set) var logs: [Log] = []
    package private(set) var groups: [Group] = []
    /// Events in segments that are neither stored nor given up.
    package private(set) var waitingRows = 0
    package private(set) var waitingSegments = 0
    /// Names of files that were put aside because they could not be read.
    package private(set) var quarantined: [String] = []
    package private(set) var deadLetterBytes = 0
    /// About files other than logs.
    package private(set) var problems: [String] = []

    private let folder: String
    private let files: any FileLayer
    private let verifies: Bool
    private var ledger = SpoolLedger()
    private var retired: Set<UInt64> = []
    private var buried: Set<SegmentID> = []

    /// - Parameters:
    ///   - folder: absolute path of the spool folder.
    ///   - verifies: read every byte of every segment and compare checksums.
    ///   - progress: told how many of how many logs have been read.
    package init(
        folder: String, verifies: Bool, files: any FileLayer = SystemFiles(), progress: (Int, Int) -> Void = { _, _ in }
    ) throws(StorageError) {
        self.folder = folder
        self.files = files
        self.verifies = verifies
        try readIndex()
        let numbers = try list("").compactMap(LogFiles.number).sorted()
        for (index, number) in numbers.enumerated() {
            try read(number)
            progress(index + 1, numbers.count)
        }
        try readGroups()
        quarantined = try list("/quarantine")
        do throws(FileError) {
            let letters = try files.open(folder + "/" + DeadLetters.name, .read)
            deadLetterBytes = files.sizeOrZero(letters)
            files.close(letters)
        } catch { if !error.isMissing { throw StorageError(error) } }
        let waiting = ledger.segments.values.filter { !$0.isFinished }
        waitingSegments = waiting.count
        waitingRows = waiting.reduce(0) { $0 + $1.waitingEvents }
    }

    /// Nothing is damaged now. What was put aside earlier does not count.
    package var isSound: Bool { problems.isEmpty && logs.allSatisfy { $0.problems.isEmpty } }

    private func list(_ subfolder: String) throws(StorageError) -> [String] {
        do throws(FileError) { return try files.list(folder + subfolder) } catch { throw StorageError(error) }
    }

    private mutating func readIndex() throws(StorageError) {
        var index = IndexFiles(folder: folder, files: files)
        guard let content = try index.load() else {
            if index.damaged > 0 { problems.append("no copy of the index can be read") }
            return
        }
        // One may be in the middle of being written.
        if index.damaged > 1 { problems.append("\(index.damaged) copies of the index are damaged") }
        retired = content.retired
        buried = content.buried
    }

    // MARK: logs

    private mutating func read(_ number: Int) throws(StorageError) {
        let name = "log-\(number)"
        do throws(FileError) {
            let file = try files.open("\(folder)/\(name)", .read)
            defer { files.close(file) }
            var log = Log(name: name, bytes: files.sizeOrZero(file), state: .foreign)
            let page = try files.read(file, at: 0, count: LogHeader.pageBytes)
            do throws(StorageError) {
                try read(LogFile(number: number, file: file, header: try LogHeader.decode(page), end: LogHeader.pageBytes), &log)
            } catch {
                // Being made: its header comes last.
                log.state = page.allSatisfy { $0 == 0 } ? .spare : error.code == .future ? .future : .damaged
                if log.state != .spare { log.problems.append(error.description) }
            }
            logs.append(log)
        } catch { if !error.isMissing { throw StorageError(error) } }
    }

    private mutating func read(_ file: LogFile, _ log: inout Log) throws(StorageError) {
        guard file.header.bytes <= log.bytes else {
            throw StorageError(.corrupt, "\(log.bytes) bytes long, and says it has \(file.header.bytes)")
        }
        if retired.contains(file.header.serial) { return log.state = .retired }
        let reader = SegmentReader(files: files)
        var scan = try reader.scan(file)
        if let torn = scan.torn {
            // A collector may have been writing it.
            usleep(Self.writingMicroseconds)
            scan = try reader.scan(file)
            if scan.torn?.id == torn.id {
                let rows = torn.events
                log.problems.append("the last segment, \(rows) rows, is not whole: it was cut while being written, or is damaged")
            }
        }
        ledger.logs[file.header.serial] = file
        let living = scan.segments.filter { !buried.contains($0.id) }
        for segment in living { ledger.register(segment) }
        log.segments = living.count
        log.rows = living.reduce(0) { $0 + $1.events }
        log.state = scan.future > 0 ? .future : !scan.damaged.isEmpty ? .damaged : living.isEmpty ? .spare : .used
        log.problems += scan.damaged.map { "bytes \($0.lowerBound) to \($0.upperBound) are no segment" }
        if scan.future > 0 { log.problems.append("\(scan.future) segments of a later version") }
        guard verifies else { return }
        for segment in living {
            for frame in segment.frames {
                do throws(StorageError) { _ = try reader.frame(frame, of: segment.id, in: file.file) } catch {
                    log.problems.append("\(frame.rows) rows: \(error)")
                }
            }
        }
    }

    private static let writingMicroseconds: UInt32 = 500_000

    // MARK: groups

    private mutating func readGroups() throws(StorageError) {
        for file in try list("/groups") {
            guard let dot = file.lastIndex(of: "."),
                let stage = GroupFiles.Stage(rawValue: String(file[file.index(after: dot)...]))
            else { continue }
            do throws(FileError) {
                let bytes = try files.contents("\(folder)/groups/\(file)", limit: 256 << 20)
                do throws(StorageError) { take(try GroupManifest.decode(bytes), stage) } catch {
                    problems.append("groups/\(file): \(error)")
                }
            } catch { if !error.isMissing { throw StorageError(error) } }
        }
        groups.sort { $0.name < $1.name }
    }

    private mutating func take(_ manifest: GroupManifest, _ stage: GroupFiles.Stage) {
        ledger.conclude(manifest.storedElsewhere, losses: [:], .refusedByStorage)
        if stage != .group { ledger.conclude(manifest.members, losses: manifest.losses, manifest.lossReason) }
        groups.append(
            Group(name: manifest.name, table: manifest.layout.name, rows: manifest.rows, isConcluded: stage != .group))
    }
}

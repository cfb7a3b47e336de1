/// `teltel spool …`: what waits on disk for ClickHouse.
import ArgumentParser
import Foundation
import TeltelEvents
import TeltelHTTP
import TeltelRings
import TeltelStorage

struct SpoolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool", abstract: "Shows, checks or empties what waits on disk for ClickHouse.",
        subcommands: [ListSpool.self, CheckSpool.self, DrainSpool.self])
}

struct DataFolderOption: ParsableArguments {
    @Option(
        help:
            "Folder of spool, control store and embedded ClickHouse. (default: $XDG_DATA_HOME/teltel, else ~/.local/share/teltel) [TELTEL_DATA_DIR]"
    )
    var dataDir: String?

    /// Absolute, behind all links.
    var path: String {
        let environment = ProcessInfo.processInfo.environment
        let path = dataDir ?? environment["TELTEL_DATA_DIR"] ?? CollectorSettings.defaultDataDirectory(environment)
        return PrivateFolder.resolved(path)
    }

    /// The spool, looked at and left as it is. Says what is wrong in one line, and ends the command with 1 then.
    fileprivate func inspect(verifies: Bool, progress: (Int, Int) -> Void = { _, _ in }) throws -> SpoolInspection {
        let folder = path + "/spool"
        guard FileManager.default.fileExists(atPath: folder) else {
            Terminal.complain("there is no spool in \(path); name the folder with --data-dir")
            throw ExitCode(1)
        }
        do throws(StorageError) {
            return try SpoolInspection(folder: folder, verifies: verifies, progress: progress)
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(1)
        }
    }
}

struct ListSpool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the files of the spool; a collector may be using it.")

    @OptionGroup var folder: DataFolderOption

    func run() throws {
        let spool = try folder.inspect(verifies: false)
        Terminal.table(
            [["FILE", "MIB", "STATE", "SEGMENTS", "ROWS"]]
                + spool.logs.map {
                    [
                        $0.name, String($0.bytes >> 20), $0.state.rawValue, Terminal.grouped($0.segments),
                        Terminal.grouped($0.rows),
                    ]
                }, rightAligned: [1, 3, 4])
        let waiting = spool.groups.filter { !$0.isConcluded }
        if !waiting.isEmpty {
            Terminal.say("")
            Terminal.table(
                [["INSERT", "TABLE", "ROWS"]]
                    + waiting.map { [$0.name, $0.table, Terminal.grouped($0.rows)].map(Terminal.printable) },
                rightAligned: [2], shortened: [0, 1])
        }
        Terminal.say("")
        Terminal.say(
            "\(Terminal.grouped(spool.waitingRows)) rows in \(Terminal.grouped(spool.waitingSegments)) segments wait for ClickHouse"
        )
        if spool.deadLetterBytes > 0 {
            Terminal.say(
                "\(spool.deadLetterBytes) bytes of rows that ClickHouse refused in \(folder.path)/spool/dead-letters.ndjson")
        }
        for name in spool.quarantined { Terminal.say("put aside as unreadable: quarantine/\(Terminal.printable(name))") }
        try complain(spool)
    }
}

/// Ends the command with 1 if anything is wrong.
private func complain(_ spool: SpoolInspection) throws {
    for log in spool.logs { for problem in log.problems { Terminal.complain("\(log.name): \(problem)") } }
    for problem in spool.problems { Terminal.complain(Terminal.printable(problem)) }
    if !spool.isSound { throw ExitCode(1) }
}

struct CheckSpool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Reads all of the spool and compares its checksums; a collector may be using it.",
        discussion:
            "Ends with 1 if anything is damaged. What is damaged stays as it is: the collector puts it aside and counts it.")

    @OptionGroup var folder: DataFolderOption

    func run() throws {
        let progress = Progress()
        let spool = try folder.inspect(verifies: true) { done, all in progress.show("\(done) of \(all) files") }
        progress.end()
        let rows = spool.logs.reduce(0) { $0 + $1.rows }
        let segments = spool.logs.reduce(0) { $0 + $1.segments }
        Terminal.say(
            "\(Terminal.grouped(rows)) rows in \(Terminal.grouped(segments)) segments of \(spool.logs.count) files were read; \(Terminal.grouped(spool.waitingRows)) rows wait"
        )
        try complain(spool)
        Terminal.say("nothing is damaged")
    }
}

struct DrainSpool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Stores what waits in the spool, without a collector; ends when nothing waits.",
        discussion: "Only while no collector uses the folder. Rings are not touched. Ends with 1 if rows are left.")

    @OptionGroup var folder: DataFolderOption
    @OptionGroup var clickHouse: ClickHouseOptions
    @Option(help: "Gives up after so many seconds in which nothing was stored.")
    var patience = 60

    func run() throws {
        guard try folder.inspect(verifies: false).waitingRows > 0 else { return Terminal.say("nothing waits") }
        let server: ClickHouseServer?
        do throws(SecretFileError) { server = try clickHouse.server() } catch {
            Terminal.complain(error.description)
            throw ExitCode(1)
        }
        let options = StorageOptions(
            dataDirectory: folder.path, clickHouse: server,
            // Nothing will be spooled: no log file is made.
            spoolLimitBytes: 0, bootID: HostIdentity.current.bootID)
        do throws(StorageError) {
            let storage = try Storage(options)
            storage.start(NoRings())
            let left = wait(storage)
            storage.stop(patience: .seconds(10))
            guard left == 0 else {
                Terminal.complain("\(Terminal.grouped(left)) rows are left: \(storage.status().detail)")
                throw StorageError(
                    .clickHouse, storage.status().inserter.lastError ?? "ClickHouse took nothing for \(patience) s")
            }
            Terminal.say("nothing waits any more")
        } catch {
            Terminal.complain(error.description)
            throw ExitCode(1)
        }
    }

    /// Until nothing waits, or the patience is over. Returns how many rows are left.
    private func wait(_ storage: Storage) -> Int {
        let progress = Progress()
        defer { progress.end() }
        var left = storage.waitingRows
        var changed = ContinuousClock.now
        while left > 0, changed.duration(to: .now) < .seconds(patience) {
            progress.show("\(Terminal.grouped(left)) rows left")
            storage.flush()
            Thread.sleep(forTimeInterval: 0.1)
            let now = storage.waitingRows
            if now != left { (left, changed) = (now, .now) }
        }
        return left
    }
}

/// The spool alone.
private final class NoRings: InstanceSource {
    let version: UInt64 = 0
    let instances: [RingInstance] = []
    func spoolFinished(_ id: InstanceID) {}
}

/// One SQLite file of the control store.
import Foundation
import GRDB

/// Thread-safe: one writes at a time, and who reads waits for nobody. 0600, in WAL mode.
final class ControlFile: Sendable {
    let path: String
    /// Where a file was put that stood in this one's place and was no database; nil: there was none.
    let putAside: String?
    private let database: DatabasePool

    /// What has reached the disk when a change is done.
    enum Durability: String {
        /// It has, and a power cut does not take it.
        case everyChange = "FULL"
        /// A power cut may take the newest changes; the file stays whole.
        case whole = "NORMAL"
    }

    /// Opens or makes the file. One that is no database is put aside as `<name>.damaged`, `<name>.damaged-2` …; any other obstacle is an
    /// error: a collector that starts without what it knew would seem to have lost it.
    init(path: String, format: FileFormat, durability: Durability) throws(ControlStoreError) {
        self.path = path
        do {
            (database, putAside) = (try Self.open(path, format, durability), nil)
            return
        } catch let error as DatabaseError where error.isDamage {
            // Goes on below.
        } catch { throw Self.problem(path, error) }
        do {
            let aside = try Self.move(path, aside: ".damaged")
            (database, putAside) = (try Self.open(path, format, durability), aside)
        } catch { throw Self.problem(path, error) }
    }

    private static func open(_ path: String, _ format: FileFormat, _ durability: Durability) throws -> DatabasePool {
        let mask = umask(0o077)
        defer { umask(mask) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let database = try DatabasePool(path: path, configuration: configuration)
        // Of the one connection that writes; a pool's default is NORMAL.
        try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = \(durability.rawValue)") }
        try database.write(format.apply)
        return database
    }

    private static func problem(_ path: String, _ error: any Error) -> ControlStoreError {
        ControlStoreError(description: "cannot open the control store \(path): \(error)")
    }

    /// Renames the file, with what SQLite keeps beside it, to its name and the ending, and a number if there is one already: no
    /// earlier copy is touched. Returns its new path.
    static func move(_ path: String, aside ending: String) throws -> String {
        let files = FileManager.default
        var aside = path + ending
        var number = 2
        while files.fileExists(atPath: aside) {
            aside = path + ending + "-\(number)"
            number += 1
        }
        for suffix in ["", "-wal", "-shm"] where files.fileExists(atPath: path + suffix) {
            try files.moveItem(atPath: path + suffix, toPath: aside + suffix)
        }
        return aside
    }

    /// All of `body` is done, or nothing.
    func write<Result>(_ body: (Database) throws -> Result) throws(ControlStoreError) -> Result {
        do {
            return try changing(body)
        } catch { throw ControlStoreError(description: "cannot write the control store \(path): \(error)") }
    }

    func read<Result>(_ body: (Database) throws -> Result) throws(ControlStoreError) -> Result {
        do {
            return try database.read(body)
        } catch { throw ControlStoreError(description: "cannot read the control store \(path): \(error)") }
    }

    /// The same, with errors as they are.
    func changing<Result>(_ body: (Database) throws -> Result) throws -> Result { try database.write(body) }

    /// Everything that has been written is on the disk when it returns.
    func sync() throws(ControlStoreError) {
        do {
            _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
        } catch { throw ControlStoreError(description: "cannot write the control store \(path): \(error)") }
    }
}

extension DatabaseError {
    /// The file is no database, or not a whole one.
    var isDamage: Bool { [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(resultCode) }
}

/// The control store: one SQLite file with what is known about runs while ClickHouse is away.
///
/// Nothing about exactly-once depends on it; it may be deleted and starts anew. Never called on a reader's thread.
import Foundation
import GRDB
import TeltelEvents

/// Why the control store cannot be used.
package struct ControlStoreError: Error, CustomStringConvertible, Sendable {
    package let description: String
}

/// Thread-safe: one writes at a time, and who reads waits for nobody.
package final class ControlStore: Sendable {
    private let database: DatabasePool
    package let path: String
    /// Where a file was put that stood in this one's place and was no database; nil: there was none.
    package let putAside: String?

    /// Opens or makes the file (0600, WAL mode). A file that is no database is put aside as `<name>.damaged`, `<name>.damaged-2` …; any
    /// other obstacle is an error: a collector that starts without what it knew would seem to have lost it.
    package init(path: String) throws(ControlStoreError) {
        self.path = path
        do {
            (database, putAside) = (try Self.open(path), nil)
            return
        } catch let error as DatabaseError where [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) {
            // Goes on below.
        } catch { throw Self.problem(path, error) }
        do {
            let aside = try Self.putAside(path)
            (database, putAside) = (try Self.open(path), aside)
        } catch { throw Self.problem(path, error) }
    }

    private static func problem(_ path: String, _ error: any Error) -> ControlStoreError {
        ControlStoreError(description: "cannot open the control store \(path): \(error)")
    }

    /// With what SQLite keeps beside it. No earlier copy is touched.
    private static func putAside(_ path: String) throws -> String {
        let files = FileManager.default
        var aside = path + ".damaged"
        var number = 2
        while files.fileExists(atPath: aside) {
            aside = path + ".damaged-\(number)"
            number += 1
        }
        for suffix in ["", "-wal", "-shm"] where files.fileExists(atPath: path + suffix) {
            try files.moveItem(atPath: path + suffix, toPath: aside + suffix)
        }
        return aside
    }

    private static func open(_ path: String) throws -> DatabasePool {
        let mask = umask(0o077)
        defer { umask(mask) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let database = try DatabasePool(path: path, configuration: configuration)
        if try database.read(migrations.hasBeenSuperseded) {
            throw ControlStoreError(
                description: "a later version of teltel has changed it; start that one, or choose another --data-dir")
        }
        try migrations.migrate(database)
        return database
    }

    private static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("runs") { database in
            try database.create(table: "runs") { table in
                table.primaryKey("run_id", .text)
                table.column("source_id", .text).notNull()
                table.column("status", .text).notNull()
                table.column("started_ms", .integer).notNull().indexed()
                table.column("ended_ms", .integer)
                table.column("record", .text).notNull()  // RunRecord as JSON
            }
        }
        migrator.registerMigration("rejected lines") { database in
            try database.execute(sql: "UPDATE runs SET record = json_set(record, '$.rejectedLines', json('{}'))")
        }
        migrator.registerMigration("counts that a restart does not repeat") { database in
            try database.execute(
                sql: """
                    UPDATE runs SET record = json_set(record, '$.counted', json('{}'),
                        '$.refusedByInstance', json_object('', json_extract(record, '$.refused')))
                    """)
        }
        migrator.registerMigration("answers", migrate: makeAnswers)
        migrator.registerMigration("removed runs") { database in
            try database.create(table: "removed_runs") { table in
                table.primaryKey("run_id", .text)
                table.column("counted", .text).notNull()  // positions by ring, as JSON
            }
        }
        migrator.registerMigration("layouts", migrate: makeLayouts)
        return migrator
    }

    func write<Result>(_ body: (Database) throws -> Result) throws(ControlStoreError) -> Result {
        do {
            return try database.write(body)
        } catch { throw ControlStoreError(description: "cannot write the control store \(path): \(error)") }
    }

    func read<Result>(_ body: (Database) throws -> Result) throws(ControlStoreError) -> Result {
        do {
            return try database.read(body)
        } catch { throw ControlStoreError(description: "cannot read the control store \(path): \(error)") }
    }

    /// Inserts or replaces.
    package func save(_ records: [RunRecord]) throws(ControlStoreError) {
        guard !records.isEmpty else { return }
        do {
            try database.write { database in
                for record in records {
                    try database.execute(
                        sql:
                            "INSERT OR REPLACE INTO runs (run_id, source_id, status, started_ms, ended_ms, record) VALUES (?, ?, ?, ?, ?, ?)",
                        arguments: [
                            // The column only puts runs in order, and that is never a sender's word.
                            record.runID.text, record.sourceID.text, record.status.rawValue, record.orderMs, record.endedMs,
                            String(decoding: try JSONEncoder().encode(record), as: UTF8.self),
                        ])
                }
            }
        } catch { throw ControlStoreError(description: "cannot write the control store \(path): \(error)") }
    }

    /// What a collector has to go on with: the newest `limit` runs, and older ones that go on or are not recorded to the end. Rows that
    /// cannot be read are left out.
    package func recentRuns(_ limit: Int) throws(ControlStoreError) -> [RunRecord] {
        let texts = try read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT record FROM runs WHERE status = 'running' OR json_extract(record, '$.isRecorded') = 0
                        OR run_id IN (SELECT run_id FROM runs ORDER BY started_ms DESC LIMIT ?)
                    """, arguments: [limit])
        }
        return texts.compactMap(Self.record)
    }

    /// A record of a later version may lack what this one needs: that run is then known from storage only.
    private static func record(_ text: String) -> RunRecord? {
        try? JSONDecoder().decode(RunRecord.self, from: Data(text.utf8))
    }

    /// A part of all runs, newest first.
    ///
    /// - Parameters:
    ///   - place: where an earlier part ended; nil: at the newest.
    ///   - limit: rows that are looked at, 1 or more.
    ///   - known: runs that are left out.
    /// - Returns: those that can be read, and where the next part begins; nil: there is none.
    package func runs(before place: RunPlace?, limit: Int, except known: Set<Name> = []) throws(ControlStoreError)
        -> (records: [RunRecord], next: RunPlace?)
    {
        try read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT run_id, started_ms, record FROM runs WHERE (started_ms, run_id) < (?, ?)
                        ORDER BY started_ms DESC, run_id DESC LIMIT ?
                    """, arguments: [place?.orderMs ?? .max, place?.runID.text ?? "", limit])
            var (records, last, count): ([RunRecord], RunPlace?, Int) = ([], nil, 0)
            while let row = try rows.next() {
                let runID = Name(row["run_id"] as String)
                (last, count) = (RunPlace(orderMs: row["started_ms"], runID: runID), count + 1)
                // A record that nobody wants is not even read.
                if !known.contains(runID), let record = Self.record(row["record"]) { records.append(record) }
            }
            return (records, count < limit ? nil : last)
        }
    }

    /// Nothing happens if there is none. `counted`: by ring, where what was removed ends; as in `RunRecord`.
    package func remove(_ runID: Name, counted: [String: UInt64]) throws(ControlStoreError) {
        try write { database in
            try database.execute(sql: "DELETE FROM runs WHERE run_id = ?", arguments: [runID.text])
            try database.execute(
                sql: "INSERT OR REPLACE INTO removed_runs (run_id, counted) VALUES (?, ?)",
                arguments: [runID.text, String(decoding: try JSONEncoder().encode(counted), as: UTF8.self)])
        }
    }

    /// Where removed runs end, by run id and ring.
    package func removedRuns() throws(ControlStoreError) -> [Name: [String: UInt64]] {
        do {
            let rows = try database.read { try Row.fetchAll($0, sql: "SELECT run_id, counted FROM removed_runs") }
            // What cannot be read may show a removed run's last events once more, and no more than that.
            return Dictionary(
                rows.compactMap { row in
                    (try? JSONDecoder().decode([String: UInt64].self, from: Data((row["counted"] as String).utf8))).map {
                        (Name(row["run_id"] as String), $0)
                    }
                }, uniquingKeysWith: { $1 })
        } catch { throw ControlStoreError(description: "cannot read the control store \(path): \(error)") }
    }

    /// Their rings are gone.
    package func forgetRemoved(_ runIDs: [Name]) throws(ControlStoreError) {
        try write { database in
            for id in runIDs { try database.execute(sql: "DELETE FROM removed_runs WHERE run_id = ?", arguments: [id.text]) }
        }
    }

    /// nil: there is none, or none that can be read.
    package func run(_ runID: Name) throws(ControlStoreError) -> RunRecord? {
        let text = try read { database in
            try String.fetchOne(database, sql: "SELECT record FROM runs WHERE run_id = ?", arguments: [runID.text])
        }
        return text.flatMap(Self.record)
    }
}

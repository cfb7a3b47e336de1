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

/// Thread-safe: GRDB's queue puts callers in order.
package final class ControlStore: Sendable {
    private let database: DatabaseQueue
    package let path: String

    /// Opens or makes the file (0600, WAL mode). A file that is no database is put aside as `<name>.damaged`.
    package init(path: String) throws(ControlStoreError) {
        self.path = path
        do {
            database = try Self.open(path)
        } catch {
            do {
                // Removing an older damaged copy may fail because there is none.
                try? FileManager.default.removeItem(atPath: path + ".damaged")
                try FileManager.default.moveItem(atPath: path, toPath: path + ".damaged")
                database = try Self.open(path)
            } catch let second {
                throw ControlStoreError(description: "cannot open the control store \(path): \(second)")
            }
        }
    }

    private static func open(_ path: String) throws -> DatabaseQueue {
        let mask = umask(0o077)
        defer { umask(mask) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        let database = try DatabaseQueue(path: path, configuration: configuration)
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

    /// The newest `limit` runs, newest first. Rows that cannot be read are left out.
    package func newestRuns(_ limit: Int) throws(ControlStoreError) -> [RunRecord] {
        do {
            let texts = try database.read { database in
                try String.fetchAll(database, sql: "SELECT record FROM runs ORDER BY started_ms DESC LIMIT ?", arguments: [limit])
            }
            // A record of a later version may lack what this one needs: that run is then known from storage only.
            return texts.compactMap { try? JSONDecoder().decode(RunRecord.self, from: Data($0.utf8)) }
        } catch { throw ControlStoreError(description: "cannot read the control store \(path): \(error)") }
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

    package func hasRun(_ runID: Name) throws(ControlStoreError) -> Bool {
        do {
            return try database.read { database in
                try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM runs WHERE run_id = ?)", arguments: [runID.text])
                    ?? false
            }
        } catch { throw ControlStoreError(description: "cannot read the control store \(path): \(error)") }
    }
}

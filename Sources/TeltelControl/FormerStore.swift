/// The one file that former versions kept: what is in it is carried over into the two of this version.
import Foundation
import GRDB
import TeltelEvents

/// Killed at any moment, it is done again from its beginning: rows that have been carried over stay as they are, and the former file
/// goes out of the way as the last step, by one change of its name.
enum FormerStore {
    /// Returns what somebody must be told; nil: there is no former file.
    static func carryOver(_ path: String, into words: ControlFile, _ runs: ControlFile) throws(ControlStoreError) -> String? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            let unreadable = try copy(path, words, runs)
            // Changes of this file alone are not synced one by one.
            try runs.sync()
            let aside = try ControlFile.move(path, aside: ".carried-over")
            let lost = unreadable == 0 ? "" : "; \(unreadable) of its records cannot be read, and these runs are known in part"
            return
                "the control store is now two files in \((words.path as NSString).deletingLastPathComponent): what was in \(path) "
                + "has been carried over, and the file is kept as \(aside)\(lost)"
        } catch let error as DatabaseError where error.isDamage {
            do {
                let aside = try ControlFile.move(path, aside: ".damaged")
                return
                    "the control store \(path) was no database: it is kept as \(aside), and names, notes and layouts begin anew"
            } catch { throw problem(path, error) }
        } catch let error as ControlStoreError { throw error } catch { throw problem(path, error) }
    }

    private static func problem(_ path: String, _ error: any Error) -> ControlStoreError {
        ControlStoreError(description: "cannot carry over the control store \(path): \(error)")
    }

    /// Returns how many records cannot be read.
    private static func copy(_ path: String, _ words: ControlFile, _ runs: ControlFile) throws -> Int {
        let mask = umask(0o077)
        defer { umask(mask) }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let former = try DatabaseQueue(path: path, configuration: configuration)
        if try former.read(migrations.hasBeenSuperseded) {
            throw ControlStoreError(
                description: "a later version of teltel has changed \(path); start that one, or choose another --data-dir")
        }
        try migrations.migrate(former)
        let unreadable = try former.read { former in
            // One transaction each: a file has all of its share, or nothing.
            let unreadable = try runs.changing { try copyRuns(former, $0) }
            try words.changing { try copyWords(former, $0) }
            return unreadable
        }
        // Takes the files that SQLite keeps beside it along.
        try former.close()
        return unreadable
    }

    private static func copyRuns(_ former: Database, _ database: Database) throws -> Int {
        var unreadable = 0
        let rows = try Row.fetchCursor(former, sql: "SELECT run_id, source_id, status, started_ms, ended_ms, record FROM runs")
        while let row = try rows.next() {
            let (runID, text) = (Name(row["run_id"] as String), row["record"] as String)
            guard try Row.fetchOne(database, sql: "SELECT 1 FROM runs WHERE run_id = ?", arguments: [runID.text]) == nil else {
                continue
            }
            var record: RunRecord
            do { record = try StoredJSON.value(RunRecord.self, text) } catch {
                unreadable += 1
                try database.execute(
                    sql: "INSERT INTO unreadable_parts (run_id, part, content, reason) VALUES (?, 'record', ?, ?)",
                    arguments: [runID.text, text, "\(error)"])
                record = RunRecord(runID: runID, sourceID: Name(row["source_id"] as String), startedMs: row["started_ms"])
                record.status = RunRecord.Status(rawValue: row["status"]) ?? .failed
                record.endedMs = row["ended_ms"]
            }
            try ControlStore.write(record, RunParts(record), changedSince: nil, database)
        }
        // It knew all runs: none has to be made again.
        try database.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('is_complete', 1)")
        let answers = try Row.fetchCursor(former, sql: "SELECT key, status, body, answered_ms FROM answers")
        while let row = try answers.next() {
            try database.execute(
                sql: "INSERT OR IGNORE INTO answers (key, status, body, answered_ms) VALUES (?, ?, ?, ?)",
                arguments: [row["key"], row["status"], row["body"], row["answered_ms"]])
        }
        return unreadable
    }

    private static func copyWords(_ former: Database, _ database: Database) throws {
        let rows = try Row.fetchCursor(former, sql: "SELECT run_id, record FROM runs")
        while let row = try rows.next() {
            // Said above: what cannot be read has its whole text put aside.
            guard let words = try? StoredJSON.value(RunRecord.self, row["record"]).words, !words.isEmpty else { continue }
            let runID = Name(row["run_id"] as String)
            let sql = "SELECT 1 FROM run_words WHERE run_id = ?"
            if try Row.fetchOne(database, sql: sql, arguments: [runID.text]) == nil {
                try ControlStore.write(words, of: runID, database)
            }
        }
        for layout in try Row.fetchAll(former, sql: "SELECT name, layout, saved_ms FROM layouts") {
            try database.execute(
                sql: "INSERT OR IGNORE INTO layouts (name, layout, saved_ms) VALUES (?, ?, ?)",
                arguments: [layout["name"], layout["layout"], layout["saved_ms"]])
        }
        for run in try Row.fetchAll(former, sql: "SELECT run_id, counted FROM removed_runs") {
            try database.execute(
                sql: "INSERT OR IGNORE INTO removed_runs (run_id, counted) VALUES (?, ?)",
                arguments: [run["run_id"], run["counted"]])
        }
    }

    /// As they were: a file of any former version is brought to the last one's state first.
    private static var migrations: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("runs") { database in
            try database.execute(
                sql: """
                    CREATE TABLE runs (run_id TEXT PRIMARY KEY NOT NULL, source_id TEXT NOT NULL, status TEXT NOT NULL,
                        started_ms INTEGER NOT NULL, ended_ms INTEGER, record TEXT NOT NULL)
                    """)
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
        migrator.registerMigration("answers") { database in
            try database.execute(
                sql: """
                    CREATE TABLE answers (key TEXT PRIMARY KEY NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
                        answered_ms INTEGER NOT NULL)
                    """)
        }
        migrator.registerMigration("removed runs") { database in
            try database.execute(sql: "CREATE TABLE removed_runs (run_id TEXT PRIMARY KEY NOT NULL, counted TEXT NOT NULL)")
        }
        migrator.registerMigration("layouts") { database in
            try database.execute(
                sql: "CREATE TABLE layouts (name TEXT PRIMARY KEY NOT NULL, layout TEXT NOT NULL, saved_ms INTEGER NOT NULL)")
        }
        return migrator
    }
}

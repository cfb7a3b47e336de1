/// The control store: two SQLite files in the data folder's `control/`, with what is known about runs while ClickHouse is away.
///
/// `words.sqlite` has what people have said and nothing else can bring back; `runs.sqlite` what can be made again from storage and
/// rings, and answers that are kept for hours. Nothing about exactly-once depends on either. Never called on a reader's thread.
import Foundation
import GRDB
import Synchronization
import TeltelEvents

/// Why the control store cannot be used.
package struct ControlStoreError: Error, CustomStringConvertible, Sendable {
    package let description: String
}

/// Thread-safe: one writes a file at a time, and who reads waits for nobody.
package final class ControlStore: Sendable {
    let words: ControlFile
    let runs: ControlFile
    /// What somebody must be told about its files, in whole sentences.
    package let notices: [String]
    /// Runs of which somebody has the record in memory.
    let held = Mutex<[Name: Held]>([:])
    let unreadable = Mutex(UnreadableParts())

    struct Held {
        /// As the file has them.
        var words: RunWords
        /// As they were written last; nil: not since the start, or nothing more is to come.
        var parts: RunParts?
    }

    /// Opens or makes the files (0600) in the folder (0700), and carries over what a former version kept in one file.
    package init(dataFolder: String) throws(ControlStoreError) {
        let folder = dataFolder + "/control"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            let reason = (error as NSError).userInfo[NSUnderlyingErrorKey].map { "\($0)" } ?? error.localizedDescription
            throw ControlStoreError(
                description: "cannot make the folder of the control store \(folder): \(reason); choose another --data-dir")
        }
        words = try ControlFile(path: folder + "/words.sqlite", format: Self.wordsFormat, durability: .everyChange)
        runs = try ControlFile(path: folder + "/runs.sqlite", format: Self.runsFormat, durability: .whole)
        var notices: [String] = []
        if let aside = words.putAside {
            notices.append(
                "the control store's \(words.path) was no database: it is kept as \(aside), and names, notes, layouts, markers and baselines begin anew"
            )
        }
        if let aside = runs.putAside {
            notices.append(
                "the control store's \(runs.path) was no database: it is kept as \(aside), and the list of runs is made again from "
                    + "what is stored")
        }
        if let notice = try FormerStore.carryOver(dataFolder + "/control.sqlite", into: words, runs) { notices.append(notice) }
        self.notices = notices
    }

    // MARK: formats

    static let wordsFormat = FileFormat(migrations: [
        Migration(
            sql: """
                CREATE TABLE run_words (run_id TEXT PRIMARY KEY, name TEXT, note TEXT, changed_tags TEXT NOT NULL);
                CREATE TABLE layouts (name TEXT PRIMARY KEY, layout TEXT NOT NULL, saved_ms INTEGER NOT NULL);
                CREATE TABLE removed_runs (run_id TEXT PRIMARY KEY, counted TEXT NOT NULL);
                """, minReader: 1, minWriter: 1),
        Migration(sql: markersTable, minReader: 1, minWriter: 1),
        Migration(sql: baselinesTable, minReader: 1, minWriter: 1),
    ])

    static let runsFormat = FileFormat(migrations: [
        Migration(
            sql: """
                CREATE TABLE runs (
                    run_id TEXT PRIMARY KEY, order_ms INTEGER NOT NULL, status TEXT NOT NULL, is_open INTEGER NOT NULL);
                CREATE INDEX runs_in_order ON runs (order_ms, run_id);
                CREATE INDEX open_runs ON runs (run_id) WHERE is_open = 1;
                CREATE TABLE run_parts (run_id TEXT NOT NULL, part TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (run_id, part));
                CREATE TABLE unreadable_parts (run_id TEXT NOT NULL, part TEXT NOT NULL, content TEXT NOT NULL, reason TEXT NOT NULL);
                CREATE TABLE answers (
                    key TEXT PRIMARY KEY, status INTEGER NOT NULL, body TEXT NOT NULL, answered_ms INTEGER NOT NULL);
                CREATE INDEX answers_by_age ON answers (answered_ms);
                """, minReader: 1, minWriter: 1)
    ])

    // MARK: removing

    /// Nothing happens if there is none. `counted`: by ring, where what was removed ends; as in `RunRecord`. The record goes last: a
    /// run that is still listed can be removed again.
    package func remove(_ runID: Name, counted: [String: UInt64]) throws(ControlStoreError) {
        try words.write { database in
            for table in ["run_words", "markers"] {
                try database.execute(sql: "DELETE FROM \(table) WHERE run_id = ?", arguments: [runID.text])
            }
            try database.execute(
                sql: "INSERT OR REPLACE INTO removed_runs (run_id, counted) VALUES (?, ?)",
                arguments: [runID.text, try StoredJSON.text(counted)])
        }
        try runs.write { database in
            for table in ["runs", "run_parts", "unreadable_parts"] {
                try database.execute(sql: "DELETE FROM \(table) WHERE run_id = ?", arguments: [runID.text])
            }
        }
        held.withLock { $0[runID] = nil }
    }

    /// Where removed runs end, by run id and ring.
    package func removedRuns() throws(ControlStoreError) -> [Name: [String: UInt64]] {
        let rows = try words.read { try Row.fetchAll($0, sql: "SELECT run_id, counted FROM removed_runs") }
        // What cannot be read may show a removed run's last events once more, and no more than that.
        return Dictionary(
            rows.compactMap { row in
                (try? StoredJSON.value([String: UInt64].self, row["counted"])).map { (Name(row["run_id"] as String), $0) }
            }, uniquingKeysWith: { $1 })
    }

    /// Their rings are gone.
    package func forgetRemoved(_ runIDs: [Name]) throws(ControlStoreError) {
        guard !runIDs.isEmpty else { return }
        try words.write { database in
            for id in runIDs { try database.execute(sql: "DELETE FROM removed_runs WHERE run_id = ?", arguments: [id.text]) }
        }
    }
}

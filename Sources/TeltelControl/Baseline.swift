/// Runs that others are compared with, by name.
import GRDB
import TeltelEvents

/// A name that stands for a run, with the rules of a comparison with it. The run is pinned: it is kept as long as it is a baseline.
package struct Baseline: Sendable, Equatable {
    package let name: String
    package let runID: Name
    /// A file of rules, as JSON text; nil: by bits.
    package let rules: String?
    package let note: String?
    /// Milliseconds since 1970.
    package let setMs: Int64

    package init(name: String, runID: Name, rules: String?, note: String?, setMs: Int64) {
        self.name = name
        self.runID = runID
        self.rules = rules
        self.note = note
        self.setMs = setMs
    }
}

/// What a name has stood for.
package struct BaselineChange: Sendable, Equatable {
    package let baseline: Baseline
    /// When it was set anew, or removed; nil: it stands.
    package let endedMs: Int64?
}

extension ControlStore {
    /// The one that stands has no end.
    static let baselinesTable = """
        CREATE TABLE baselines (
            number INTEGER PRIMARY KEY, name TEXT NOT NULL, run_id TEXT NOT NULL, rules TEXT, note TEXT, set_ms INTEGER NOT NULL,
            ended_ms INTEGER);
        CREATE UNIQUE INDEX baselines_that_stand ON baselines (name) WHERE ended_ms IS NULL;
        CREATE INDEX baselines_of_runs ON baselines (run_id) WHERE ended_ms IS NULL;
        """
    package static let baselinesMost = 1_000
    /// Of one name; the oldest are forgotten.
    private static let historyMost = 100
    /// Of all names together.
    private static let endedMost = 10_000

    package func baselines() throws(ControlStoreError) -> [Baseline] {
        try words.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM baselines WHERE ended_ms IS NULL ORDER BY name").map(Self.baseline)
        }
    }

    package func baseline(_ name: String) throws(ControlStoreError) -> Baseline? {
        try words.read { database in
            let sql = "SELECT * FROM baselines WHERE name = ? AND ended_ms IS NULL"
            return try Row.fetchOne(database, sql: sql, arguments: [name]).map(Self.baseline)
        }
    }

    /// Names that stand for the run.
    package func baselines(of runID: Name) throws(ControlStoreError) -> [String] {
        try words.read { database in
            let sql = "SELECT name FROM baselines WHERE run_id = ? AND ended_ms IS NULL ORDER BY name"
            return try String.fetchAll(database, sql: sql, arguments: [runID.text])
        }
    }

    /// The newest first.
    package func baselineHistory(_ name: String) throws(ControlStoreError) -> [BaselineChange] {
        try words.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM baselines WHERE name = ? ORDER BY number DESC", arguments: [name]).map
            {
                BaselineChange(baseline: Self.baseline($0), endedMs: $0["ended_ms"])
            }
        }
    }

    package enum BaselineSet: Sendable, Equatable {
        /// What it stood for before; nil: it is new.
        case done(before: Baseline?)
        case tooMany
    }

    package func set(_ baseline: Baseline, most: Int = baselinesMost) throws(ControlStoreError) -> BaselineSet {
        try words.write { database in
            let sql = "SELECT * FROM baselines WHERE name = ? AND ended_ms IS NULL"
            let before = try Row.fetchOne(database, sql: sql, arguments: [baseline.name]).map(Self.baseline)
            let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM baselines WHERE ended_ms IS NULL") ?? 0
            if before == nil, count >= most { return .tooMany }
            try Self.end(baseline.name, baseline.setMs, database)
            try database.execute(
                sql: "INSERT INTO baselines (name, run_id, rules, note, set_ms) VALUES (?, ?, ?, ?, ?)",
                arguments: [baseline.name, baseline.runID.text, baseline.rules, baseline.note, baseline.setMs])
            try database.execute(
                sql: """
                    DELETE FROM baselines WHERE name = ? AND number NOT IN (
                        SELECT number FROM baselines WHERE name = ? ORDER BY number DESC LIMIT ?)
                    """, arguments: [baseline.name, baseline.name, Self.historyMost])
            try database.execute(
                sql: """
                    DELETE FROM baselines WHERE ended_ms IS NOT NULL AND number NOT IN (
                        SELECT number FROM baselines WHERE ended_ms IS NOT NULL ORDER BY number DESC LIMIT ?)
                    """, arguments: [Self.endedMost])
            return .done(before: before)
        }
    }

    /// false: there is none of the name.
    package func removeBaseline(_ name: String, atMs: Int64) throws(ControlStoreError) -> Bool {
        try words.write { database in try Self.end(name, atMs, database) }
    }

    @discardableResult
    private static func end(_ name: String, _ atMs: Int64, _ database: Database) throws -> Bool {
        try database.execute(
            sql: "UPDATE baselines SET ended_ms = ? WHERE name = ? AND ended_ms IS NULL", arguments: [atMs, name])
        return database.changesCount > 0
    }

    private static func baseline(_ row: Row) -> Baseline {
        Baseline(
            name: row["name"], runID: Name(row["run_id"] as String), rules: row["rules"], note: row["note"], setMs: row["set_ms"])
    }
}

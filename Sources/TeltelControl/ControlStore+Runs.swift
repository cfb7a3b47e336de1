/// Records of runs: written part by part, and put together again from what can be read.
import GRDB
import TeltelEvents

/// A part of a run's record that could not be read, and was put aside in the file.
package struct UnreadablePart: Sendable, Equatable {
    package let runID: Name
    package let part: String
    package let reason: String
}

struct UnreadableParts: Sendable {
    struct Place: Hashable { let runID: Name, part: String }
    /// Seen, and still where they were.
    var waiting: [Place: String] = [:]
    /// Put aside, and told nobody yet.
    var fresh: [UnreadablePart] = []
}

extension ControlStore {
    // MARK: writing

    /// Inserts or replaces; of each record only what has changed since this store wrote it last.
    /// - Returns: words that are in the file, of records that came to be without them: those of a run whose record was lost.
    package func save(_ records: [RunRecord]) throws(ControlStoreError) -> [Name: RunWords] {
        let found = try saveWords(records)
        let before = held.withLock { held in records.map { held[$0.runID]?.parts } }
        let now = records.map(RunParts.init)
        let waiting = unreadable.withLock { $0.waiting }
        guard !records.isEmpty || !waiting.isEmpty else { return found }
        let aside = try runs.write { database in
            // What is written now must not replace what could not be read.
            let aside = try waiting.filter { try Self.putAside($0.key, $0.value, database) }
            for (index, record) in records.enumerated() {
                try Self.write(record, now[index], changedSince: before[index], database)
            }
            return aside
        }
        unreadable.withLock { unreadable in
            for place in waiting.keys { unreadable.waiting[place] = nil }
            unreadable.fresh += aside.map { UnreadablePart(runID: $0.key.runID, part: $0.key.part, reason: $0.value) }
        }
        held.withLock { held in
            for (record, parts) in zip(records, now) {
                let isOver = record.status != .running && record.isRecorded
                held[record.runID]?.parts = isOver ? nil : parts
            }
        }
        return found
    }

    /// Records of runs that there are none of. Returns which that were.
    package func insertMissing(_ records: [RunRecord]) throws(ControlStoreError) -> [Name] {
        try runs.write { database in
            try records.filter { record in
                let sql = "SELECT 1 FROM runs WHERE run_id = ?"
                guard try Row.fetchOne(database, sql: sql, arguments: [record.runID.text]) == nil else { return false }
                try Self.write(record, RunParts(record), changedSince: nil, database)
                return true
            }.map(\.runID)
        }
    }

    /// Every earlier run has its record: what is not there is nowhere. A file that begins anew is not complete.
    package var isComplete: Bool {
        get throws(ControlStoreError) {
            try runs.read { try Row.fetchOne($0, sql: "SELECT 1 FROM meta WHERE key = 'is_complete'") != nil }
        }
    }
    package func noteComplete() throws(ControlStoreError) {
        try runs.write { try $0.execute(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('is_complete', 1)") }
    }

    package func hasRun(_ runID: Name) throws(ControlStoreError) -> Bool {
        try runs.read { database in
            try Row.fetchOne(database, sql: "SELECT 1 FROM runs WHERE run_id = ?", arguments: [runID.text]) != nil
        }
    }

    static func write(_ record: RunRecord, _ parts: RunParts, changedSince before: RunParts?, _ database: Database) throws {
        if before == nil || !parts.isSame(.identity, as: before!) || !parts.isSame(.lifecycle, as: before!) {
            let statement = try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO runs (run_id, order_ms, status, is_open) VALUES (?, ?, ?, ?)")
            // The order of runs is never a sender's word.
            let isOpen = record.status == .running || !record.isRecorded
            try statement.execute(arguments: [record.runID.text, record.orderMs, record.status.rawValue, isOpen])
        }
        for part in RunParts.Part.allCases where before.map({ !parts.isSame(part, as: $0) }) ?? true {
            try write(record.runID, part, try parts.text(part), database)
        }
    }

    static func write(_ runID: Name, _ part: RunParts.Part, _ content: String, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO run_parts (run_id, part, content) VALUES (?, ?, ?)
                    ON CONFLICT (run_id, part) DO UPDATE SET content = excluded.content
                """)
        try statement.execute(arguments: [runID.text, part.rawValue, content])
    }

    // MARK: words

    private func saveWords(_ records: [RunRecord]) throws(ControlStoreError) -> [Name: RunWords] {
        let known = held.withLock { held in records.map { held[$0.runID]?.words } }
        // Of a run that is saved for the first time the file may have words all the same.
        let strangers = zip(records, known).filter { $0.1 == nil }.map(\.0.runID)
        let there = strangers.isEmpty ? [:] : try words.read { try Self.words(of: strangers, $0) }
        var (found, changed): ([Name: RunWords], [Name: RunWords]) = ([:], [:])
        for (record, known) in zip(records, known) {
            let before = known ?? there[record.runID] ?? RunWords()
            let now = known == nil ? record.words.over(before) : record.words
            if now != record.words { found[record.runID] = now }
            if now != before { changed[record.runID] = now }
        }
        if !changed.isEmpty {
            try words.write { database in for (runID, words) in changed { try Self.write(words, of: runID, database) } }
        }
        held.withLock { held in
            for (record, known) in zip(records, known) where known == nil {
                held[record.runID] = Held(words: there[record.runID] ?? RunWords())
            }
            for (runID, words) in changed { held[runID]?.words = words }
        }
        return found
    }

    static func write(_ words: RunWords, of runID: Name, _ database: Database) throws {
        guard !words.isEmpty else {
            return try database.execute(sql: "DELETE FROM run_words WHERE run_id = ?", arguments: [runID.text])
        }
        let tags = try StoredJSON.text(ByName(wrappedValue: words.changedTags))
        try database.execute(
            sql: "INSERT OR REPLACE INTO run_words (run_id, name, note, changed_tags) VALUES (?, ?, ?, ?)",
            arguments: [runID.text, words.name, words.note, tags])
    }

    private static func words(of runIDs: [Name], _ database: Database) throws -> [Name: RunWords] {
        let statement = try database.cachedStatement(sql: "SELECT name, note, changed_tags FROM run_words WHERE run_id = ?")
        var found: [Name: RunWords] = [:]
        for runID in runIDs {
            guard let row = try Row.fetchOne(statement, arguments: [runID.text]) else { continue }
            // Tags that cannot be read stay in the file until somebody changes tags of that run.
            let tags = try? StoredJSON.value(ByName<Name?>.self, row["changed_tags"]).wrappedValue
            found[runID] = RunWords(name: row["name"], note: row["note"], changedTags: tags ?? [:])
        }
        return found
    }

    // MARK: reading

    /// What a collector has to go on with: the newest `limit` runs, and older ones that go on or are not recorded to the end.
    package func recentRuns(_ limit: Int) throws(ControlStoreError) -> [RunRecord] {
        let records = try runs.read { database in
            let names = try String.fetchAll(
                database,
                sql: """
                    SELECT run_id FROM runs WHERE is_open = 1
                    UNION SELECT run_id FROM (SELECT run_id FROM runs ORDER BY order_ms DESC, run_id DESC LIMIT ?)
                    """, arguments: [limit])
            return try names.compactMap { try record(Name($0), database) }
        }
        return try withWords(records, areHeld: true)
    }

    /// nil: there is none.
    package func run(_ runID: Name) throws(ControlStoreError) -> RunRecord? {
        guard let found = try runs.read({ try record(runID, $0) }) else { return nil }
        return try withWords([found], areHeld: true).first
    }

    /// Those that there are, in this order. Nobody goes on with them.
    package func records(of runIDs: [Name]) throws(ControlStoreError) -> [RunRecord] {
        let records = try runs.read { database in try runIDs.compactMap { try record($0, database) } }
        return try withWords(records, areHeld: false)
    }

    /// Where runs stand, newest first: `limit` of those before a place; nil: from the newest on.
    package func places(before place: RunPlace?, limit: Int) throws(ControlStoreError) -> [RunPlace] {
        try runs.read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT order_ms, run_id FROM runs WHERE (order_ms, run_id) < (?, ?)
                        ORDER BY order_ms DESC, run_id DESC LIMIT ?
                    """, arguments: [place?.orderMs ?? .max, place?.runID.text ?? "", limit])
            return rows.map { RunPlace(orderMs: $0["order_ms"], runID: Name($0["run_id"] as String)) }
        }
    }

    /// So many of them, in the order of their bytes.
    package func runIDs(beginningWith prefix: Name, limit: Int) throws(ControlStoreError) -> [Name] {
        try runs.read { database in
            // By bytes, as SQLite compares texts; the last character that there is ends the range.
            let sql = "SELECT run_id FROM runs WHERE run_id >= ? AND run_id < ? ORDER BY run_id LIMIT ?"
            return try String.fetchAll(database, sql: sql, arguments: [prefix.text, prefix.text + "\u{10FFFF}", limit]).map {
                Name($0)
            }
        }
    }

    /// They are not in memory any more.
    package func letGo(_ runIDs: [Name]) { held.withLock { held in for runID in runIDs { held[runID] = nil } } }

    /// What has been put aside since the last call.
    package func takeUnreadable() -> [UnreadablePart] {
        unreadable.withLock { unreadable in
            defer { unreadable.fresh = [] }
            return unreadable.fresh
        }
    }

    /// A later version may have written what this one cannot read: the run is then known from its other parts.
    private func record(_ runID: Name, _ database: Database) throws -> RunRecord? {
        let line = try database.cachedStatement(sql: "SELECT order_ms, status FROM runs WHERE run_id = ?")
        guard let row = try Row.fetchOne(line, arguments: [runID.text]) else { return nil }
        var record = RunRecord(runID: runID, sourceID: .empty, startedMs: row["order_ms"])
        record.receivedMs = record.startedMs
        record.sources = nil
        record.status = RunRecord.Status(rawValue: row["status"]) ?? .failed
        let statement = try database.cachedStatement(sql: "SELECT part, content FROM run_parts WHERE run_id = ?")
        let parts = try Row.fetchAll(statement, arguments: [runID.text]).map {
            (name: $0["part"] as String, text: $0["content"] as String)
        }
        for part in RunParts.Part.allCases {
            guard let text = parts.first(where: { $0.name == part.rawValue })?.text else { continue }
            do { try record.take(part, from: text) } catch {
                unreadable.withLock { $0.waiting[.init(runID: runID, part: part.rawValue)] = "\(error)" }
            }
        }
        return record
    }

    private func withWords(_ records: [RunRecord], areHeld: Bool) throws(ControlStoreError) -> [RunRecord] {
        guard !records.isEmpty else { return [] }
        let found = try words.read { try Self.words(of: records.map(\.runID), $0) }
        if areHeld {
            held.withLock { held in
                for record in records where held[record.runID] == nil {
                    held[record.runID] = Held(words: found[record.runID] ?? RunWords())
                }
            }
        }
        return records.map { record in
            var record = record
            if let words = found[record.runID] { record.words = words }
            return record
        }
    }

    /// Returns whether it was there.
    private static func putAside(_ place: UnreadableParts.Place, _ reason: String, _ database: Database) throws -> Bool {
        try database.execute(
            sql: """
                INSERT INTO unreadable_parts (run_id, part, content, reason)
                    SELECT run_id, part, content, ? FROM run_parts WHERE run_id = ? AND part = ?
                """, arguments: [reason, place.runID.text, place.part])
        guard database.changesCount > 0 else { return false }
        try database.execute(
            sql: "DELETE FROM run_parts WHERE run_id = ? AND part = ?", arguments: [place.runID.text, place.part])
        return true
    }
}

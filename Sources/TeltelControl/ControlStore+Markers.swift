/// Markers in the control store: with the words, because nothing brings back what people have marked.
import GRDB
import TeltelEvents

extension ControlStore {
    /// Frames have 64 bits, and SQLite's integers have a sign: as texts of one length they stand in order, and any program reads them.
    static let markersTable = """
        CREATE TABLE markers (
            id TEXT PRIMARY KEY, run_id TEXT NOT NULL, source_id TEXT, channel TEXT, type TEXT, first_frame TEXT NOT NULL,
            last_frame TEXT NOT NULL, sim_time REAL, kind TEXT NOT NULL, field TEXT, severity TEXT NOT NULL, text TEXT NOT NULL,
            origin TEXT NOT NULL, created_ms INTEGER NOT NULL, request_key TEXT UNIQUE);
        CREATE INDEX markers_in_order ON markers (run_id, first_frame, id);
        """

    private static let columns = """
        id, run_id, source_id, channel, type, first_frame, last_frame, sim_time, kind, field, severity, text, origin, created_ms
        """

    // MARK: reading

    /// By first frame; so many of them at most, behind a place.
    package func markers(
        of runID: Name, _ selection: MarkerSelection = MarkerSelection(), after place: MarkerPlace? = nil, limit: Int = .max
    ) throws(ControlStoreError) -> [Marker] {
        var (conditions, arguments) = Self.conditions(runID, selection)
        if let place {
            conditions.append("(first_frame, id) > (?, ?)")
            arguments += [Self.text(place.frame), place.id]
        }
        let sql = """
            SELECT \(Self.columns) FROM markers WHERE \(conditions.joined(separator: " AND ")) ORDER BY first_frame, id LIMIT ?
            """
        return try words.read { database in
            try Row.fetchAll(database, sql: sql, arguments: StatementArguments(arguments + [limit])).map(Self.marker)
        }
    }

    /// How many there are of them.
    package func markerCount(of runID: Name, _ selection: MarkerSelection = MarkerSelection()) throws(ControlStoreError) -> Int {
        let (conditions, arguments) = Self.conditions(runID, selection)
        let sql = "SELECT count(*) FROM markers WHERE \(conditions.joined(separator: " AND "))"
        return try words.read { try Int.fetchOne($0, sql: sql, arguments: StatementArguments(arguments)) ?? 0 }
    }

    private static func conditions(_ runID: Name, _ selection: MarkerSelection)
        -> ([String], [any DatabaseValueConvertible])
    {
        var conditions = ["run_id = ?"]
        var arguments: [any DatabaseValueConvertible] = [runID.text]
        func add(_ column: String, _ values: [String]) {
            guard !values.isEmpty else { return }
            conditions.append("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))")
            arguments += values
        }
        add("kind", selection.kinds)
        add("severity", selection.severities.map(\.rawValue))
        add("origin", selection.origin.map { [$0.rawValue] } ?? [])
        let names = [
            ("source_id", selection.sourceID), ("channel", selection.channel), ("type", selection.type),
            ("field", selection.field),
        ]
        for (column, name) in names { add(column, name.map { [$0.text] } ?? []) }
        if let frames = selection.frames {
            conditions.append("first_frame <= ? AND last_frame >= ?")
            arguments += [text(frames.upperBound), text(frames.lowerBound)]
        }
        return (conditions, arguments)
    }

    /// 20 digits.
    private static func text(_ frame: UInt64) -> String {
        let digits = String(frame)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits
    }

    private static func marker(_ row: Row) -> Marker {
        func name(_ column: String) -> Name? { (row[column] as String?).map { Name($0) } }
        let first = UInt64(row["first_frame"] as String) ?? 0
        return Marker(
            id: row["id"], runID: Name(row["run_id"] as String), sourceID: name("source_id"), channel: name("channel"),
            type: name("type"), frames: first...max(first, UInt64(row["last_frame"] as String) ?? first),
            simTime: row["sim_time"], kind: row["kind"], field: name("field"),
            // A later version may know others.
            severity: Severity(rawValue: row["severity"]) ?? .info, text: row["text"],
            origin: Marker.Origin(rawValue: row["origin"]) ?? .person, createdMs: row["created_ms"])
    }

    // MARK: changing

    /// - Parameter key: of the request: one that comes again makes no second marker. nil: it has none.
    package func add(_ marker: Marker, key: String?, most: Int = MarkerLimits.perRun) throws(ControlStoreError) -> MarkerChange {
        try words.write { database in
            if let key {
                let sql = "SELECT \(Self.columns) FROM markers WHERE request_key = ?"
                let row = try Row.fetchOne(database, sql: sql, arguments: [key])
                if let row { return .madeBefore(Self.marker(row)) }
            }
            guard try Self.count(marker.runID, database) < most else { return .tooMany }
            try Self.insert(marker, key: key, database)
            return .done(marker)
        }
    }

    /// What rules have found, in place of what the same rules had found in the run. The first ones, if there is no room for all.
    /// - Parameter kinds: of the rules that were asked.
    /// - Returns: how many are kept.
    package func replaceFindings(
        of runID: Name, kinds: [String], by markers: [Marker], most: Int = MarkerLimits.perRun
    ) throws(ControlStoreError) -> Int {
        var selection = MarkerSelection()
        (selection.kinds, selection.origin) = (kinds, .rule)
        let (conditions, arguments) = Self.conditions(runID, selection)
        return try words.write { database in
            if !kinds.isEmpty {
                try database.execute(
                    sql: "DELETE FROM markers WHERE \(conditions.joined(separator: " AND "))",
                    arguments: StatementArguments(arguments))
            }
            let room = max(0, most - (try Self.count(runID, database)))
            let kept = markers.prefix(room)
            for marker in kept { try Self.insert(marker, key: nil, database) }
            return kept.count
        }
    }

    /// false: there is none.
    package func removeMarker(_ id: String) throws(ControlStoreError) -> Bool {
        try words.write { database in
            try database.execute(sql: "DELETE FROM markers WHERE id = ?", arguments: [id])
            return database.changesCount > 0
        }
    }

    /// - Returns: how many there were.
    package func removeMarkers(of runID: Name, _ selection: MarkerSelection) throws(ControlStoreError) -> Int {
        let (conditions, arguments) = Self.conditions(runID, selection)
        return try words.write { database in
            try database.execute(
                sql: "DELETE FROM markers WHERE \(conditions.joined(separator: " AND "))",
                arguments: StatementArguments(arguments))
            return database.changesCount
        }
    }

    private static func count(_ runID: Name, _ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM markers WHERE run_id = ?", arguments: [runID.text]) ?? 0
    }

    private static func insert(_ marker: Marker, key: String?, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO markers (\(columns), request_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try statement.execute(arguments: [
            marker.id, marker.runID.text, marker.sourceID?.text, marker.channel?.text, marker.type?.text,
            text(marker.frames.lowerBound), text(marker.frames.upperBound), marker.simTime, marker.kind, marker.field?.text,
            marker.severity.rawValue, marker.text, marker.origin.rawValue, marker.createdMs, key,
        ])
    }
}

/// A database that the reference service has filled: its `telemetry_events` is a table, where teltel has a view.
///
/// Nothing is written into such a database before somebody has said so: making the view would replace the table. `migrate` gives the
/// table another name and columns by which it looks like `events_other`, so that the view, questions and removals include its rows.
import Foundation

package struct ReferenceMigration: Sendable {
    /// What is to be done, in this order; empty: there is nothing of the reference here, or all is done.
    package var statements: [String] = []
    package var events: UInt64 = 0
    package var runs: UInt64 = 0
}

extension ClickHouseTables {
    package static let referenceName = "events_reference"

    /// Columns that the reference's table must have, and those that make it look like `events_other`.
    private static let referenceColumns: Set<String> = [
        "run_id", "source_id", "channel", "type", "frame_index", "sim_time", "wall_time_ms", "tags", "payload", "inserted_at",
    ]
    private static let aliases = [
        "rest String ALIAS payload", "instance String ALIAS ''", "writer UInt16 ALIAS 0", "sequence UInt64 ALIAS 0",
    ]

    /// Name, engine and columns of those tables that may be the reference's.
    private struct Found: Decodable {
        let name: String
        let engine: String
        let columns: [String]
    }

    private func find() throws(ClickHouseError) -> [String: Found] {
        let sql = """
            SELECT t.name AS name, any(t.engine) AS engine, groupArray(c.name) AS columns
            FROM system.tables AS t INNER JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
            WHERE t.database = {database:String} AND t.name IN ('\(TableSQL.viewName)', '\(Self.referenceName)', '\(TableSQL.metadataName)')
            GROUP BY t.name
            """
        let query = ClickHouseQuery(sql, parameters: ["database": client.endpoint.database], format: "JSONEachRow")
        var found: [String: Found] = [:]
        for line in try client.run(query).split(separator: UInt8(ascii: "\n")) {
            // What is no such line would be no answer of ClickHouse.
            guard let one = try? JSONDecoder().decode(Found.self, from: Data(line)) else {
                throw ClickHouseError(.unexpectedAnswer, "a table's description")
            }
            found[one.name] = one
        }
        return found
    }

    private static func isUnderWay(_ found: [String: Found]) -> Bool {
        if let events = found[TableSQL.viewName], !events.engine.hasSuffix("View") { return true }
        return found[referenceName].map { !$0.columns.contains("rest") } ?? false
    }

    /// Throws if rows of the reference are not under the view.
    func checkForReference() throws(ClickHouseError) {
        guard Self.isUnderWay(try find()) else { return }
        throw ClickHouseError(
            .unsupported,
            "the database \(client.endpoint.database) has telemetry_events of the reference service: `teltel storage migrate --dry-run` "
                + "shows how its rows come under teltel's view, `teltel storage migrate` does it; until then nothing is written into it"
        )
    }

    /// What `migrate` would do.
    package func plannedMigration() throws(ClickHouseError) -> ReferenceMigration {
        let found = try find()
        guard Self.isUnderWay(found) else { return ReferenceMigration() }
        var plan = ReferenceMigration()
        func named(_ name: String) -> String { TableSQL.qualified(client.endpoint.database, name) }
        var place = Self.referenceName
        if let events = found[TableSQL.viewName], !events.engine.hasSuffix("View") {
            let missing = Self.referenceColumns.subtracting(events.columns)
            guard events.engine.hasSuffix("MergeTree"), missing.isEmpty, found[Self.referenceName] == nil else {
                throw ClickHouseError(
                    .unsupported,
                    "telemetry_events is not the reference's table (\(events.engine), missing: \(missing.sorted().joined(separator: ", "))"
                        + "), or there is \(Self.referenceName) beside it: use another database with --clickhouse-url")
            }
            place = TableSQL.viewName
            plan.statements.append("RENAME TABLE \(named(TableSQL.viewName)) TO \(named(Self.referenceName))")
        }
        let additions = Self.aliases.map { "ADD COLUMN IF NOT EXISTS \($0)" }.joined(separator: ", ")
        plan.statements.append("ALTER TABLE \(named(Self.referenceName)) \(additions)")
        if let metadata = found[TableSQL.metadataName] {
            let missing = TableSQL.metadataColumns.filter { !metadata.columns.contains($0.name) }
            if !missing.isEmpty {
                let additions = missing.map { "ADD COLUMN IF NOT EXISTS \(SQLText.name($0.name)) \($0.type)" }
                plan.statements.append("ALTER TABLE \(named(TableSQL.metadataName)) \(additions.joined(separator: ", "))")
            }
        }
        let counted = ClickHouseQuery(
            "SELECT count(), uniqExact(run_id) FROM \(named(place))", settings: ["readonly": "1"], format: "TSV")
        let numbers = String(decoding: try client.run(counted), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        plan.events = numbers.first.flatMap { UInt64($0) } ?? 0
        plan.runs = numbers.last.flatMap { UInt64($0) } ?? 0
        return plan
    }

    /// Brings the reference's rows under the view. Repeating it after any fault goes on where it was. Blocks.
    package func migrate() throws(ClickHouseError) -> ReferenceMigration {
        let plan = try plannedMigration()
        for statement in plan.statements { _ = try client.run(ClickHouseQuery(statement, settings: ["alter_sync": "2"])) }
        forget()
        try connect()
        return plan
    }
}

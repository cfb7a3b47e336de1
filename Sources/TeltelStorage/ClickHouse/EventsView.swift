/// The view `telemetry_events`: all typed tables as the one table of the contract.
import TeltelEvents

/// Pure: tables in, SQL out.
struct EventsView: Sendable {
    let database: String
    let tables: [TableDescription]

    var sql: String {
        let arms = tables.isEmpty ? [Self.emptyArm] : tables.sorted { $0.name < $1.name }.map(arm)
        return "CREATE OR REPLACE VIEW \(TableSQL.qualified(database, TableSQL.viewName)) AS\n"
            + arms.joined(separator: "\nUNION ALL\n")
    }

    private static let emptyArm = """
        SELECT '' AS run_id, toLowCardinality('') AS source_id, toLowCardinality('') AS channel, toLowCardinality('') AS type, \
        toUInt32(0) AS frame_index, toFloat64(0) AS sim_time, CAST(NULL, 'Nullable(UInt64)') AS wall_time_ms, '' AS tags, \
        '' AS payload, toDateTime(0) AS inserted_at WHERE false
        """

    /// Channel and type are constants, by which ClickHouse leaves out whole arms. Columns are named with their table, because
    /// some have the name of what is made of them.
    private func arm(_ table: TableDescription) -> String {
        let channel = table.key.map { "toLowCardinality(\(SQLText.literal($0.channel)))" } ?? "t.channel"
        let type = table.key.map { "toLowCardinality(\(SQLText.literal($0.type)))" } ?? "t.type"
        let payload = PayloadText(table.payloadColumns).expression
        return """
            SELECT CAST(t.run_id, 'String') AS run_id, t.source_id AS source_id, \(channel) AS channel, \(type) AS type, \
            toUInt32(t.frame_index) AS frame_index, t.sim_time AS sim_time, t.wall_time_ms AS wall_time_ms, \
            if(t.tags = '', '{}', t.tags) AS tags, if(t.rest != '', t.rest, \(payload)) AS payload, t.inserted_at AS inserted_at \
            FROM \(TableSQL.qualified(database, table.name)) AS t WHERE t.frame_index <= 4294967295
            """
    }
}

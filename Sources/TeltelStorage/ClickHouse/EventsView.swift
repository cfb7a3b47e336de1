/// The views over all typed tables: `telemetry_events_64` with every row, and `telemetry_events`, the one table of the contract,
/// whose `frame_index` holds 32 bits.
import TeltelEvents

/// Pure: tables in, SQL out.
package struct EventsView: Sendable {
    package let database: String
    package let tables: [TableDescription]

    package init(database: String, tables: [TableDescription]) {
        self.database = database
        self.tables = tables
    }

    package static let largestFrame: UInt64 = 0xFFFF_FFFF

    /// Rows whose frames have more bits than the contract's column are not in it, rather than at a frame that is not theirs.
    package static func narrow(_ database: String) -> String {
        """
        CREATE OR REPLACE VIEW \(TableSQL.qualified(database, TableSQL.viewName)) AS
        SELECT run_id, source_id, channel, type, toUInt32(frame_index) AS frame_index, sim_time, wall_time_ms, tags, payload, inserted_at
        FROM \(TableSQL.qualified(database, TableSQL.wideViewName)) AS e WHERE e.frame_index <= \(largestFrame)
        """
    }

    /// Every row.
    package var sql: String {
        let arms = tables.isEmpty ? [Self.emptyArm] : tables.sorted { $0.name < $1.name }.map(arm)
        return "CREATE OR REPLACE VIEW \(TableSQL.qualified(database, TableSQL.wideViewName)) AS\n"
            + arms.joined(separator: "\nUNION ALL\n")
    }

    private static let emptyArm = """
        SELECT '' AS run_id, toLowCardinality('') AS source_id, toLowCardinality('') AS channel, toLowCardinality('') AS type, \
        toUInt64(0) AS frame_index, toFloat64(0) AS sim_time, CAST(NULL, 'Nullable(UInt64)') AS wall_time_ms, '' AS tags, \
        '' AS payload, toDateTime(0) AS inserted_at WHERE false
        """

    /// Channel and type are constants, by which ClickHouse leaves out whole arms. Columns are named with their table, because
    /// some have the name of what is made of them.
    private func arm(_ table: TableDescription) -> String {
        let channel = table.key.map { "toLowCardinality(\(SQLText.literal($0.channel)))" } ?? "t.channel"
        let type = table.key.map { "toLowCardinality(\(SQLText.literal($0.type)))" } ?? "t.type"
        let frame = table.name == ClickHouseTables.referenceName ? "toUInt64(t.frame_index)" : "t.frame_index"
        let payload = PayloadText(table.payloadColumns).wholeExpression
        return """
            SELECT CAST(t.run_id, 'String') AS run_id, t.source_id AS source_id, \(channel) AS channel, \(type) AS type, \
            \(frame) AS frame_index, t.sim_time AS sim_time, t.wall_time_ms AS wall_time_ms, \
            if(t.tags = '', '{}', t.tags) AS tags, \(payload) AS payload, t.inserted_at AS inserted_at \
            FROM \(TableSQL.qualified(database, table.name)) AS t
            """
    }
}

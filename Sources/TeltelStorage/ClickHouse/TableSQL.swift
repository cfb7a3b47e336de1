/// Statements about tables. Names are quoted here and nowhere else.
import TeltelEvents

package enum SQLText {
    /// A name in back quotes.
    package static func name(_ text: String) -> String { "`" + escape(text, quote: "`") + "`" }
    /// A text in quotes.
    package static func literal(_ text: String) -> String { "'" + escape(text, quote: "'") + "'" }

    /// By scalars, not by characters: a quote with a combining accent behind it is another character, and a quote all the same.
    private static func escape(_ text: String, quote: Unicode.Scalar) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            if scalar == "\\" || scalar == quote { escaped += "\\" }
            if scalar == "\0" { escaped += "\\0" } else { escaped.unicodeScalars.append(scalar) }
        }
        return escaped
    }
    package static func literal(_ name: Name) -> String { literal(name.text) }
}

enum TableSQL {
    static let metadataName = "run_metadata"
    static let viewName = "telemetry_events"
    static let wideViewName = "telemetry_events_64"

    static func qualified(_ database: String, _ table: String) -> String { SQLText.name(database) + "." + SQLText.name(table) }

    static func createDatabase(_ database: String) -> String { "CREATE DATABASE IF NOT EXISTS \(SQLText.name(database))" }

    /// Without payload columns when the table is made: those come with the first plan.
    static func createTable(_ layout: TableLayout, payload: [ColumnLayout], database: String) -> String {
        let fixed = layout.columns.prefix(layout.columns.count - layout.payloadColumns.count)
        let columns =
            fixed.map { "\(SQLText.name($0.name)) \($0.type)\(identityCodecs[$0.name].map { " " + $0 } ?? "")" }
            + payload.map(column)
        let order = layout.key == nil ? "run_id, channel, type, source_id" : "run_id, source_id"
        return """
            CREATE TABLE IF NOT EXISTS \(qualified(database, layout.name)) (
            \(columns.joined(separator: ",\n"))
            ) ENGINE = MergeTree ORDER BY (\(order), frame_index, writer, sequence)
            SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
                min_bytes_for_wide_part = \(wideBytes)
            COMMENT \(SQLText.literal(comment(layout.key)))
            """
    }

    /// Smaller parts are one file for all columns rather than files per column: making and syncing dozens of files was a third
    /// of an insert's cost. Queries are as fast.
    static let wideBytes = 128 << 20

    private static let identityCodecs = [
        "sequence": "CODEC(DoubleDelta, ZSTD(1))", "frame_index": "CODEC(DoubleDelta, ZSTD(1))",
        "sim_time": "CODEC(FPC, ZSTD(1))", "wall_time_ms": "CODEC(DoubleDelta, ZSTD(1))", "writer": "CODEC(ZSTD(1))",
        "inserted_at": "CODEC(Delta, ZSTD(1))", "tags": "CODEC(ZSTD(1))", "rest": "CODEC(ZSTD(1))",
    ]

    /// What a table says about itself, so that the storage can be read without teltel's other files.
    static func comment(_ key: TableKey?) -> String {
        var text: [UInt8] = []
        if let key {
            JSONText.append("{\"channel\":", to: &text)
            JSONText.appendString(key.channel, to: &text)
            JSONText.append(",\"type\":", to: &text)
            JSONText.appendString(key.type, to: &text)
            JSONText.append("}", to: &text)
        } else {
            JSONText.append("{\"other\":true}", to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func column(_ column: ColumnLayout) -> String {
        let codec = PayloadType(column.type).map { " " + $0.codec } ?? ""
        return "\(SQLText.name(column.name)) \(column.type)\(codec)"
    }

    static func alter(_ table: String, _ plan: TablePlan, database: String) -> String {
        let parts =
            plan.additions.map { "ADD COLUMN IF NOT EXISTS \(column($0))" }
            + plan.madeNullable.map { "MODIFY COLUMN \(column($0))" }
        return "ALTER TABLE \(qualified(database, table)) " + parts.joined(separator: ", ")
    }

    /// The rows come as Native blocks with the layout's own column names.
    /// - Parameter isHost: the embedded host takes rows whose columns keep their names without a SELECT, which would cost as much as
    ///   the insert of a few rows. Of servers the older ones convert types in a SELECT alone.
    static func insert(_ layout: TableLayout, _ plan: TablePlan, database: String, isHost: Bool) -> String {
        let targets = plan.targets.map { SQLText.name($0.target) }.joined(separator: ", ")
        let into = "INSERT INTO \(qualified(database, layout.name)) (\(targets))"
        if isHost, plan.targets.allSatisfy({ $0.source == $0.target }) { return into + " FORMAT Native" }
        let sources = plan.targets.map { SQLText.name($0.source) }.joined(separator: ", ")
        let structure = layout.columns.map { "\(SQLText.name($0.name)) \($0.type)" }.joined(separator: ", ")
        return into + " SELECT \(sources) FROM input(\(SQLText.literal(structure))) FORMAT Native"
    }

    static func condition(_ ranges: ArraySlice<RowRange>) -> String {
        ranges.map {
            "(instance = '\($0.ring.instance)' AND writer = \($0.ring.writer) AND sequence BETWEEN \($0.first) AND \($0.last))"
        }.joined(separator: " OR ")
    }

    static let metadataColumns = [
        ColumnLayout("run_id", "String"), ColumnLayout("started_at", "DateTime"), ColumnLayout("ended_at", "Nullable(DateTime)"),
        ColumnLayout("duration_seconds", "Nullable(Float64)"), ColumnLayout("total_events", "UInt64"),
        ColumnLayout("total_frames", "UInt32"), ColumnLayout("max_frame_index", "UInt32"),
        ColumnLayout("source_id", "LowCardinality(String)"), ColumnLayout("config", "String"),
        ColumnLayout("engine_version", "String"), ColumnLayout("seed", "Nullable(UInt64)"),
        ColumnLayout("status", "LowCardinality(String)"), ColumnLayout("end_reason", "Nullable(String)"),
        ColumnLayout("tags", "String"), ColumnLayout("inserted_at", "DateTime DEFAULT now()"),
        ColumnLayout("updated_at", "DateTime DEFAULT now()"),
    ]

    static func createMetadata(_ database: String) -> String {
        """
        CREATE TABLE IF NOT EXISTS \(qualified(database, metadataName)) (
        \(metadataColumns.map { "\($0.name) \($0.type)" }.joined(separator: ",\n"))
        ) ENGINE = ReplacingMergeTree(updated_at) ORDER BY run_id
        """
    }
}

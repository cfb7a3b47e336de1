/// The table of digests: `run_digests`.
import TeltelEvents

package enum DigestTable {
    package static let name = "run_digests"

    /// As the blocks have them and the table has them, in this order.
    package static let columns: [ColumnLayout] = [
        ColumnLayout("run_id", "LowCardinality(String)"), ColumnLayout("instance", "LowCardinality(String)"),
        ColumnLayout("source_id", "LowCardinality(String)"), ColumnLayout("channel", "LowCardinality(String)"),
        ColumnLayout("type", "LowCardinality(String)"), ColumnLayout("writer", "UInt16"), ColumnLayout("sequence", "UInt64"),
        ColumnLayout("block", "UInt64"), ColumnLayout("rows", "UInt64"), ColumnLayout("row_digest", "UInt64"),
        ColumnLayout("first_frame", "UInt64"), ColumnLayout("last_frame", "UInt64"), ColumnLayout("inserted_at", "DateTime"),
        ColumnLayout("keys", "Array(String)"), ColumnLayout("fields", "Array(String)"),
        ColumnLayout("flags", "Array(UInt8)"), ColumnLayout("digests", "Array(UInt64)"),
        ColumnLayout("counts", "Array(UInt64)"), ColumnLayout("nans", "Array(UInt64)"),
        ColumnLayout("infinities", "Array(UInt64)"), ColumnLayout("smallest", "Array(Float64)"),
        ColumnLayout("largest", "Array(Float64)"), ColumnLayout("first", "Array(Float64)"),
        ColumnLayout("last", "Array(Float64)"),
    ]

    package static let layout = TableLayout(name: name, key: nil, columns: columns, isDefined: false)

    /// Digests have no regular differences; counts and names are nearly the same in each row.
    private static let codecs = [
        "sequence": "CODEC(DoubleDelta, ZSTD(1))", "block": "CODEC(DoubleDelta, ZSTD(1))", "row_digest": "CODEC(NONE)",
        "first_frame": "CODEC(DoubleDelta, ZSTD(1))", "last_frame": "CODEC(DoubleDelta, ZSTD(1))",
        "digests": "CODEC(NONE)",
    ]

    static func create(_ database: String) -> String {
        let columns = columns.map { "\(SQLText.name($0.name)) \($0.type) \(codecs[$0.name] ?? "CODEC(ZSTD(1))")" }
        return """
            CREATE TABLE IF NOT EXISTS \(TableSQL.qualified(database, name)) (
            \(columns.joined(separator: ",\n"))
            ) ENGINE = MergeTree ORDER BY (run_id, channel, type, source_id, block, instance, writer, sequence)
            SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
                min_bytes_for_wide_part = \(TableSQL.wideBytes)
            COMMENT 'digests of blocks of \(BlockDigest.framesPerBlock) frames'
            """
    }
}

extension TableLayout {
    /// Rows of it are events, and counted as such.
    package var isEvents: Bool { name != DigestTable.name }
}

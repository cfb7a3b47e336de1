/// What runs take on the disk of ClickHouse.

/// An estimate: rows of many runs share the parts of a table, so each row counts as its table's mean.
package struct SizeQuestion: Sendable {
    /// nil: all runs.
    package var runID: String?

    package init(runID: String? = nil) { self.runID = runID }

    /// Rows: run_id String, rows UInt64, bytes_on_disk UInt64. nil: nothing was ever stored.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        guard !tables.isEmpty else { return nil }
        let condition = runID == nil ? "" : " WHERE run_id = {run:String}"
        let counts = tables.map {
            "SELECT run_id, \(SQL.literal($0.name)) AS name, count() AS events FROM \(SQL.identifier($0.name))\(condition) GROUP BY run_id"
        }
        return Statement(
            sql: """
                SELECT run_id, sum(events) AS rows, toUInt64(round(sum(events * bytes_per_row))) AS bytes_on_disk FROM (
                \(counts.joined(separator: "\nUNION ALL\n"))
                ) AS counts
                INNER JOIN (
                    SELECT table AS name, sum(bytes_on_disk) / sum(rows) AS bytes_per_row
                    FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table
                ) AS sizes USING name
                GROUP BY run_id
                ORDER BY run_id
                """, parameters: runID.map { [("run", $0)] } ?? [])
    }
}

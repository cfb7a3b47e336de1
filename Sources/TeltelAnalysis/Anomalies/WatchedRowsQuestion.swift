/// The rows that rules look at: of one type, by series and frame.
import TeltelEvents

package struct WatchedRowsQuestion: Sendable {
    /// With its type and its key fields.
    package var scope: EventScope
    package var fields: [AskedField]
    /// nil: no other run stands beside it.
    package var baseline: String?

    package init(_ scope: EventScope, _ fields: [AskedField], baseline: String? = nil) {
        self.scope = scope
        self.fields = fields
        self.baseline = baseline
    }

    /// Frames in stretches of so many, of which every `step`-th is taken: neighbours stay together.
    package struct Sample: Sendable {
        package let frames, step: UInt64
        package init(frames: UInt64, step: UInt64) {
            self.frames = frames
            self.step = step
        }
    }

    /// Rows: side UInt8 (0: the run, 1: the baseline), source_id, key String, frame_index UInt64, sim_time Float64, line UInt64 (the writer
    /// of an instance), sequence UInt64, and each value as Nullable(Float64). nil: no table can hold such events.
    package func statement(_ tables: [StoredTable], sample: Sample? = nil) -> Statement? {
        var parameters = Parameters()
        var arms: [String] = []
        for (side, runID) in [scope.runID, baseline].enumerated() where runID != nil {
            var scope = scope
            scope.runID = runID
            let columns = fields.enumerated().map { ValueRows.Column(name: "v\($0)", field: $1, wanted: .number) }
            let rows = ValueRows(scope: scope, columns: columns, withLine: true)
            guard let sql = rows.sql(tables, &parameters) else { return nil }
            arms.append("SELECT toUInt8(\(side)) AS side, * FROM (\n\(sql)\n)")
        }
        let names = ["side", "toString(source_id) AS source", "key", "frame_index", "sim_time", "line", "sequence"]
        let values = fields.indices.map { "toNullable(v\($0)) AS value_\($0)" }
        var condition = ""
        if let sample, sample.step > 1 {
            let frames = parameters.add("sample_frames", String(sample.frames), "UInt64")
            condition =
                "\nWHERE intDiv(frame_index, \(frames)) % \(parameters.add("sample_step", String(sample.step), "UInt64")) = 0"
        }
        return Statement(
            sql: """
                SELECT \((names + values).joined(separator: ", ")) FROM (
                \(arms.joined(separator: "\nUNION ALL\n"))
                )\(condition)
                ORDER BY source, key, frame_index, side, writer, sequence
                """, parameters: parameters.list)
    }

    /// One row: rows UInt64, first and last UInt64 (frames), borders Array(Float64): frames that part the rows into so many parts of about
    /// the same size.
    package func parts(_ tables: [StoredTable], _ count: Int) -> Statement? {
        var parameters = Parameters()
        let rows = ValueRows(scope: scope, columns: [])
        guard let sql = rows.sql(tables, &parameters) else { return nil }
        let levels = count > 1 ? (1..<count).map { "\(Double($0) / Double(count))" }.joined(separator: ", ") : "0.5"
        return Statement(
            sql: """
                SELECT count() AS rows, min(frame_index) AS first, max(frame_index) AS last,
                    quantilesDeterministic(\(levels))(frame_index, intHash32(frame_index)) AS borders
                FROM (
                \(sql)
                )
                """, parameters: parameters.list)
    }
}

/// The stored runs, from `run_metadata` (contract §1, §9).

/// Which runs; each condition holds on its own.
package struct RunsQuestion: Sendable {
    package var sourceID = ""
    /// Any of these; [] = all.
    package var statuses: [String] = []
    package var daysBack = 30

    package init(sourceID: String = "", statuses: [String] = [], daysBack: Int = 30) {
        self.sourceID = sourceID
        self.statuses = statuses
        self.daysBack = daysBack
    }

    /// Rows: run_id, started_at, ended_at, status, total_events, total_frames, max_frame_index, engine_version, source_id, seed,
    /// tags (JSON text); newest first.
    package func statement() -> Statement {
        var conditions = ["started_at >= now() - toIntervalDay({days:UInt32})"]
        var parameters = [("days", String(daysBack))]
        if !sourceID.isEmpty {
            conditions.append("source_id = {source:String}")
            parameters.append(("source", sourceID))
        }
        if !statuses.isEmpty {
            conditions.append("has({statuses:Array(String)}, status)")
            parameters.append(("statuses", "[" + statuses.map(SQL.literal).joined(separator: ",") + "]"))
        }
        return Statement(
            sql: """
                SELECT run_id, started_at, ended_at, status, total_events, total_frames, max_frame_index, engine_version,
                    source_id, seed, tags
                FROM run_metadata FINAL
                WHERE \(conditions.joined(separator: " AND "))
                ORDER BY started_at DESC, run_id
                """, parameters: parameters)
    }
}

/// One stored run with all that is known of it.
package struct RunQuestion: Sendable {
    package let runID: String
    package init(runID: String) { self.runID = runID }

    package func statement() -> Statement {
        Statement(
            sql: """
                SELECT run_id, started_at, ended_at, duration_seconds, status, total_events, total_frames, max_frame_index,
                    source_id, config, engine_version, seed, end_reason, tags
                FROM run_metadata FINAL
                WHERE run_id = {run:String}
                """, parameters: [("run", runID)])
    }
}

/// What a run holds by type, counted in storage: the final truth about its events.
package struct RunTotalsQuestion: Sendable {
    package let runID: String
    package init(runID: String) { self.runID = runID }

    /// Rows: total_events UInt64, total_frames UInt64, max_frame_index UInt64, first and last sim_time Float64.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        guard !tables.isEmpty else { return nil }
        let rows = tables.map {
            "SELECT frame_index, sim_time FROM \(SQL.identifier($0.name)) WHERE run_id = {run:String}"
        }
        return Statement(
            sql: """
                SELECT count(), uniqExact(frame_index), max(frame_index), min(sim_time), max(sim_time) FROM (
                \(rows.joined(separator: "\nUNION ALL\n"))
                )
                """, parameters: [("run", runID)])
    }
}

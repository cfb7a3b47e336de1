/// The stored runs, from `run_metadata` (contract §1, §9).

/// RFC 3339, in UTC, wherever the server is: a time without its zone is another one each time it is read.
private func time(_ column: String, as name: String? = nil) -> String {
    "formatDateTime(m.\(column), '%FT%TZ', 'UTC') AS \(name ?? column)"
}
private let receivedAt = time("inserted_at", as: "received_at")

/// Frames are counted when all of a run is stored; before that its row says what was known when it was written.
private let isFinal = "CAST(total_frames > 0, 'Bool') AS is_final"

/// Which runs; each condition holds on its own.
package struct RunsQuestion: Sendable {
    package var sourceID = ""
    /// Any of these; [] = all.
    package var statuses: [String] = []
    /// Since the collector first heard of them.
    package var daysBack = 30

    package init(sourceID: String = "", statuses: [String] = [], daysBack: Int = 30) {
        self.sourceID = sourceID
        self.statuses = statuses
        self.daysBack = daysBack
    }

    /// Rows: run_id, started_at, ended_at, status, total_events, total_frames, max_frame_index, engine_version, source_id, seed,
    /// tags (JSON text), received_at (when the collector first heard of it), is_final (the totals grow no more); newest first, in
    /// the order in which they came.
    package func statement() -> Statement {
        // By the collector's clock, never by a sender's. Seconds with a sign: a DateTime before 1970 would be one long after.
        var conditions = [
            "toInt64(toUnixTimestamp(m.inserted_at)) >= toInt64(toUnixTimestamp(now())) - 86400 * toInt64({days:UInt32})"
        ]
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
                SELECT run_id, \(time("started_at")), \(time("ended_at")), status, total_events, total_frames, max_frame_index,
                    engine_version, source_id, seed, tags, \(receivedAt), \(isFinal)
                FROM run_metadata AS m FINAL
                WHERE \(conditions.joined(separator: " AND "))
                ORDER BY m.inserted_at DESC, m.started_at DESC, run_id
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
                SELECT run_id, \(time("started_at")), \(time("ended_at")), duration_seconds, status, total_events, total_frames,
                    max_frame_index, source_id, config, engine_version, seed, end_reason, tags, \(receivedAt), \(isFinal),
                    (\(BeyondQuestion.count) AND (SELECT max(max_frame_index) FROM run_metadata FINAL WHERE run_id = {run:String})
                        = \(BeyondQuestion.largest)) AS events_beyond_32_bits
                FROM run_metadata AS m FINAL
                WHERE run_id = {run:String}
                """, parameters: [("run", runID)])
    }
}

/// How many of a run's rows `telemetry_events` cannot show, because their frames have more than 32 bits.
package struct BeyondQuestion: Sendable {
    package let runID: String
    package init(runID: String) { self.runID = runID }

    static let largest = "4294967295"
    static let count = "SELECT count() FROM telemetry_events_64 WHERE run_id = {run:String} AND frame_index > \(largest)"

    package func statement() -> Statement { Statement(sql: Self.count, parameters: [("run", runID)]) }
}

/// What a run holds by type, counted in storage: the final truth about its events.
package struct RunTotalsQuestion: Sendable {
    package let runIDs: [String]
    package init(runIDs: [String]) { self.runIDs = runIDs }

    /// Rows: place in `runIDs` counted from 1, total_events UInt64, total_frames UInt64, max_frame_index UInt64, first and last sim_time
    /// Float64; none of runs that have no rows. nil: there are no tables.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        guard !tables.isEmpty else { return nil }
        let rows = tables.map {
            "SELECT run_id, frame_index, sim_time FROM \(SQL.identifier($0.name)) WHERE run_id IN {runs:Array(String)}"
        }
        return Statement(
            sql: """
                SELECT indexOf({runs:Array(String)}, run_id), count(), uniqExact(frame_index), max(frame_index), min(sim_time), max(sim_time)
                FROM (
                \(rows.joined(separator: "\nUNION ALL\n"))
                ) GROUP BY run_id
                """, parameters: [("runs", "[" + runIDs.map(SQL.literal).joined(separator: ",") + "]")])
    }
}

/// Stored runs by one of their tags.
package struct TaggedRunsQuestion: Sendable {
    package let tag: String
    /// nil: whatever it says.
    package let value: String?

    package init(tag: String, value: String?) {
        self.tag = tag
        self.value = value
    }

    /// Rows: run_id, started_at, status, tags (JSON text); the newest received first.
    package func statement() -> Statement {
        var parameters = Parameters()
        var condition = "JSONHas(tags, \(parameters.text("tag", tag)))"
        if let value {
            condition += " AND JSONExtractString(tags, \(parameters.text("tag", tag))) = \(parameters.text("value", value))"
        }
        return Statement(
            sql: """
                SELECT run_id, \(time("started_at")), status, tags
                FROM run_metadata AS m FINAL
                WHERE \(condition)
                ORDER BY m.inserted_at DESC, m.started_at DESC, run_id
                """, parameters: parameters.list)
    }
}

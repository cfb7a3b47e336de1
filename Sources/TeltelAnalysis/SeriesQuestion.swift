/// One value of one event type over the frames of a run.

/// Identity of a series: run, source, channel, type, key, field.
package struct SeriesQuestion: Sendable {
    package var runID: String
    package var sourceID: String
    package var eventType: String
    /// "" = any.
    package var channel: String
    /// Dotted: "pos.x".
    package var path: String
    /// Names of the fields that tell instances of the type apart; [] if there are none.
    package var keyFields: [String]
    /// Only this instance: the keys' values joined by commas; nil = all, told apart by the column `key`.
    package var key: String?
    /// Reduce to about so many rows, by smallest and largest of each bucket of frames; nil = every row.
    package var points: Int?
    /// Only these frames; nil = all.
    package var frames: ClosedRange<UInt64>?

    package init(
        runID: String, sourceID: String, eventType: String, channel: String = "", path: String, keyFields: [String] = [],
        key: String? = nil, points: Int? = nil
    ) {
        self.runID = runID
        self.sourceID = sourceID
        self.eventType = eventType
        self.channel = channel
        self.path = path
        self.keyFields = keyFields
        self.key = key
        self.points = points
    }

    /// Columns of the answer in order: frame_index UInt64, sim_time Float64, wall_time_ms Nullable(UInt64),
    /// value Nullable(Float64), key String. nil: no table can hold such events.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        guard case (let rows, var parameters)? = rows(tables, value: { $0.number(at: path) }) else { return nil }
        guard let points else {
            let order = "ORDER BY frame_index, key, writer, sequence"
            return Statement(
                sql: "SELECT frame_index, sim_time, wall_time_ms, value, key FROM (\n\(rows)\n)\n\(order)",
                parameters: parameters)
        }
        parameters.append(("buckets", String(max(1, points / 2))))
        return Statement(sql: reduced(rows), parameters: parameters)
    }

    /// What the values come to, by instance: key String, count UInt64 (rows), finite UInt64 (numbers among them that are
    /// neither NaN nor infinite), min, max and mean Nullable(Float64) of those, first and last Nullable(Float64) of all rows.
    package func summary(_ tables: [StoredTable]) -> Statement? {
        guard let (rows, parameters) = rows(tables, value: { $0.number(at: path) }) else { return nil }
        return Statement(
            sql: """
                SELECT key, count() AS count, countIf(isFinite(value)) AS finite,
                    minOrNullIf(value, isFinite(value)) AS min, maxOrNullIf(value, isFinite(value)) AS max,
                    avgOrNullIf(value, isFinite(value)) AS mean,
                    argMin(tuple(value), (frame_index, writer, sequence)).1 AS first,
                    argMax(tuple(value), (frame_index, writer, sequence)).1 AS last
                FROM (
                \(rows)
                )
                GROUP BY key
                ORDER BY key
                """, parameters: parameters)
    }

    /// The newest text of each instance: key String, frame_index UInt64, sim_time Float64, value String.
    package func texts(_ tables: [StoredTable]) -> Statement? {
        guard let (rows, parameters) = rows(tables, value: { $0.words(at: path) }) else { return nil }
        return Statement(
            sql: """
                SELECT key, newest.1 AS frame_index, newest.2 AS sim_time, newest.3 AS value FROM (
                    SELECT key, argMax(tuple(frame_index, sim_time, assumeNotNull(value)), (frame_index, writer, sequence)) AS newest
                    FROM (
                    \(rows)
                    )
                    WHERE value IS NOT NULL
                    GROUP BY key
                )
                ORDER BY key
                """, parameters: parameters)
    }

    private func rows(_ tables: [StoredTable], value: (StoredTable) -> String) -> (sql: String, parameters: [(String, String)])? {
        let fitting = tables.filter { table in
            table.type == nil || (table.type == eventType && (channel.isEmpty || table.channel == channel))
        }
        guard !fitting.isEmpty else { return nil }
        var parameters = [("run", runID), ("source", sourceID)]
        if !channel.isEmpty { parameters.append(("channel", channel)) }
        if fitting.contains(where: { $0.type == nil }) { parameters.append(("type", eventType)) }
        if let key { parameters.append(("key", key)) }
        if let frames {
            parameters.append(("from", String(frames.lowerBound)))
            parameters.append(("to", String(frames.upperBound)))
        }
        return (fitting.map { select($0, value($0)) }.joined(separator: "\nUNION ALL\n"), parameters)
    }

    private func select(_ table: StoredTable, _ value: String) -> String {
        let key = keyFields.isEmpty || table.type == nil ? "''" : keyFields.map(table.text(at:)).joined(separator: " || ',' || ")
        var conditions = ["run_id = {run:String}", "source_id = {source:String}"]
        if table.type == nil {
            conditions.append("type = {type:String}")
            if !channel.isEmpty { conditions.append("channel = {channel:String}") }
        }
        if self.key != nil { conditions.append("\(key) = {key:String}") }
        if frames != nil { conditions.append("frame_index BETWEEN {from:UInt64} AND {to:UInt64}") }
        return """
            SELECT frame_index, sim_time, wall_time_ms, \(value) AS value, \(key) AS key, writer, sequence
            FROM \(SQL.identifier(table.name)) WHERE \(conditions.joined(separator: " AND "))
            """
    }

    /// Smallest and largest value of each bucket of frames, at the frames where they are; of each instance the first and the last
    /// one, so that a line is as long as its run; and all that is no number, so that no spike and no NaN is lost.
    private func reduced(_ rows: String) -> String {
        """
        WITH rows AS (
        \(rows)
        ), ends AS (SELECT key, min(frame_index) AS first, max(frame_index) AS last FROM rows WHERE isFinite(value) GROUP BY key),
        (SELECT min(first) FROM ends) AS first_frame,
        (SELECT greatest(1, intDiv(max(last) - min(first), {buckets:UInt32}) + 1) FROM ends) AS frames_per_bucket
        SELECT DISTINCT row.1 AS frame_index, row.2 AS sim_time, row.3 AS wall_time_ms, row.4 AS value, key FROM (
            SELECT key, arrayJoin([
                argMin((frame_index, sim_time, wall_time_ms, value), assumeNotNull(value)),
                argMax((frame_index, sim_time, wall_time_ms, value), assumeNotNull(value))]) AS row
            FROM rows WHERE isFinite(value)
            GROUP BY key, intDiv(frame_index - first_frame, frames_per_bucket)
            UNION ALL
            SELECT key, (frame_index, sim_time, wall_time_ms, value) AS row
            FROM rows WHERE NOT isFinite(ifNull(value, nan)) OR (key, frame_index) IN (SELECT key, arrayJoin([first, last]) FROM ends)
        )
        ORDER BY frame_index, key
        """
    }
}

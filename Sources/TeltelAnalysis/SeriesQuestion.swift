/// One value of one event type over the frames of a run.
import TeltelEvents

/// Identity of a series: run, source, channel, type, key, field.
package struct SeriesQuestion: Sendable {
    package var runID: String
    package var sourceID: String
    package var eventType: Name
    /// "" = any.
    package var channel: Name
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
    /// Only at these simulated times, in seconds; nil = all.
    package var times: ClosedRange<Double>?
    /// Of the field in the engine's definition; nil: the events are posted, or of more than is known.
    package var kind: FieldKind?

    package init(
        runID: String, sourceID: String, eventType: Name, channel: Name = "", path: String, keyFields: [String] = [],
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
    /// value Nullable(Float64), digits String (of integers that are too large for a double, else ''), key String.
    /// nil: no table can hold such events.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        guard case (let rows, var parameters)? = rows(tables, .exactNumber(digits: "digits")) else { return nil }
        guard let points else {
            let order = "ORDER BY frame_index, key, writer, sequence"
            return Statement(
                sql: "SELECT frame_index, sim_time, wall_time_ms, value, digits, key FROM (\n\(rows)\n)\n\(order)",
                parameters: parameters)
        }
        parameters.append(("buckets", String(max(1, points / 2))))
        return Statement(sql: reduced(rows), parameters: parameters)
    }

    /// What the values come to, by instance: key String, count UInt64 (rows), finite UInt64 (numbers among them that are
    /// neither NaN nor infinite), min, max and mean Nullable(Float64) of those, first and last Nullable(Float64) of all rows.
    package func summary(_ tables: [StoredTable]) -> Statement? {
        guard let (rows, parameters) = rows(tables, .number) else { return nil }
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
        guard let (rows, parameters) = rows(tables, .words) else { return nil }
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

    private func rows(_ tables: [StoredTable], _ wanted: ValueRows.Wanted) -> (sql: String, parameters: [(String, String)])? {
        let scope = EventScope(
            runID: runID, sourceID: sourceID, channel: channel.isEmpty ? nil : channel, eventType: eventType,
            keyFields: keyFields,
            key: key, frames: frames, times: times)
        let field = AskedField(path, kind: kind)
        var parameters = Parameters()
        let rows = ValueRows(scope: scope, columns: [.init(name: "value", field: field, wanted: wanted)])
        return rows.sql(tables, &parameters).map { ($0, parameters.list) }
    }

    /// Smallest and largest value of each bucket of frames, at the frames where they are; of each instance the first and the last
    /// one, so that a line is as long as its run; and all that is no number, so that no spike and no NaN is lost.
    private func reduced(_ rows: String) -> String {
        """
        WITH rows AS (
        \(rows)
        ), ends AS (SELECT key, min(frame_index) AS first, max(frame_index) AS last FROM rows WHERE isFinite(value) GROUP BY key),
        (SELECT min(first) FROM ends) AS first_frame,
        (SELECT greatest(toUInt64(1), intDiv(toUInt64(max(last) - min(first)), {buckets:UInt32}) + 1) FROM ends) AS frames_per_bucket
        SELECT DISTINCT row.1 AS frame_index, row.2 AS sim_time, row.3 AS wall_time_ms, row.4 AS value, row.5 AS digits, key FROM (
            SELECT key, arrayJoin([
                argMin((frame_index, sim_time, wall_time_ms, value, digits), assumeNotNull(value)),
                argMax((frame_index, sim_time, wall_time_ms, value, digits), assumeNotNull(value))]) AS row
            FROM rows WHERE isFinite(value)
            GROUP BY key, intDiv(toUInt64(frame_index - first_frame), frames_per_bucket)
            UNION ALL
            SELECT key, (frame_index, sim_time, wall_time_ms, value, digits) AS row
            FROM rows WHERE NOT isFinite(ifNull(value, nan)) OR (key, frame_index) IN (SELECT key, arrayJoin([first, last]) FROM ends)
        )
        ORDER BY frame_index, key
        """
    }
}

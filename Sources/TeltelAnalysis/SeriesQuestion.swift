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

    /// Columns of the answer in order: frame_index UInt64, sim_time Float64, value Nullable(Float64), key String.
    /// nil: no table can hold such events.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        let fitting = tables.filter { table in
            table.type == nil || (table.type == eventType && (channel.isEmpty || table.channel == channel))
        }
        guard fitting.contains(where: { $0.type != nil }) || fitting.contains(where: { $0.type == nil }) else { return nil }
        var parameters = [("run", runID), ("source", sourceID)]
        if !channel.isEmpty { parameters.append(("channel", channel)) }
        if fitting.contains(where: { $0.type == nil }) { parameters.append(("type", eventType)) }
        if let key { parameters.append(("key", key)) }
        let rows = fitting.map(select).joined(separator: "\nUNION ALL\n")
        let order = "ORDER BY frame_index, key, writer, sequence"
        guard let points else {
            return Statement(
                sql: "SELECT frame_index, sim_time, value, key FROM (\n\(rows)\n)\n\(order)", parameters: parameters)
        }
        parameters.append(("buckets", String(max(1, points / 2))))
        return Statement(sql: reduced(rows), parameters: parameters)
    }

    private func select(_ table: StoredTable) -> String {
        let key = keyFields.isEmpty || table.type == nil ? "''" : keyFields.map(table.text(at:)).joined(separator: " || ',' || ")
        var conditions = ["run_id = {run:String}", "source_id = {source:String}"]
        if table.type == nil {
            conditions.append("type = {type:String}")
            if !channel.isEmpty { conditions.append("channel = {channel:String}") }
        }
        if self.key != nil { conditions.append("\(key) = {key:String}") }
        return """
            SELECT frame_index, sim_time, \(table.number(at: path)) AS value, \(key) AS key, writer, sequence
            FROM \(SQL.identifier(table.name)) WHERE \(conditions.joined(separator: " AND "))
            """
    }

    /// Smallest and largest value of each bucket of frames, at the frames where they are; and all that is no number, so that
    /// no spike and no NaN is lost.
    private func reduced(_ rows: String) -> String {
        """
        WITH rows AS (
        \(rows)
        ), (SELECT min(frame_index) FROM rows) AS first_frame,
        (SELECT greatest(1, intDiv(max(frame_index) - min(frame_index), {buckets:UInt32}) + 1) FROM rows) AS frames_per_bucket
        SELECT row.1 AS frame_index, row.2 AS sim_time, row.3 AS value, key FROM (
            SELECT key, arrayJoin(arrayDistinct([
                argMinIf((frame_index, sim_time, value), value, isFinite(value)),
                argMaxIf((frame_index, sim_time, value), value, isFinite(value))])) AS row
            FROM rows WHERE isFinite(value)
            GROUP BY key, intDiv(frame_index - first_frame, frames_per_bucket)
            UNION ALL
            SELECT key, (frame_index, sim_time, value) AS row FROM rows WHERE NOT isFinite(ifNull(value, nan))
        )
        ORDER BY frame_index, key
        """
    }
}

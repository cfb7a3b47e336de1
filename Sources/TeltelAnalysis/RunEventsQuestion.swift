/// What a run's events are, whatever their types: how many, when, and each of them.
import TeltelEvents

package struct RunEventsQuestion: Sendable {
    /// Its key is not looked at.
    package var scope: EventScope
    package init(_ scope: EventScope) { self.scope = scope }

    private func arms(
        _ tables: [StoredTable], _ parameters: inout Parameters, _ columns: (StoredTable, inout Parameters) -> [String]
    ) -> String? {
        var arms: [String] = []
        for table in scope.fitting(tables) {
            arms.append(SQL.select(columns(table, &parameters), from: table, where: scope.conditions(table, &parameters)))
        }
        return arms.isEmpty ? nil : arms.joined(separator: "\nUNION ALL\n")
    }

    /// Rows, by run: run_id, total_events, min_frame, max_frame, frame_range, min_sim_time, max_sim_time, sim_duration. nil: no table can
    /// hold such events.
    package func stats(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        guard let rows = arms(tables, &parameters, { _, _ in ["run_id", SQL.frame, "sim_time"] }) else { return nil }
        let columns: [Selected] = [
            .text("run_id"), .natural("total_events", "count()"), .natural("min_frame", "min(frame_index)"),
            .natural("max_frame", "max(frame_index)"), .natural("frame_range", "toUInt64(max(frame_index) - min(frame_index))"),
            .number("min_sim_time", "min(sim_time)"), .number("max_sim_time", "max(sim_time)"),
            .number("sim_duration", "max(sim_time) - min(sim_time)"),
        ]
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                \(rows)
                )
                GROUP BY run_id
                ORDER BY run_id
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// Rows, by frame and type: run_id, frame_index, type, events_count.
    package func frames(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        guard let rows = arms(tables, &parameters, { ["run_id", SQL.frame, "\($0.typeText(&$1)) AS event_type"] }) else {
            return nil
        }
        let columns: [Selected] = [
            .text("run_id"), .natural("frame_index"), .text("type", "event_type"), .natural("events_count", "count()"),
        ]
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                \(rows)
                )
                GROUP BY run_id, frame_index, event_type
                ORDER BY run_id, frame_index, event_type
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// What there is of each type. Rows: channel, type, source_id, count, first_frame, last_frame, first_sim_time, last_sim_time.
    package func types(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        let columns = { (table: StoredTable, parameters: inout Parameters) in
            [
                "\(table.channelText(&parameters)) AS event_channel", "\(table.typeText(&parameters)) AS event_type",
                "toString(t.source_id) AS event_source",
                SQL.frame, "sim_time",
            ]
        }
        guard let rows = arms(tables, &parameters, columns) else { return nil }
        return Statement(
            sql: """
                SELECT event_channel AS channel, event_type AS type, event_source AS source_id, count() AS count,
                    min(frame_index) AS first_frame, max(frame_index) AS last_frame, min(sim_time) AS first_sim_time,
                    max(sim_time) AS last_sim_time
                FROM (
                \(rows)
                )
                GROUP BY event_channel, event_type, event_source
                ORDER BY event_channel, event_type, event_source
                """, parameters: parameters.list)
    }

    /// Events by frame, and in a frame in the order in which each of their writers wrote them. Columns in order: frame_index UInt64, sim_time
    /// Float64, wall_time_ms Nullable(UInt64), channel String, type String, source_id String, payload String (JSON).
    /// - Parameters:
    ///   - limit: so many at most; one more shows that there is more.
    ///   - skipping: so many of the first ones are left out.
    package func events(_ tables: [StoredTable], limit: Int, skipping: Int) -> Statement? {
        var parameters = Parameters()
        guard let frames = arms(tables, &parameters, { _, _ in [SQL.frame] }) else { return nil }
        let wanted = parameters.add("rows", String(skipping + limit + 1), "UInt64")
        var rows: [String] = []
        for table in scope.fitting(tables) {
            let columns = [
                SQL.frame, "sim_time", "wall_time_ms", "\(table.channelText(&parameters)) AS event_channel",
                "\(table.typeText(&parameters)) AS event_type", "toString(t.source_id) AS event_source",
                "\(table.payload) AS payload_text",
                "toString(t.instance) AS event_instance", "writer", "sequence",
            ]
            let conditions = scope.conditions(table, &parameters) + ["t.frame_index <= bound"]
            rows.append(SQL.select(columns, from: table, where: conditions))
        }
        // How far these rows go is found out from the frames alone: payloads beyond it are not read.
        return Statement(
            sql: """
                WITH (SELECT max(frame_index) FROM (
                    SELECT frame_index FROM (
                    \(frames)
                    )
                    ORDER BY frame_index LIMIT \(wanted)
                )) AS bound
                SELECT frame_index, sim_time, wall_time_ms, event_channel AS channel, event_type AS type, event_source AS source_id,
                    payload_text AS payload
                FROM (
                \(rows.joined(separator: "\nUNION ALL\n"))
                )
                ORDER BY frame_index, event_instance, writer, sequence, event_channel, event_type, event_source, payload_text
                LIMIT \(parameters.add("limit", String(limit + 1), "UInt64")) OFFSET \(parameters.add("skip", String(skipping), "UInt64"))
                """, parameters: parameters.list)
    }
}

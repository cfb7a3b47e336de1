/// What holds at a frame: of each type, source and instance the newest event up to there.
import TeltelEvents

package struct StateQuestion: Sendable {
    /// What is known of a type of the run.
    package struct KnownType: Sendable {
        package let channel, type: Name
        package let keyFields: [String]
        /// All that send it.
        package let sources: [Name]

        package init(channel: Name, type: Name, keyFields: [String], sources: [Name] = []) {
            self.channel = channel
            self.type = type
            self.keyFields = keyFields
            self.sources = sources
        }
    }
    package var scope: EventScope
    package var frame: UInt64
    /// All types of the run, as far as they are known.
    package var known: [KnownType]

    package init(_ scope: EventScope, frame: UInt64, known: [KnownType]) {
        self.scope = scope
        self.frame = frame
        self.known = known
    }

    /// Rows: channel, type, source_id, key ('' for types without), frame_index, is_at_frame (else it is the last one before), sim_time,
    /// wall_time_ms, payload (JSON). nil: no table can hold such events.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        let frame = parameters.add("frame", String(frame), "UInt64")
        var arms: [String] = []
        for table in scope.fitting(tables) {
            if let channel = table.channel, let type = table.type {
                let known = known.first { $0.channel == channel && $0.type == type }
                if let sources = known?.sources, known?.keyFields.isEmpty == true, !sources.isEmpty {
                    for source in sources where scope.sourceID.map({ Name($0) == source }) ?? true {
                        arms.append(newest(table, source, frame, &parameters))
                    }
                } else {
                    arms.append(select(table, known?.keyFields ?? [], [], frame, &parameters))
                }
                continue
            }
            // Types in one table that have key fields are asked each on its own, the others together.
            let mine = known.filter { type in
                !type.keyFields.isEmpty && (scope.eventType == nil || scope.eventType == type.type)
                    && (scope.channel == nil || scope.channel == type.channel)
            }
            let conditions = mine.map { type in
                let name = parameters.text("keyed_type", type.type.text)
                return "t.type = \(name) AND t.channel = \(parameters.text("keyed_channel", type.channel.text))"
            }
            for (type, condition) in zip(mine, conditions) {
                arms.append(select(table, type.keyFields, [condition], frame, &parameters))
            }
            arms.append(select(table, [], conditions.map { "NOT (\($0))" }, frame, &parameters))
        }
        guard !arms.isEmpty else { return nil }
        let columns: [Selected] = [
            .text("channel", "event_channel"), .text("type", "event_type"), .text("source_id", "event_source"),
            .text("key", "event_key"), .natural("frame_index", "newest.1"), .truth("is_at_frame", "newest.1 = \(frame)"),
            .number("sim_time", "newest.2"), .natural("wall_time_ms", "newest.3", isNullable: true), .json("payload", "newest.4"),
        ]
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                \(arms.joined(separator: "\nUNION ALL\n"))
                )
                ORDER BY event_channel, event_type, event_source, event_key
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// Of one source whose events have no keys: the last row in the table's own order, which is found without reading what comes before.
    private func newest(_ table: StoredTable, _ source: Name, _ frame: String, _ parameters: inout Parameters) -> String {
        var scope = scope
        scope.sourceID = source.text
        let conditions = scope.conditions(table, &parameters) + ["t.frame_index <= \(frame)"]
        let columns = [
            "\(table.channelText(&parameters)) AS event_channel", "\(table.typeText(&parameters)) AS event_type",
            "toString(t.source_id) AS event_source", "'' AS event_key", "\(row(table)) AS newest",
        ]
        return SQL.select(
            columns, from: table, where: conditions,
            then: " ORDER BY t.frame_index DESC, t.writer DESC, t.sequence DESC LIMIT 1")
    }

    private func row(_ table: StoredTable) -> String {
        "(toUInt64(t.frame_index), t.sim_time, t.wall_time_ms, \(table.payload))"
    }

    private func select(
        _ table: StoredTable, _ keyFields: [String], _ more: [String], _ frame: String, _ parameters: inout Parameters
    ) -> String {
        let key = KeyText(keyFields, table, &parameters)
        let conditions = scope.conditions(table, &parameters) + more + ["t.frame_index <= \(frame)"]
        let instance = [
            "\(table.channelText(&parameters)) AS event_channel", "\(table.typeText(&parameters)) AS event_type",
            "toString(t.source_id) AS event_source",
            "\(key.sql) AS event_key",
        ]
        let group = " GROUP BY event_channel, event_type, event_source, event_key"
        // Payloads are read at these frames only.
        let frames = SQL.select(
            instance + ["max(t.frame_index) AS newest_frame"], with: key.definitions, from: table, where: conditions, then: group)
        return SQL.select(
            instance + ["argMax(\(row(table)), (t.frame_index, t.writer, t.sequence)) AS newest"], with: key.definitions,
            from: table,
            where: conditions + ["t.frame_index IN (SELECT newest_frame FROM (\n\(frames)\n))"], then: group)
    }
}

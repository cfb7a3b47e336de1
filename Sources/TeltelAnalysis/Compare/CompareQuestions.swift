/// What the database is asked to find where two runs differ.
import TeltelEvents

/// Which part of two runs is compared.
package struct CompareScope: Sendable, Equatable {
    package var first: String
    package var second: String
    /// nil: all.
    package var channel: Name?
    package var type: Name?
    package var source: Name?
    package var frames: ClosedRange<UInt64>?

    package init(_ first: String, _ second: String) {
        self.first = first
        self.second = second
    }

    var parameters: [(name: String, value: String)] {
        var parameters = [("a", first), ("b", second)]
        if let channel { parameters.append(("channel", channel.text)) }
        if let type { parameters.append(("type", type.text)) }
        if let source { parameters.append(("source", source.text)) }
        return parameters
    }
    /// Of tables whose rows name what they are.
    var conditions: String {
        var conditions = ["run_id IN ({a:String}, {b:String})"]
        if channel != nil { conditions.append("channel = {channel:String}") }
        if type != nil { conditions.append("type = {type:String}") }
        if source != nil { conditions.append("source_id = {source:String}") }
        return conditions.joined(separator: " AND ")
    }
}

/// Events of one type from one source.
package struct EventStream: Hashable, Comparable, Sendable {
    package let channel: Name
    package let type: Name
    package let source: Name
    package init(channel: Name, type: Name, source: Name) {
        self.channel = channel
        self.type = type
        self.source = source
    }
    package static func < (a: EventStream, b: EventStream) -> Bool {
        (a.channel, a.type, a.source) < (b.channel, b.type, b.source)
    }
}

/// What the digests of two runs say, stream by stream.
package struct StreamsQuestion: Sendable {
    /// One stream of both runs; rows are 0 where a run does not have it.
    package struct Row: Decodable, Sendable {
        package let channel, type, sourceID: Name
        package let rowsA, rowsB: UInt64
        /// How often each has been digested, with which keys: others' digests cannot be compared.
        package let keysA, keysB: [[String]]
        /// Names of fields that are no part of the row digests.
        package let measuredA, measuredB: [String]
        /// Blocks that one of the runs has, and those that differ.
        package let blocks, differing: UInt64
        /// Of those that differ; 0 if there are none.
        package let firstDiffering: UInt64
        package let firstFrameA, firstFrameB, lastFrameA, lastFrameB: UInt64
        package var stream: EventStream { EventStream(channel: channel, type: type, source: sourceID) }
    }

    package static func statement(_ scope: CompareScope) -> Statement {
        var conditions = scope.conditions
        var parameters = scope.parameters
        if let frames = scope.frames {
            conditions += " AND block BETWEEN {from:UInt64} AND {to:UInt64}"
            let (from, to) = (
                frames.lowerBound / UInt64(DigestSQL.framesPerBlock), frames.upperBound / UInt64(DigestSQL.framesPerBlock)
            )
            parameters += [("from", String(from)), ("to", String(to))]
        }
        return Statement(
            sql: """
                SELECT channel, type, source_id AS sourceID, sum(ra) AS rowsA, sum(rb) AS rowsB, groupUniqArrayArray(4)(ka) AS keysA,
                    groupUniqArrayArray(4)(kb) AS keysB, groupUniqArrayArray(ma) AS measuredA, groupUniqArrayArray(mb) AS measuredB,
                    count() AS blocks, countIf(ra != rb OR da != db) AS differing,
                    minIf(block, ra != rb OR da != db) AS firstDiffering, minIf(fa, ra > 0) AS firstFrameA, minIf(fb, rb > 0) AS firstFrameB, max(la) AS lastFrameA, max(lb) AS lastFrameB
                FROM (
                    SELECT channel, type, source_id, block, sumIf(rows, run_id = {a:String}) AS ra, sumIf(rows, run_id = {b:String}) AS rb,
                        sumIf(row_digest, run_id = {a:String}) AS da, sumIf(row_digest, run_id = {b:String}) AS db,
                        groupUniqArrayIf(4)(keys, run_id = {a:String}) AS ka, groupUniqArrayIf(4)(keys, run_id = {b:String}) AS kb,
                        groupUniqArrayArrayIf(no_part, run_id = {a:String}) AS ma, groupUniqArrayArrayIf(no_part, run_id = {b:String}) AS mb,
                        minIf(first_frame, run_id = {a:String}) AS fa, minIf(first_frame, run_id = {b:String}) AS fb,
                        maxIf(last_frame, run_id = {a:String}) AS la, maxIf(last_frame, run_id = {b:String}) AS lb
                    FROM (SELECT *, arrayFilter((f, flag) -> bitAnd(flag, \(DigestSQL.measuredFlag)) != 0, fields, flags) AS no_part FROM run_digests WHERE \(conditions))
                    GROUP BY channel, type, source_id, block
                )
                GROUP BY channel, type, source_id
                ORDER BY channel, type, source_id
                """, parameters: parameters)
    }
}

/// How many rows there are: whether digests still tell of them.
package struct RowCountsQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        /// Of the runs and tables that were given.
        package let run, place: Int
        package let channel, type: Name
        package let rows: UInt64
    }

    /// nil: there are no tables.
    package static func statement(_ runs: [String], _ tables: [StoredTable]) -> Statement? {
        guard !tables.isEmpty else { return nil }
        let parameters = runs.enumerated().map { ("run\($0)", $1) }
        let selects = tables.enumerated().flatMap { place, table in
            runs.indices.map { run in
                // Of one run alone: the database counts from its index then.
                let (channel, type) =
                    table.type == nil
                    ? ("channel", "type") : (SQL.literal(table.channel?.text ?? ""), SQL.literal(table.type?.text ?? ""))
                return """
                    SELECT \(place) AS place, \(run) AS run, toString(\(channel)) AS channel, toString(\(type)) AS type, count() AS rows
                    FROM \(SQL.identifier(table.name)) WHERE run_id = {run\(run):String}\(table.type == nil ? " GROUP BY channel, type" : "")
                    """
            }
        }
        return Statement(sql: selects.joined(separator: "\nUNION ALL\n"), parameters: parameters)
    }
}

/// How far each type of some runs has come: the smallest of its sources' last frames.
package struct LastFramesQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let channel, type: Name
        package let frame: UInt64
        /// How many of the runs have it.
        package let runs: Int
    }

    /// nil: there are no tables.
    package static func statement(_ runs: [String], _ tables: [StoredTable]) -> Statement? {
        guard !tables.isEmpty, !runs.isEmpty else { return nil }
        let names = runs.indices.map { "{run\($0):String}" }.joined(separator: ", ")
        let selects = tables.map { table in
            let (channel, type) =
                table.type == nil
                ? ("channel", "type") : (SQL.literal(table.channel?.text ?? ""), SQL.literal(table.type?.text ?? ""))
            return """
                SELECT toString(\(channel)) AS c, toString(\(type)) AS t, max(frame_index) AS last, run_id
                FROM \(SQL.identifier(table.name)) WHERE run_id IN (\(names)) GROUP BY c, t, run_id, source_id
                """
        }
        return Statement(
            sql:
                "SELECT c AS channel, t AS type, min(last) AS frame, uniqExact(run_id) AS runs FROM (\n\(selects.joined(separator: "\nUNION ALL\n"))\n)\nGROUP BY c, t",
            parameters: runs.enumerated().map { ("run\($0)", $1) })
    }
}

/// The first frame of a stretch in which the rows of a stream differ.
package struct FirstFrameQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let frame: UInt64
        package let rowsA, rowsB: UInt64
    }

    /// No row: they do not differ there.
    package static func statement(
        _ digests: DigestSQL, _ stream: EventStream, _ scope: CompareScope, frames: ClosedRange<UInt64>
    ) -> Statement {
        var conditions = "run_id IN ({a:String}, {b:String}) AND source_id = {source:String}"
        conditions += " AND frame_index BETWEEN {from:UInt64} AND {to:UInt64}"
        var parameters = [
            ("a", scope.first), ("b", scope.second), ("source", stream.source.text), ("from", String(frames.lowerBound)),
            ("to", String(frames.upperBound)),
        ]
        if digests.table.type == nil {
            conditions += " AND channel = {channel:String} AND type = {type:String}"
            parameters += [("channel", stream.channel.text), ("type", stream.type.text)]
        }
        return Statement(
            sql: """
                SELECT frame_index AS frame, countIf(run_id = {a:String}) AS rowsA, countIf(run_id = {b:String}) AS rowsB FROM (
                \(digests.rows(where: conditions))
                )
                GROUP BY frame
                HAVING rowsA != rowsB OR sumIf(row, run_id = {a:String}) != sumIf(row, run_id = {b:String})
                ORDER BY frame LIMIT 1
                """, parameters: parameters)
    }
}

/// Two runs of one type, block by block of 1,024 frames: what digests say, and how many rows there are.
import TeltelEvents

/// Digests that are stored. Blocks of either run; rows are 0 where a run does not have it.
package struct BlockDigestsQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let sourceID: Name
        package let block: UInt64
        package let rowsA, rowsB: UInt64
        package let digestA, digestB: UInt64
        package let firstA, firstB, lastA, lastB: UInt64
    }

    package static func statement(_ scope: CompareScope, channel: Name, type: Name) -> Statement {
        var parameters = [("a", scope.first), ("b", scope.second), ("channel", channel.text), ("type", type.text)]
        var condition = "run_id IN ({a:String}, {b:String}) AND channel = {channel:String} AND type = {type:String}"
        if let source = scope.source {
            condition += " AND source_id = {source:String}"
            parameters.append(("source", source.text))
        }
        return Statement(
            sql: """
                SELECT source_id AS sourceID, block, sumIf(rows, run_id = {a:String}) AS rowsA, sumIf(rows, run_id = {b:String}) AS rowsB,
                    sumIf(row_digest, run_id = {a:String}) AS digestA, sumIf(row_digest, run_id = {b:String}) AS digestB,
                    minIf(first_frame, run_id = {a:String}) AS firstA, minIf(first_frame, run_id = {b:String}) AS firstB,
                    maxIf(last_frame, run_id = {a:String}) AS lastA, maxIf(last_frame, run_id = {b:String}) AS lastB
                FROM run_digests WHERE \(condition) GROUP BY source_id, block ORDER BY source_id, block
                """, parameters: parameters)
    }
}

/// Rows that are stored in one table.
package struct BlockCountsQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let sourceID: Name
        package let block: UInt64
        package let rowsA, rowsB: UInt64
    }

    package static func statement(
        _ table: StoredTable, _ scope: CompareScope, channel: Name, type: Name, frames: ClosedRange<UInt64>
    ) -> Statement {
        var parameters = [
            ("a", scope.first), ("b", scope.second), ("from", String(frames.lowerBound)), ("to", String(frames.upperBound)),
        ]
        var condition = "run_id IN ({a:String}, {b:String}) AND frame_index BETWEEN {from:UInt64} AND {to:UInt64}"
        if table.type == nil {
            condition += " AND channel = {channel:String} AND type = {type:String}"
            parameters += [("channel", channel.text), ("type", type.text)]
        }
        if let source = scope.source {
            condition += " AND source_id = {source:String}"
            parameters.append(("source", source.text))
        }
        return Statement(
            sql: """
                SELECT source_id AS sourceID, intDiv(frame_index, \(DigestSQL.framesPerBlock)) AS block,
                    countIf(run_id = {a:String}) AS rowsA, countIf(run_id = {b:String}) AS rowsB
                FROM \(SQL.identifier(table.name)) WHERE \(condition) GROUP BY source_id, block ORDER BY source_id, block
                """, parameters: parameters)
    }
}

/// Blocks of one stream whose digests differ.
package struct DifferingBlocksQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let block: UInt64
    }

    package static func statement(_ scope: CompareScope, _ stream: EventStream) -> Statement {
        Statement(
            sql: """
                SELECT block FROM run_digests
                WHERE run_id IN ({a:String}, {b:String}) AND channel = {channel:String} AND type = {type:String}
                    AND source_id = {source:String}
                GROUP BY block
                HAVING sumIf(rows, run_id = {a:String}) != sumIf(rows, run_id = {b:String})
                    OR sumIf(row_digest, run_id = {a:String}) != sumIf(row_digest, run_id = {b:String})
                ORDER BY block
                """,
            parameters: [
                ("a", scope.first), ("b", scope.second), ("channel", stream.channel.text), ("type", stream.type.text),
                ("source", stream.source.text),
            ])
    }
}

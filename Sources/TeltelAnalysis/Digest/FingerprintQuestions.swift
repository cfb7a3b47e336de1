/// One number for all data of a run, and which runs have the same.
import TeltelEvents

/// Runs with equal fingerprints have equal data: the same streams, with the same rows in each frame.
package struct FingerprintQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let run: Name
        /// 16 hexadecimal digits.
        package let fingerprint: String
        package let rows: UInt64
    }

    /// Adds up what a stream's blocks come to; `block`, `r` rows and `d` row digest of each.
    private static let sum = """
        lower(hex(sum(intHash64(bitXor(intHash64(d), intHash64(bitXor(r, intHash64(bitXor(block,
            xxHash64(concat(toString(channel), '\\0', toString(type), '\\0', toString(source_id)))))))))))) AS fingerprint, sum(r) AS rows
        """

    /// By the digests that are stored.
    package static func statement(_ runIDs: [String]) -> Statement {
        let names = runIDs.indices.map { "{run\($0):String}" }.joined(separator: ", ")
        return Statement(
            sql: """
                SELECT run, \(sum)
                FROM (
                    SELECT run_id AS run, channel, type, source_id, block, sum(rows) AS r, sum(row_digest) AS d
                    FROM run_digests WHERE run_id IN (\(names)) GROUP BY run, channel, type, source_id, block
                )
                GROUP BY run ORDER BY run
                """, parameters: runIDs.enumerated().map { ("run\($0)", $1) })
    }

    /// From the rows. nil: no type is given.
    package static func recomputed(
        _ runID: String, _ types: [(channel: Name, type: Name, digests: DigestSQL)]
    ) -> Statement? {
        guard !types.isEmpty else { return nil }
        var parameters = [("run", runID)]
        let parts = types.enumerated().map { index, type in
            parameters += [("channel\(index)", type.channel.text), ("type\(index)", type.type.text)]
            return """
                SELECT {channel\(index):String} AS channel, {type\(index):String} AS type, source_id, block,
                    rows AS r, row_digest AS d
                FROM (
                \(type.digests.blocks(ofRun: "run", channel: "channel\(index)", type: "type\(index)"))
                )
                """
        }
        return Statement(
            // A type may have rows in two tables: of each block there is one digest all the same.
            sql: """
                SELECT {run:String} AS run, \(sum)
                FROM (
                    SELECT channel, type, source_id, block, sum(r) AS r, sum(d) AS d FROM (
                    \(parts.joined(separator: "\nUNION ALL\n"))
                    )
                    GROUP BY channel, type, source_id, block
                )
                """,
            parameters: parameters)
    }
}

/// How many rows that are digested each run has.
package struct DigestibleRowsQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let run: Name
        package let rows: UInt64
    }

    /// Of one run. nil: there are no tables.
    package static func statement(_ runID: String, _ tables: [StoredTable]) -> Statement? {
        statement(tables, where: "run_id = {run:String}", "", [("run", runID)])
    }

    /// Of some runs.
    package static func statement(_ runIDs: [String], _ tables: [StoredTable]) -> Statement? {
        let names = runIDs.indices.map { "{run\($0):String}" }.joined(separator: ", ")
        return statement(tables, where: "run_id IN (\(names))", "ORDER BY run", runIDs.enumerated().map { ("run\($0)", $1) })
    }

    /// Runs that have so many: no others can have the same data.
    package static func runs(ofRows rows: UInt64, _ tables: [StoredTable], most: Int) -> Statement? {
        statement(tables, where: "1", "HAVING rows = {rows:UInt64} ORDER BY run LIMIT \(most)", [("rows", String(rows))])
    }

    private static func statement(
        _ tables: [StoredTable], where condition: String, _ end: String, _ parameters: [(name: String, value: String)]
    ) -> Statement? {
        let surroundings = WellKnownTypes.ofSurroundings
        let parts = tables.filter { !surroundings.contains($0.type ?? "") }.map { table in
            let names = surroundings.map { SQL.literal($0.text) }.joined(separator: ", ")
            let others = table.type == nil ? " AND type NOT IN (\(names))" : ""
            return
                "SELECT run_id AS run, count() AS n FROM \(SQL.identifier(table.name)) WHERE \(condition)\(others) GROUP BY run"
        }
        guard !parts.isEmpty else { return nil }
        return Statement(
            sql: "SELECT run, sum(n) AS rows FROM (\n\(parts.joined(separator: "\nUNION ALL\n"))\n)\nGROUP BY run \(end)",
            parameters: parameters)
    }
}

/// How the digests of a run's types were made.
package struct DigestShapesQuestion: Sendable {
    package struct Row: Decodable, Sendable {
        package let channel, type: Name
        package let keys: [String]
        package let measured: [String]
    }
    package static func statement(_ runID: String) -> Statement {
        Statement(
            sql: """
                SELECT channel, type, any(keys) AS keys,
                    groupUniqArrayArray(arrayFilter((f, flag) -> bitAnd(flag, \(DigestSQL.measuredFlag)) != 0, fields, flags)) AS measured
                FROM run_digests WHERE run_id = {run:String} GROUP BY channel, type
                """, parameters: [("run", runID)])
    }
}

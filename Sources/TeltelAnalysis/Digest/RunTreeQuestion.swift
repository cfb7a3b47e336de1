/// What runs come to, block by block, all types together.
import TeltelEvents

package struct RunTreeQuestion: Sendable {
    /// Columns of the answer, for Native: place of the run UInt32, block UInt64, hash UInt64, rows UInt64; by run and block.
    package static func statement(_ runIDs: [String]) -> Statement {
        let names = runIDs.indices.map { "{run\($0):String}" }.joined(separator: ", ")
        return Statement(
            sql: """
                SELECT toUInt32(indexOf([\(names)], run) - 1), block, sum(intHash64(bitXor(intHash64(d), intHash64(bitXor(r,
                    xxHash64(concat(toString(channel), '\\0', toString(type), '\\0', toString(source_id)))))))), sum(r)
                FROM (
                    SELECT toString(run_id) AS run, channel, type, source_id, block, sum(rows) AS r, sum(row_digest) AS d
                    FROM run_digests WHERE run_id IN (\(names)) GROUP BY run, channel, type, source_id, block
                )
                GROUP BY run, block ORDER BY 1, block
                """, parameters: runIDs.enumerated().map { ("run\($0)", $1) })
    }
}

/// What many values come to: buckets of frames, a histogram, quantiles.
import TeltelEvents

extension ValueQuestion {
    /// What instances are told apart by, if they have to be: fewer columns are grouped much faster.
    var instance: [String] { scope.identity.map(\.column.name) }
    var selected: String { instance.map { "\($0), " }.joined() }
    func grouped(_ more: String...) -> String {
        let all = instance + more
        return all.isEmpty ? "" : "GROUP BY \(all.joined(separator: ", "))"
    }

    /// So that nothing is lost: of every bucket of frames the first and last value, the smallest and largest finite one with their frames,
    /// and how many there are of each kind.
    ///
    /// Rows: from_frame, to_frame, from_time, to_time, count (events that have the value), missing, nan, infinite, first, first_frame, last,
    /// last_frame, min, min_frame, max, max_frame, and what the scope leaves open. A frame belongs to one bucket.
    package func buckets(_ tables: [StoredTable], count: Int) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows().sql(tables, &parameters) else { return nil }
        let parts = BucketSQL(hasDigits: self.rows().mayHaveDigits(tables))
        let columns = parts.columns + scope.identity
        return Statement(
            sql: """
                WITH rows AS (
                \(rows)
                ), (SELECT (min(frame_index), max(frame_index)) FROM rows) AS ends,
                \(BucketSQL.width(parameters.add("buckets", String(count), "UInt32")))
                SELECT \(columns.sql) FROM (
                    SELECT \(selected)min(frame_index) AS from_frame, max(frame_index) AS to_frame,
                        min(sim_time) AS from_time, max(sim_time) AS to_time, count() AS total, count(v) AS amount,
                        countIf(isNaN(v)) AS nans, countIf(isInfinite(v)) AS infinite, amount - nans - infinite AS finite,
                        \(parts.extremes)
                    FROM (
                    \(BucketSQL.placed("rows"))
                    )
                    \(grouped(BucketSQL.number))
                )
                ORDER BY \((["from_frame"] + instance).joined(separator: ", "))
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// Rows: bin, low, high, count, and what the scope leaves open. Bins are equally wide and the same for all instances; a value on the
    /// border of two belongs to the upper one, `high` of the last to the last. Numbers below and above them, infinities among them, are in the
    /// bins -1 and `bins`, which are there if they are not empty.
    /// - Parameters:
    ///   - low: where the bins begin; nil: at the smallest finite value.
    ///   - high: where they end; nil: at the largest.
    package func histogram(_ tables: [StoredTable], bins: Int, low: Double?, high: Double?) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows().sql(tables, &parameters) else { return nil }
        let first = low.map { parameters.number("low", $0) } ?? "(SELECT minOrNullIf(v, isFinite(v)) FROM rows)"
        let last = high.map { parameters.number("high", $0) } ?? "(SELECT maxOrNullIf(v, isFinite(v)) FROM rows)"
        let bins = parameters.add("bins", String(bins), "Int32")
        // Halves, because the whole may be more than a double holds.
        let place = "floor((v / 2 - lowest / 2) / (highest / 2 - lowest / 2) * \(bins))"
        func edge(_ bin: String) -> String { "lowest * (1 - \(bin) / \(bins)) + highest * (\(bin) / \(bins))" }
        let columns =
            [
                .integer("bin", "toInt64(bin)"),
                .number("low", "assumeNotNull(multiIf(bin < 0, -inf, bin = \(bins), highest, \(edge("bin"))))"),
                .number("high", "assumeNotNull(multiIf(bin < 0, lowest, bin = \(bins), inf, \(edge("(bin + 1)"))))"),
                .natural("count", "counts[indexOf(filled, bin)]"),
            ] + scope.identity
        return Statement(
            sql: """
                WITH rows AS (
                \(rows)
                ), \(first) AS lowest, \(last) AS highest
                SELECT \(columns.sql) FROM (
                    SELECT \(selected)groupArray(filled_bin) AS filled, groupArray(amount) AS counts FROM (
                        SELECT \(selected)count() AS amount, toInt32(multiIf(v < lowest, -1, v > highest, \(bins),
                            highest > lowest, least(toFloat64(\(bins) - 1), \(place)), 0)) AS filled_bin
                        FROM rows
                        WHERE NOT isNaN(v) AND lowest IS NOT NULL
                        \(grouped("filled_bin"))
                    )
                    \(grouped())
                    HAVING notEmpty(filled)
                )
                ARRAY JOIN range(-1, \(bins) + 1) AS bin
                WHERE bin BETWEEN 0 AND \(bins) - 1 OR has(filled, bin)
                ORDER BY \((instance + ["bin"]).joined(separator: ", "))
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// Rows: quantile, value, count (finite values), and what the scope leaves open. Between two values the one in proportion.
    /// - Parameter levels: from 0, the smallest, to 1, the largest finite value.
    package func quantiles(_ tables: [StoredTable], levels: [Double]) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows().sql(tables, &parameters) else { return nil }
        let list = parameters.add("levels", "[\(levels.map { "\($0)" }.joined(separator: ","))]", "Array(Float64)")
        let columns =
            [
                .number("quantile", "level"),
                .number("value", "if(part = 0, below, below * (1 - part) + sorted[place + 2] * part)"),
                .natural("count", "amount"),
            ] + scope.identity
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                    SELECT \(selected)arraySort(groupArrayIf(assumeNotNull(v), isFinite(v))) AS sorted, length(sorted) AS amount
                    FROM (
                    \(rows)
                    )
                    \(grouped())
                )
                ARRAY JOIN \(list) AS level, arrayMap(l -> toUInt64(floor(l * (amount - 1))), \(list)) AS place,
                    arrayMap(l -> l * (amount - 1) - floor(l * (amount - 1)), \(list)) AS part,
                    arrayMap(l -> sorted[toUInt64(floor(l * (amount - 1))) + 1], \(list)) AS below
                WHERE amount > 0
                ORDER BY \((instance + ["level"]).joined(separator: ", "))
                """, parameters: parameters.list, columns: columns.answer)
    }
}

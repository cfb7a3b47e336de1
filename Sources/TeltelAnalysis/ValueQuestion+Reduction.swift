/// What many values come to: buckets of frames, a histogram, quantiles.
import TeltelEvents

extension ValueQuestion {
    private var instance: String { "source_id, key" }

    /// So that nothing is lost: of every bucket of frames the first and last value, the smallest and largest finite one with their frames,
    /// and how many there are of each kind.
    ///
    /// Rows: from_frame, to_frame, from_time, to_time, count (events that have the value), missing, nan, infinite, first, first_frame, last,
    /// last_frame, min, min_frame, max, max_frame, and what the scope leaves open. A frame belongs to one bucket.
    package func buckets(_ tables: [StoredTable], count: Int) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows().sql(tables, &parameters) else { return nil }
        func frame(_ name: String, _ count: String, _ row: String) -> Selected {
            .natural(name, "if(\(count) > 0, \(row).3, NULL)", isNullable: true)
        }
        let columns =
            [
                .natural("from_frame"), .natural("to_frame"), .number("from_time"), .number("to_time"),
                .natural("count", "amount"),
                .natural("missing"), .natural("nan", "nans"), .natural("infinite"), .exact("first", "(a.1, a.2)"),
                frame("first_frame", "amount", "a"), .exact("last", "(z.1, z.2)"), frame("last_frame", "amount", "z"),
                .exact("min", "(low.1, low.2)"), frame("min_frame", "finite", "low"), .exact("max", "(high.1, high.2)"),
                frame("max_frame", "finite", "high"),
            ] + scope.identity
        // Of equal ones the earliest is named.
        let place = "(frame_index, writer, sequence)"
        let value = "(v, v_digits, frame_index)"
        return Statement(
            sql: """
                WITH rows AS (
                \(rows)
                ), (SELECT min(frame_index) FROM rows) AS origin,
                (SELECT greatest(toUInt64(1), intDiv(toUInt64(max(frame_index) - min(frame_index)), \
                \(parameters.add("buckets", String(count), "UInt32"))) + 1) FROM rows) AS frames_per_bucket
                SELECT \(columns.sql) FROM (
                    SELECT \(instance), min(frame_index) AS from_frame, max(frame_index) AS to_frame, min(sim_time) AS from_time,
                        max(sim_time) AS to_time, count(v) AS amount, countIf(v IS NULL) AS missing, countIf(isNaN(v)) AS nans,
                        countIf(isInfinite(v)) AS infinite, countIf(isFinite(v)) AS finite,
                        argMinIf(\(value), \(place), v IS NOT NULL) AS a, argMaxIf(\(value), \(place), v IS NOT NULL) AS z,
                        argMinIf(\(value), (assumeNotNull(v), frame_index), isFinite(v)) AS low,
                        argMaxIf(\(value), (assumeNotNull(v), bitNot(frame_index)), isFinite(v)) AS high
                    FROM rows
                    GROUP BY \(instance), intDiv(toUInt64(frame_index - origin), frames_per_bucket)
                )
                ORDER BY from_frame, \(instance)
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
                    SELECT \(instance), groupArray(filled_bin) AS filled, groupArray(amount) AS counts FROM (
                        SELECT \(instance), count() AS amount, toInt32(multiIf(v < lowest, -1, v > highest, \(bins),
                            highest > lowest, least(toFloat64(\(bins) - 1), \(place)), 0)) AS filled_bin
                        FROM rows
                        WHERE NOT isNaN(v) AND lowest IS NOT NULL
                        GROUP BY \(instance), filled_bin
                    )
                    GROUP BY \(instance)
                )
                ARRAY JOIN range(-1, \(bins) + 1) AS bin
                WHERE bin BETWEEN 0 AND \(bins) - 1 OR has(filled, bin)
                ORDER BY \(instance), bin
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
                    SELECT \(instance), arraySort(groupArrayIf(assumeNotNull(v), isFinite(v))) AS sorted, length(sorted) AS amount
                    FROM (
                    \(rows)
                    )
                    GROUP BY \(instance)
                )
                ARRAY JOIN \(list) AS level, arrayMap(l -> toUInt64(floor(l * (amount - 1))), \(list)) AS place,
                    arrayMap(l -> l * (amount - 1) - floor(l * (amount - 1)), \(list)) AS part,
                    arrayMap(l -> sorted[toUInt64(floor(l * (amount - 1))) + 1], \(list)) AS below
                WHERE amount > 0
                ORDER BY \(instance), level
                """, parameters: parameters.list, columns: columns.answer)
    }
}

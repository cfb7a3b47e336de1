/// What many values come to: buckets of frames, a histogram, quantiles.
import TeltelEvents

extension ValueQuestion {
    /// What instances are told apart by, if they have to be: fewer columns are grouped much faster.
    private var instance: [String] { scope.identity.map(\.column.name) }
    private var selected: String { instance.map { "\($0), " }.joined() }
    private func grouped(_ more: String...) -> String {
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
        let half = "9223372036854775808"
        // Numbers in their order as numbers without a sign, and back.
        let ordered = "if(bits >= \(half), bitNot(bits), bitXor(bits, \(half)))"
        let hasDigits = self.rows().mayHaveDigits(tables)
        func exact(_ name: String, _ value: String, _ digits: String) -> Selected {
            guard hasDigits else { return .exact(name, "(\(value), '')") }
            return
                .exact(name, "(\(value), if(\(digits)_at = \(digits)_of, \(digits), ''))")
        }
        func number(_ extreme: String) -> String {
            let bits = "toUInt64(bitShiftRight(\(extreme), 64))"
            let value = "reinterpretAsFloat64(if(\(bits) >= \(half), bitXor(\(bits), \(half)), bitNot(\(bits))))"
            return "if(finite > 0, \(value), NULL)"
        }
        func frame(_ name: String, _ count: String, _ sql: String) -> Selected {
            .natural(name, "if(\(count) > 0, \(sql), NULL)", isNullable: true)
        }
        let columns =
            [
                .natural("from_frame"), .natural("to_frame"), .number("from_time"), .number("to_time"),
                .natural("count", "amount"),
                .natural("missing", "total - amount"), .natural("nan", "nans"), .natural("infinite"),
                exact("first", "if(amount > 0, first_value, NULL)", "first_digits"),
                frame("first_frame", "amount", "toUInt64(bitShiftRight(first_digits_at, 64))"),
                exact("last", "if(amount > 0, last_value, NULL)", "last_digits"),
                frame("last_frame", "amount", "toUInt64(bitShiftRight(last_digits_at, 64))"),
                exact("min", number("min_digits_at"), "min_digits"), frame("min_frame", "finite", "toUInt64(min_digits_at)"),
                exact("max", number("max_digits_at"), "max_digits"),
                frame("max_frame", "finite", "bitNot(toUInt64(max_digits_at))"),
            ] + scope.identity
        // Where a value lies is one number of 128 bits, of which the smallest and the largest are found many times faster than those of
        // tuples: frame, writer and sequence for the first and the last; the value and its frame for the extremes, so that of equal ones the
        // earliest is named.
        func digits(_ name: String, _ function: String, _ place: String) -> String {
            guard hasDigits else { return "" }
            return ", arg\(function)If(v_digits, \(place), v_digits != '') AS \(name)_digits, "
                + "\(function.lowercased())If(\(place), v_digits != '') AS \(name)_digits_of"
        }
        let digits =
            digits("first", "Min", "place") + digits("last", "Max", "place") + digits("min", "Min", "low")
            + digits("max", "Max", "high")
        return Statement(
            sql: """
                WITH rows AS (
                \(rows)
                ), (SELECT min(frame_index) FROM rows) AS origin,
                (SELECT greatest(toUInt64(1), intDiv(toUInt64(max(frame_index) - min(frame_index)), \
                \(parameters.add("buckets", String(count), "UInt32"))) + 1) FROM rows) AS frames_per_bucket
                SELECT \(columns.sql) FROM (
                    SELECT \(selected)min(frame_index) AS from_frame, max(frame_index) AS to_frame,
                        min(sim_time) AS from_time, max(sim_time) AS to_time, count() AS total, count(v) AS amount,
                        countIf(isNaN(v)) AS nans, countIf(isInfinite(v)) AS infinite, amount - nans - infinite AS finite,
                        minIf(place, v IS NOT NULL) AS first_digits_at, maxIf(place, v IS NOT NULL) AS last_digits_at,
                        argMinIf(assumeNotNull(v), place, v IS NOT NULL) AS first_value,
                        argMaxIf(assumeNotNull(v), place, v IS NOT NULL) AS last_value,
                        minIf(low, isFinite(v)) AS min_digits_at, maxIf(high, isFinite(v)) AS max_digits_at\(digits)
                    FROM (
                        SELECT *, reinterpretAsUInt64(assumeNotNull(v)) AS bits, bitShiftLeft(toUInt128(\(ordered)), 64) AS value_place,
                            bitOr(bitShiftLeft(toUInt128(frame_index), 64), toUInt128(
                                bitOr(bitShiftLeft(toUInt64(writer), 48), bitAnd(sequence, 281474976710655)))) AS place,
                            bitOr(value_place, toUInt128(frame_index)) AS low, bitOr(value_place, toUInt128(bitNot(frame_index))) AS high
                        FROM rows
                    )
                    \(grouped("intDiv(toUInt64(frame_index - origin), frames_per_bucket)"))
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

/// What is asked of one value of an event type: where it is out of bounds, where it jumps, where it is no finite number. Missing values
/// are none of these.
import TeltelEvents

package struct ValueQuestion: Sendable {
    /// With its type.
    package var scope: EventScope
    package var field: AskedField

    package init(_ scope: EventScope, _ field: AskedField) {
        self.scope = scope
        self.field = field
    }

    // Numbers of an answer are `Tuple(Nullable(Float64), String)`: the number, and the digits of an integer that no double holds, else ''.
    static let exact = "(v, v_digits)"

    func rows(withType: Bool = false, withPayload: Bool = false) -> ValueRows {
        ValueRows(
            scope: scope, columns: [.init(name: "v", field: field, wanted: .exactNumber(digits: "v_digits"))], withType: withType,
            withPayload: withPayload)
    }

    /// Rows: frame_index, sim_time, value, and what the scope leaves open. nil: no table can hold such events.
    /// - Parameters:
    ///   - min: smaller ones are outliers; nil: none is too small.
    ///   - max: larger ones are.
    package func outliers(_ tables: [StoredTable], min: Double?, max: Double?) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows().sql(tables, &parameters) else { return nil }
        var conditions: [String] = []
        if let min { conditions.append("v < \(parameters.number("min", min))") }
        if let max { conditions.append("v > \(parameters.number("max", max))") }
        let columns = [.natural("frame_index"), .number("sim_time"), .exact("value", Self.exact)] + scope.identity
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                \(rows)
                )
                WHERE \(conditions.isEmpty ? "0" : conditions.joined(separator: " OR "))
                ORDER BY \(scope.order)
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// Steps from one number to the next that are larger than the threshold, whatever their direction. Events without the value, and
    /// those where it is NaN, are stepped over.
    ///
    /// Rows: frame_index, value, prev_value, delta, and what the scope leaves open.
    package func spikes(_ tables: [StoredTable], threshold: Double) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows().sql(tables, &parameters) else { return nil }
        let columns =
            [
                .natural("frame_index"), .exact("value", Self.exact), .exact("prev_value", "before"),
                .number("delta", "v - before.1", isNullable: true),
            ] + scope.identity
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                    SELECT *, lagInFrame(\(Self.exact)) OVER (
                        PARTITION BY source_id, key ORDER BY frame_index, writer, sequence ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
                    ) AS before
                    FROM (
                    \(rows)
                    )
                    WHERE NOT isNaN(v)
                )
                WHERE abs(v - before.1) > \(parameters.number("threshold", threshold))
                ORDER BY \(scope.order)
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// Events where it is NaN or infinite. Rows: frame_index, sim_time, type, payload (JSON text), value, and what the scope leaves open.
    package func notFinite(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows(withType: true, withPayload: true).sql(tables, &parameters) else { return nil }
        let columns =
            [
                .natural("frame_index"), .number("sim_time"), .text("type", "event_type"), .text("payload", "payload_text"),
                .number("value", "v", isNullable: true),
            ] + scope.identity
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                \(rows)
                )
                WHERE isNaN(v) OR isInfinite(v)
                ORDER BY \(scope.order)
                """, parameters: parameters.list, columns: columns.answer)
    }
}

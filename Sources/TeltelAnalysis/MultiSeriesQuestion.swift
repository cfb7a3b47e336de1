/// Several values in one answer.
import TeltelEvents

/// Each event is a row of its own, whole: nothing is joined, so that values of other types and rates take none away and add none. A row is
/// null in the columns of values that its event does not have.
package struct MultiSeriesQuestion: Sendable {
    /// Values of one scope with its type, in columns of these names.
    package struct Group: Sendable {
        package var scope: EventScope
        package var fields: [(column: String, field: AskedField)]

        package init(_ scope: EventScope, _ fields: [(column: String, field: AskedField)]) {
            self.scope = scope
            self.fields = fields
        }
    }
    package var groups: [Group]
    package init(_ groups: [Group]) { self.groups = groups }

    /// Columns of the answer, before those of the values.
    package static let time = ["frame_index", "sim_time"]

    /// Rows: frame_index, sim_time, a column for each value in the order of `columns`; `type` if there are groups of several types;
    /// source_id and key where a group leaves them open.
    /// - Parameter columns: names of all fields' columns.
    package func statement(_ tables: [StoredTable], columns: [String]) -> Statement? {
        var parameters = Parameters()
        let arms = groups.compactMap { group in
            let all = columns.indices.map { place in
                let field = group.fields.first { $0.column.utf8.elementsEqual(columns[place].utf8) }?.field
                return ValueRows.Column(name: "v\(place)", field: field, wanted: .exactNumber(digits: "v\(place)_digits"))
            }
            return ValueRows(scope: group.scope, columns: all, withType: true).sql(tables, &parameters)
        }
        guard !arms.isEmpty else { return nil }
        // With the rows' name, because a value's column may have the name of one of theirs.
        let values = columns.enumerated().map { Selected.exact($1, "(r.v\($0), r.v\($0)_digits)") }
        let names = identity.map { Selected.text($0, "r.\($0 == "type" ? "event_type" : $0)") }
        let selected = [.natural("frame_index", "r.frame_index"), .number("sim_time", "r.sim_time")] + values + names
        return Statement(
            sql: """
                SELECT \(selected.sql) FROM (
                \(arms.joined(separator: "\nUNION ALL\n"))
                ) AS r
                ORDER BY r.frame_index, r.event_type, r.source_id, r.key, r.writer, r.sequence
                """, parameters: parameters.list, columns: selected.answer)
    }

    /// Columns that tell rows apart.
    package var identity: [String] {
        let types = Set(groups.map(\.scope.eventType))
        let sources = Set(groups.map(\.scope.sourceID))
        let isSourceOpen = sources.count > 1 || sources.contains(nil)
        let hasKeys = groups.contains { !$0.scope.keyFields.isEmpty }
        return (types.count > 1 ? ["type"] : []) + (isSourceOpen ? ["source_id"] : []) + (hasKeys ? ["key"] : [])
    }

    /// A column's name for each path: what is neither a letter nor a digit becomes `_`; one that is taken gets `_2`, `_3` …
    package static func columnNames(_ paths: [String], besides taken: [String]) -> [String] {
        var taken = Set(taken)
        return paths.map { path in
            let plain = String(
                String.UnicodeScalarView(
                    path.unicodeScalars.map { scalar in
                        scalar.isASCII && (scalar.properties.isAlphabetic || (0x30...0x39).contains(scalar.value)) ? scalar : "_"
                    }))
            let base = plain.isEmpty ? "_" : plain
            var name = base
            var number = 1
            while !taken.insert(name).inserted {
                number += 1
                name = "\(base)_\(number)"
            }
            return name
        }
    }
}

extension MultiSeriesQuestion {
    /// The metrics of a run's frames. Rows: frame_index, sim_time, dt, substeps, cpu_time_ms, and the source if the scope leaves it open.
    package static func frameEnds(_ scope: EventScope, _ tables: [StoredTable]) -> Statement? {
        var scope = scope
        scope.eventType = "frame.end"
        let columns = ["dt", "substeps", "cpu_time_ms"]
        let fields = zip(columns, ["dt", "substeps", "perf.cpu_time_ms"]).map { (column: $0, field: AskedField($1)) }
        return MultiSeriesQuestion([Group(scope, fields)]).statement(tables, columns: columns)
    }
}

/// Two values of the same events.
package struct CorrelationQuestion: Sendable {
    package var scope: EventScope
    package var first, second: AskedField

    package init(_ scope: EventScope, _ first: AskedField, _ second: AskedField) {
        self.scope = scope
        self.first = first
        self.second = second
    }

    private func rows(_ tables: [StoredTable], _ parameters: inout Parameters) -> String? {
        let rows = ValueRows(
            scope: scope,
            columns: [
                .init(name: "a", field: first, wanted: .exactNumber(digits: "a_digits")),
                .init(name: "b", field: second, wanted: .exactNumber(digits: "b_digits")),
            ])
        return rows.sql(tables, &parameters)
    }

    /// Rows: frame_index, value1, value2, product, and what the scope leaves open.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows(tables, &parameters) else { return nil }
        let columns =
            [
                .natural("frame_index"), .exact("value1", "(a, a_digits)"), .exact("value2", "(b, b_digits)"),
                .number("product", "a * b", isNullable: true),
            ] + scope.identity
        return Statement(
            sql: "SELECT \(columns.sql) FROM (\n\(rows)\n)\nORDER BY \(scope.order)", parameters: parameters.list,
            columns: columns.answer)
    }

    /// Of events that have both as finite numbers. Rows: count, pearson (null if one of them never changes), and what the scope leaves open.
    package func coefficient(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        guard let rows = rows(tables, &parameters) else { return nil }
        let columns =
            [
                .natural("count", "amount"),
                .number("pearson", "if(isFinite(coefficient), coefficient, NULL)", isNullable: true),
            ] + scope.identity
        return Statement(
            sql: """
                SELECT \(columns.sql) FROM (
                    SELECT source_id, key, count() AS amount, corrStable(assumeNotNull(a), assumeNotNull(b)) AS coefficient FROM (
                    \(rows)
                    )
                    WHERE isFinite(a) AND isFinite(b)
                    GROUP BY source_id, key
                )
                ORDER BY source_id, key
                """, parameters: parameters.list, columns: columns.answer)
    }
}

/// One value of two runs side by side.
import TeltelEvents

/// Rows of one frame that have the same key are pairs; of several with one key the n-th of each run.
package struct PairedSeriesQuestion: Sendable {
    private let scope: CompareScope
    private let path: String
    private let kind: FieldKind?
    private let keyFields: [String]

    package init(_ scope: CompareScope, path: String, kind: FieldKind?, keyFields: [String]) {
        self.scope = scope
        self.path = path
        self.kind = kind
        self.keyFields = keyFields
    }

    /// Columns in order: frame_index, sim_time_1, sim_time_2, value_1, value_2 and diff, which is the second less the first; NULL where
    /// a row has no such number. Of a type with keys `key` besides. nil: no table can hold such events.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        var parameters = Parameters()
        guard let first = rows(scope.first, tables, &parameters), let second = rows(scope.second, tables, &parameters) else {
            return nil
        }
        let number = "row_number() OVER (PARTITION BY frame_index, key ORDER BY writer, sequence) AS n"
        let key = keyFields.isEmpty ? [] : [AnswerColumn("key", .text)]
        return Statement(
            sql: """
                SELECT a.frame_index AS frame_index, a.sim_time AS sim_time_1, b.sim_time AS sim_time_2, a.value AS value_1,
                    b.value AS value_2, b.value - a.value AS diff\(keyFields.isEmpty ? "" : ", a.key AS key")
                FROM (SELECT frame_index, key, sim_time, value, \(number) FROM (
                \(first)
                )) AS a
                INNER JOIN (SELECT frame_index, key, sim_time, value, \(number) FROM (
                \(second)
                )) AS b ON a.frame_index = b.frame_index AND a.key = b.key AND a.n = b.n
                ORDER BY frame_index, a.key, a.n
                """, parameters: parameters.list,
            columns: [
                AnswerColumn("frame_index", .natural), AnswerColumn("sim_time_1", .number), AnswerColumn("sim_time_2", .number),
                AnswerColumn("value_1", .number, isNullable: true), AnswerColumn("value_2", .number, isNullable: true),
                AnswerColumn("diff", .number, isNullable: true),
            ] + key)
    }

    private func rows(_ runID: String, _ tables: [StoredTable], _ parameters: inout Parameters) -> String? {
        let of = EventScope(
            runID: runID, sourceID: scope.source?.text, channel: scope.channel, eventType: scope.type, keyFields: keyFields,
            frames: scope.frames)
        let field = AskedField(path, kind: kind)
        return ValueRows(scope: of, columns: [.init(name: "value", field: field, wanted: .number)]).sql(tables, &parameters)
    }
}

/// The rows of events of which values are asked, as SQL: what all questions about values have in common.
import TeltelEvents

/// A value in the payload.
package struct AskedField: Sendable {
    /// Dotted: "pos.x".
    package var path: String
    /// Of the field in the engine's definition; nil: the events are posted, or of more than is known.
    package var kind: FieldKind?

    package init(_ path: String, kind: FieldKind? = nil) {
        self.path = path
        self.kind = kind
    }
}

/// Columns of the rows: frame_index, sim_time, wall_time_ms, one for each value that is asked for, key, source_id, writer, sequence, and
/// on request event_type and payload_text.
struct ValueRows {
    enum Wanted {
        /// Nullable(Float64).
        case number
        /// With a column of its digits, which is called like this.
        case exactNumber(digits: String)
        /// Nullable(String).
        case words
    }
    struct Column {
        let name: String
        /// nil: events of this scope have none.
        let field: AskedField?
        let wanted: Wanted
    }
    let scope: EventScope
    let columns: [Column]
    var withType = false
    var withPayload = false
    /// With `line`: the writer of an instance, as a number.
    var withLine = false

    /// Integers that no double holds may be among the values.
    func mayHaveDigits(_ tables: [StoredTable]) -> Bool {
        scope.fitting(tables).contains { table in
            columns.compactMap(\.field).contains { field in
                let isInColumn = field.kind != nil && table.hasColumn(field.path)
                return (table.hasText && !isInColumn) || table.hasLongIntegers(at: field.path)
            }
        }
    }

    /// nil: no table can hold such events.
    func sql(_ tables: [StoredTable], _ parameters: inout Parameters) -> String? {
        let fitting = scope.fitting(tables)
        guard !fitting.isEmpty else { return nil }
        return fitting.map { select($0, &parameters) }.joined(separator: "\nUNION ALL\n")
    }

    private func select(_ table: StoredTable, _ parameters: inout Parameters) -> String {
        let keys = KeyText(scope.keyFields, table, &parameters)
        var definitions = keys.definitions
        var selected = [SQL.frame, "sim_time", "wall_time_ms"]
        for column in columns {
            guard let field = column.field else {
                selected += Self.missing(column)
                continue
            }
            // Where a definition has the field and the table its column, no row has it elsewhere.
            let isInColumn = field.kind != nil && table.hasColumn(field.path)
            let place = table.hasText && !isInColumn ? PayloadPath(field.path, as: column.name, &parameters) : nil
            definitions += place?.definitions ?? []
            switch column.wanted {
            case .words: selected.append("\(table.words(at: field.path, place)) AS \(column.name)")
            case .number, .exactNumber:
                selected.append("\(table.number(at: field.path, place, isSingle: field.kind == .f32)) AS \(column.name)")
            }
            if case .exactNumber(let digits) = column.wanted {
                selected.append("\(table.digits(at: field.path, place, value: column.name)) AS \(digits)")
            }
        }
        selected += ["\(keys.sql) AS key", "source_id", "writer", "sequence"]
        if withType { selected.append("\(table.typeText(&parameters)) AS event_type") }
        if withLine { selected.append("sipHash64(t.instance, t.writer) AS line") }
        if withPayload { selected.append("\(table.payload) AS payload_text") }
        var conditions = scope.conditions(table, &parameters)
        if let key = scope.key { conditions.append("\(keys.sql) = \(parameters.text("key", key))") }
        return SQL.select(selected, with: definitions, from: table, where: conditions)
    }

    private static func missing(_ column: Column) -> [String] {
        switch column.wanted {
        case .words: ["CAST(NULL, 'Nullable(String)') AS \(column.name)"]
        case .number: ["CAST(NULL, 'Nullable(Float64)') AS \(column.name)"]
        case .exactNumber(let digits): ["CAST(NULL, 'Nullable(Float64)') AS \(column.name)", "'' AS \(digits)"]
        }
    }
}

/// What tells instances of a type apart: the values of the key fields, joined by commas. Where there are several, a comma or backslash in
/// a value gets a backslash, so that "x,y" and "z" are not "x" and "y,z".
struct KeyText {
    let sql: String
    let definitions: [String]

    init(_ fields: [String], _ table: StoredTable, _ parameters: inout Parameters) {
        var places: [PayloadPath?] = []
        for (number, field) in fields.enumerated() {
            places.append(table.hasText ? PayloadPath(field, as: "key\(number)", &parameters) : nil)
        }
        definitions = places.compactMap { $0?.definitions }.flatMap { $0 }
        let values = zip(fields, places).map { table.text(at: $0, $1) }
        guard values.count > 1 else {
            sql = values.first ?? "''"
            return
        }
        let (backslash, comma) = (SQL.literal(#"\"#), SQL.literal(","))
        let parts = values.map { value in
            let doubled = "replaceAll(\(value), \(backslash), \(SQL.literal(#"\\"#)))"
            return "replaceAll(\(doubled), \(comma), \(SQL.literal(#"\,"#)))"
        }
        sql = parts.joined(separator: " || ',' || ")
    }
}

extension SQL {
    /// Of a table that the statement calls `t`. The reference's has 32 bits.
    static let frame = "toUInt64(t.frame_index) AS frame_index"

    /// - Parameter definitions: of places in the payload's text, if any.
    static func select(
        _ columns: [String], with definitions: [String] = [], from table: StoredTable, where conditions: [String],
        then rest: String = ""
    ) -> String {
        let with = definitions.isEmpty ? "" : "WITH \(([PayloadPath.payload] + definitions).joined(separator: ",\n    "))\n"
        let condition = conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
        return "\(with)SELECT \(columns.joined(separator: ", "))\nFROM \(identifier(table.name)) AS t\(condition)\(rest)"
    }
}

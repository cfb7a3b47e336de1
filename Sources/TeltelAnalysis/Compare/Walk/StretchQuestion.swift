/// Many rows of one run at once, column by column.
import TeltelEvents

/// What ``RowColumns`` are made of.
package struct StretchQuestion: Sendable {
    private let table: StoredTable
    package let fields: StreamFields
    private let takesTextsApart: Bool
    /// Of the answer, behind the frame.
    package let columns: [Column]

    package struct Column: Sendable, Equatable {
        /// Place among the fields.
        package let field: Int
        package let kind: ValueKind
        package let isText: Bool
        /// As SQL.
        let value: String
    }

    /// - Parameters:
    ///   - wanted: of which fields values are read; keys must be among them.
    ///   - takesTextsApart: payloads that are kept as text are read themselves, not their hashes.
    package init(_ table: StoredTable, wanted: Set<Int>? = nil, takesTextsApart: Bool = false) {
        self.table = table
        self.takesTextsApart = takesTextsApart
        fields = StreamFields(table)
        var columns = [
            Column(field: 0, kind: .float64, isText: false, value: "sim_time"),
            Column(field: 1, kind: .text, isText: false, value: Self.hash("tags")),
            takesTextsApart
                ? Column(field: 2, kind: .text, isText: true, value: "rest")
                : Column(field: 2, kind: .text, isText: false, value: Self.hash("rest")),
        ]
        for (place, payload) in fields.payload.enumerated() {
            columns += payload.map { column in
                let name = SQL.identifier(column.name)
                let kind = Self.kind(column.inner)
                let hashed =
                    column.canBeNull ? "if(isNull(\(name)), NULL, xxHash64(assumeNotNull(\(name))))" : "xxHash64(\(name))"
                let value =
                    column.isArray
                    ? (kind == .text ? "arrayMap(x -> xxHash64(x), \(name))" : name) : kind == .text ? hashed : name
                return Column(field: StreamFields.common.count + place, kind: kind, isText: false, value: value)
            }
        }
        self.columns = columns.filter { wanted?.contains($0.field) ?? true }
    }

    private static func hash(_ name: String) -> String { "if(\(name) = '', NULL, xxHash64(\(name)))" }

    private static func kind(_ type: String) -> ValueKind {
        switch type {
        case "Float64": .float64
        case "Float32": .float32
        case "Int8", "Int16", "Int32", "Int64": .integer
        case "UInt8", "UInt16", "UInt32", "UInt64": .unsigned
        case "Bool": .bool
        default: .text
        }
    }

    /// Columns of the answer: the frame, then `columns`; in order of emission, for Native.
    package func statement(_ stretch: StreamStretch, rowsMax: Int) -> Statement {
        let (condition, parameters) = stretch.condition(table)
        // Without names of their own: a name that a column of the table has, too, would stand for that.
        return Statement(
            sql: """
                SELECT frame_index\(columns.map { ",\n    " + $0.value }.joined())
                FROM \(SQL.identifier(table.name)) WHERE \(condition)
                ORDER BY frame_index, writer, sequence LIMIT \(rowsMax)
                """, parameters: parameters)
    }
}

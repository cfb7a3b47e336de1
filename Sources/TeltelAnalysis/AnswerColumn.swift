/// What the rows of an answer are made of.

/// A column as it comes in ClickHouse's RowBinary. Formats that say it themselves say it anew with every block of an answer that comes as
/// a stream: questions know their columns instead.
package struct AnswerColumn: Sendable, Equatable {
    package enum Kind: Sendable {
        /// UInt8: 0 or 1.
        case truth
        /// Int64.
        case integer
        /// UInt64.
        case natural
        /// Float64.
        case number
        /// `Tuple(Nullable(Float64), String)`: a number, and the digits of an integer that no double holds, else ''.
        case exact
        case text
        /// JSON text that becomes part of the answer.
        case json
    }
    package let name: String
    package let kind: Kind
    package let isNullable: Bool

    package init(_ name: String, _ kind: Kind, isNullable: Bool = false) {
        self.name = name
        self.kind = kind
        self.isNullable = isNullable
    }
}

/// A column of a SELECT, with what it is made of.
struct Selected {
    let column: AnswerColumn
    let sql: String

    private init(_ name: String, _ kind: AnswerColumn.Kind, _ sql: String?, _ isNullable: Bool) {
        column = AnswerColumn(name, kind, isNullable: isNullable)
        self.sql = sql.map { "\($0) AS \(SQL.identifier(name))" } ?? SQL.identifier(name)
    }

    // Without SQL: the column of the same name.
    static func truth(_ name: String, _ sql: String? = nil) -> Selected { Selected(name, .truth, sql, false) }
    static func integer(_ name: String, _ sql: String? = nil) -> Selected { Selected(name, .integer, sql, false) }
    static func natural(_ name: String, _ sql: String? = nil, isNullable: Bool = false) -> Selected {
        Selected(name, .natural, sql, isNullable)
    }
    static func number(_ name: String, _ sql: String? = nil, isNullable: Bool = false) -> Selected {
        Selected(name, .number, sql, isNullable)
    }
    static func exact(_ name: String, _ sql: String) -> Selected { Selected(name, .exact, sql, false) }
    static func text(_ name: String, _ sql: String? = nil) -> Selected { Selected(name, .text, sql, false) }
    static func json(_ name: String, _ sql: String) -> Selected { Selected(name, .json, sql, false) }
}

extension [Selected] {
    var sql: String { map(\.sql).joined(separator: ", ") }
    var answer: [AnswerColumn] { map(\.column) }
}

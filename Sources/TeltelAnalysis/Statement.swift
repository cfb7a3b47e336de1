/// Questions to stored runs, as SQL with parameters. Pure: text in, text out; nothing here talks to a database.

/// One statement that only reads, and its parameters. Values never become part of the text.
package struct Statement: Sendable, Equatable {
    package let sql: String
    /// By name, as `{name:Type}` in the text; values as ClickHouse reads them from a URL.
    package let parameters: [(name: String, value: String)]

    package static func == (a: Statement, b: Statement) -> Bool {
        a.sql == b.sql && a.parameters.elementsEqual(b.parameters) { $0 == $1 }
    }
}

/// A question that cannot be asked.
package struct QuestionError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

enum SQL {
    /// A name in backticks.
    static func identifier(_ name: String) -> String {
        "`" + name.replacing("\\", with: "\\\\").replacing("`", with: "\\`") + "`"
    }
}

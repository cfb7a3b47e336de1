/// Questions to stored runs, as SQL with parameters. Pure: text in, text out; nothing here talks to a database.

/// One statement that only reads, and its parameters. Values never become part of the text.
package struct Statement: Sendable, Equatable {
    package let sql: String
    /// By name, as `{name:Type}` in the text; values as ClickHouse reads them from a URL.
    package let parameters: [(name: String, value: String)]
    /// What its rows are made of; [] if that is the reader's own knowledge.
    package let columns: [AnswerColumn]

    package init(sql: String, parameters: [(name: String, value: String)], columns: [AnswerColumn] = []) {
        self.sql = sql
        self.parameters = parameters
        self.columns = columns
    }

    package static func == (a: Statement, b: Statement) -> Bool {
        a.sql == b.sql && a.columns == b.columns && a.parameters.elementsEqual(b.parameters) { $0 == $1 }
    }
}

extension Statement {
    /// With its parameters as comments before it.
    package var reproducible: String {
        let parameters = Dictionary(parameters.map { ($0.name, $0.value) }) { first, _ in first }
        return parameters.sorted { $0.key < $1.key }.map { "-- param_\($0.key)=\($0.value)\n" }.joined() + sql
    }
}

enum SQL {
    /// A text in quotes, on one line.
    static func literal(_ text: String) -> String { quoted(text, "'") }
    /// The first of the values that is not NULL; NULL of the type if there are none.
    static func coalesce(_ values: [String], else type: String) -> String {
        switch values.count {
        case 0: "CAST(NULL, '\(type)')"
        case 1: values[0]
        default: "coalesce(\(values.joined(separator: ", ")))"
        }
    }
    /// Below it every integer is a double of its own.
    static let exactBelow = "9007199254740992"

    /// A name in backticks.
    static func identifier(_ name: String) -> String { quoted(name, "`") }

    /// By scalars, not by characters: a quote with a combining accent behind it is another character, and a quote all the same.
    private static func quoted(_ text: String, _ quote: Unicode.Scalar) -> String {
        var quoted = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\", quote: quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\0": quoted += "\\0"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        quoted.unicodeScalars.append(quote)
        return quoted
    }
}

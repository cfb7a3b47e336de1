/// What analysis must know about a table to ask it.

/// One table of events, as it is in the database now.
package struct StoredTable: Sendable, Equatable {
    package let name: String
    /// What all its rows are; nil for the table of all further types, whose rows name it and keep the payload as text.
    package let channel: String?
    package let type: String?
    /// Column names and their ClickHouse types.
    package let columns: [String: String]

    package init(name: String, channel: String?, type: String?, columns: [String: String]) {
        self.name = name
        self.channel = channel
        self.type = type
        self.columns = columns
    }

    /// The value at a dotted path as Nullable(Float64), whichever way it is stored; NULL where a row has none.
    func number(at path: String) -> String {
        guard type != nil else {
            // Path elements: JSONExtract takes no parameters for them in all versions.
            let keys = path.split(separator: ".", omittingEmptySubsequences: false).map { SQL.literal(String($0)) }
            return "JSONExtract(rest, \(keys.joined(separator: ", ")), 'Nullable(Float64)')"
        }
        // A path that came with several kinds has several columns: a row has its value in one of them.
        let candidates = columns.keys.filter { $0 == "payload.\(path)" || $0.hasPrefix("payload.\(path):") }.sorted()
        let numbers = candidates.filter { Self.isNumber(columns[$0] ?? "") }.map { "toFloat64(\(SQL.identifier($0)))" }
        switch numbers.count {
        case 0: return "CAST(NULL, 'Nullable(Float64)')"
        case 1: return "toNullable(\(numbers[0]))"
        default: return "toNullable(coalesce(\(numbers.joined(separator: ", "))))"
        }
    }

    /// The text at a dotted path as Nullable(String); NULL where a row has none, or something else than a text.
    func words(at path: String) -> String {
        guard type != nil else { return restText(path) }
        let candidates = columns.keys.filter { $0 == "payload.\(path)" || $0.hasPrefix("payload.\(path):") }.sorted()
        let texts = candidates.filter { Self.isText(columns[$0] ?? "") }.map { "toNullable(toString(\(SQL.identifier($0))))" }
        // What has no column stands in the rest of the payload, as all texts of posted events do.
        let all = texts + (columns["rest"] == nil ? [] : [restText(path)])
        return all.isEmpty ? "CAST(NULL, 'Nullable(String)')" : "coalesce(\(all.joined(separator: ", ")))"
    }

    private func restText(_ path: String) -> String {
        let keys = path.split(separator: ".", omittingEmptySubsequences: false).map { SQL.literal(String($0)) }
            .joined(separator: ", ")
        return "if(JSONType(rest, \(keys)) = 'String', JSONExtract(rest, \(keys), 'Nullable(String)'), NULL)"
    }

    private static func isText(_ type: String) -> Bool {
        ["String", "Nullable(String)", "LowCardinality(String)", "LowCardinality(Nullable(String))"].contains(type)
    }

    /// The value at a dotted path as text; '' where a row has none.
    func text(at path: String) -> String {
        let column = "payload.\(path)"
        guard columns[column] != nil else { return "''" }
        return "ifNull(toString(\(SQL.identifier(column))), '')"
    }

    /// A value of the payload.
    package struct PayloadField: Sendable, Equatable {
        /// Dotted: "pos.x"; elements of short arrays: "force[0]".
        package let path: String
        /// ClickHouse's type, without Nullable.
        package let type: String
    }

    /// What can be asked for as a series, by path. A path that came with several kinds is there once.
    package var numbers: [PayloadField] {
        var found: [String: String] = [:]
        for (column, type) in columns where column.hasPrefix("payload.") && Self.isNumber(type) {
            let path = String(column.dropFirst("payload.".count).prefix { $0 != ":" })
            let inner = type.hasPrefix("Nullable(") ? String(type.dropFirst(9).dropLast()) : type
            if found[path] == nil || inner == "Float64" { found[path] = inner }
        }
        return found.sorted { $0.key < $1.key }.map { PayloadField(path: $0.key, type: $0.value) }
    }

    /// What is a text, by path, and no number under the same path.
    package var texts: [PayloadField] {
        let numbers = Set(numbers.map(\.path))
        let paths = columns.filter { $0.key.hasPrefix("payload.") && Self.isText($0.value) }
            .map { String($0.key.dropFirst("payload.".count).prefix { $0 != ":" }) }
        return Set(paths).subtracting(numbers).sorted().map { PayloadField(path: $0, type: "String") }
    }

    private static func isNumber(_ type: String) -> Bool {
        let inner = type.hasPrefix("Nullable(") ? String(type.dropFirst(9).dropLast()) : type
        return inner.hasPrefix("Int") || inner.hasPrefix("UInt") || inner.hasPrefix("Float") || inner == "Bool"
    }
}

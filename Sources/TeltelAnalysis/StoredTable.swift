/// What analysis must know about a table to ask it.
import TeltelEvents

/// One table of events, as it is in the database now.
package struct StoredTable: Sendable, Equatable {
    package let name: String
    /// What all its rows are; nil for the table of all further types, whose rows name it and keep the payload as text.
    package let channel: Name?
    package let type: Name?
    /// Of the payload.
    package let columns: [Column]
    /// The column `rest` has payloads, or what of them has no column, as text.
    package let hasText: Bool
    /// The payload of a row as JSON text, as SQL, in a statement that calls the table `t`.
    package let payload: String

    package struct Column: Sendable, Equatable {
        /// Dotted: "pos.x"; elements of short arrays: "force[0]"; long arrays as a whole.
        package let path: String
        package let name: String
        /// ClickHouse's.
        package let type: String
        package init(path: String, name: String, type: String) {
            self.path = path
            self.name = name
            self.type = type
        }

        package var isArray: Bool { type.hasPrefix("Array(") }
        var canBeNull: Bool { type.hasPrefix("Nullable(") }
        /// Without Nullable and Array.
        package var inner: String {
            let wrapper = ["Nullable(", "Array("].first { type.hasPrefix($0) }
            return wrapper.map { String(type.dropFirst($0.count).dropLast()) } ?? type
        }
        package var isNumber: Bool { inner == "Bool" || ["Int", "UInt", "Float"].contains { inner.hasPrefix($0) } }
        package var isText: Bool { inner == "String" }
        /// Has integers that a double cannot tell apart.
        var isLongInteger: Bool { inner == "Int64" || inner == "UInt64" }
    }

    package init(name: String, channel: Name?, type: Name?, columns: [Column], hasText: Bool = true, payload: String = "t.rest") {
        self.name = name
        self.channel = channel
        self.type = type
        self.columns = columns
        self.hasText = hasText
        self.payload = payload
    }

    /// The rows' channel and type as texts, in a statement that calls the table `t`.
    func channelText(_ parameters: inout Parameters) -> String {
        channel.map { "toString(\(parameters.text("channel", $0.text)))" } ?? "toString(t.channel)"
    }
    func typeText(_ parameters: inout Parameters) -> String {
        type.map { "toString(\(parameters.text("type", $0.text)))" } ?? "toString(t.type)"
    }

    /// By bytes, as ClickHouse compares.
    private func columns(at path: String) -> [Column] {
        columns.filter { !$0.isArray && $0.path.utf8.elementsEqual(path.utf8) }.sorted { $0.name < $1.name }
    }

    /// The elements that a path names in columns of whole arrays, as SQL; NULL where the array is shorter.
    private func elements(at path: String) -> [(column: Column, sql: String)] {
        guard let place = ElementPath(path) else { return [] }
        return columns.filter { $0.isArray && $0.isNumber && $0.path.utf8.elementsEqual(place.array.utf8) }.map { column in
            let name = SQL.identifier(column.name)
            return (column, "if(length(\(name)) > \(place.index), toNullable(\(name)[\(place.index + 1)]), NULL)")
        }
    }

    /// A column has each value of the path, if its values have one kind and are of an engine's definition.
    func hasColumn(_ path: String) -> Bool { !columns(at: path).isEmpty || !elements(at: path).isEmpty }

    /// Some of its columns for the path have integers that a double cannot tell apart.
    func hasLongIntegers(at path: String) -> Bool {
        columns(at: path).contains(where: \.isLongInteger) || elements(at: path).contains(where: \.column.isLongInteger)
    }

    /// The value at a dotted path as Nullable(Float64), whichever way it is stored; NULL where a row has none.
    /// - Parameter text: where it may be besides; each row knows for itself. nil: nowhere.
    /// - Parameter isSingle: what is kept as text was a Float32, and has become the shortest text for it.
    func number(at path: String, _ text: PayloadPath?, isSingle: Bool) -> String {
        let values =
            columns(at: path).filter(\.isNumber).map { "toNullable(toFloat64(\(SQL.identifier($0.name))))" }
            + elements(at: path).map { "toFloat64(\($0.sql))" }
        let column = SQL.coalesce(values, else: "Nullable(Float64)")
        guard let text else { return column }
        let number = isSingle ? "toFloat64(toFloat32(\(text.number)))" : text.number
        return values.isEmpty ? number : "if(rest != '' AND isNull(\(column)), \(number), \(column))"
    }

    /// The digits of the integer at the path, '' where there is none. Cheap where `value`, which is the same number, says that a double
    /// holds it.
    func digits(at path: String, _ text: PayloadPath?, value: String) -> String {
        let long =
            columns(at: path).filter(\.isLongInteger).map { "toNullable(\(SQL.identifier($0.name)))" }
            + elements(at: path).filter { $0.column.isLongInteger }.map(\.sql)
        let texts = long.map { "toString(\($0))" } + (text.map { [$0.digits] } ?? [])
        if texts.isEmpty { return "''" }
        let digits = "ifNull(\(SQL.coalesce(texts, else: "Nullable(String)")), '')"
        return "if(isFinite(\(value)) AND abs(\(value)) >= \(SQL.exactBelow), \(digits), '')"
    }

    /// The text at a dotted path as Nullable(String); NULL where a row has none, or something else than a text.
    func words(at path: String, _ text: PayloadPath?) -> String {
        let texts = columns(at: path).filter(\.isText).map { "toNullable(\(SQL.identifier($0.name)))" }
        return SQL.coalesce(texts + (text.map { [$0.words] } ?? []), else: "Nullable(String)")
    }

    /// The value at a dotted path as text; '' where a row has none.
    func text(at path: String, _ text: PayloadPath?) -> String {
        let texts =
            columns(at: path).map { "toNullable(toString(\(SQL.identifier($0.name))))" } + (text.map { [$0.text] } ?? [])
        return texts.isEmpty ? "''" : "ifNull(\(SQL.coalesce(texts, else: "Nullable(String)")), '')"
    }
}

/// How an engine's fields become columns.
import TeltelEvents

/// One column of an engine's definition, and where its bytes lie in the record.
struct PayloadColumn: Sendable {
    let layout: ColumnLayout
    let kind: FieldKind
    /// Bytes from the record's payload.
    let offset: Int
    /// Elements of an Array column, characters of a text; 1 otherwise.
    let count: Int
    var isArray: Bool { kind != .text && count > 1 }
}

/// The columns of a definition.
///
/// `pos.x` becomes `payload.pos.x`. An array of up to 16 elements becomes `payload.name[0]` …: brackets, so that it comes back as
/// an array. A longer one becomes one Array column, whose name has slashes for dots (`payload/a/b`), because ClickHouse takes
/// dotted Array columns of one prefix for a nested table.
struct PayloadColumns: Sendable {
    let columns: [PayloadColumn]
    /// The names cannot be told from each other, or not turned back: the payload is stored as text as well.
    let needsText: Bool

    static let longestScalarArray = 16
    static let prefix = "payload."
    static let arrayPrefix = "payload/"

    init(_ fields: [Field]) {
        var columns: [PayloadColumn] = []
        var taken: Set<String> = []
        var needsText = Self.haveParentsWithValues(fields)
        for field in fields {
            if !Self.isPlain(field.name.text) { needsText = true }
            for column in Self.columns(of: field) {
                if taken.insert(column.layout.name).inserted { columns.append(column) } else { needsText = true }
            }
        }
        self.columns = columns
        self.needsText = needsText
    }

    private static func columns(of field: Field) -> [PayloadColumn] {
        let type = field.kind.clickHouseType
        if field.kind == .text || field.count == 1 {
            let layout = ColumnLayout(prefix + field.name.text, type)
            return [PayloadColumn(layout: layout, kind: field.kind, offset: field.offset, count: field.count)]
        }
        if field.count > longestScalarArray {
            let name = arrayPrefix + field.name.text.replacing(".", with: "/")
            let layout = ColumnLayout(name, "Array(\(type))")
            return [PayloadColumn(layout: layout, kind: field.kind, offset: field.offset, count: field.count)]
        }
        return (0..<field.count).map { element in
            PayloadColumn(
                layout: ColumnLayout("\(prefix)\(field.name)[\(element)]", type), kind: field.kind,
                offset: field.offset + element * field.kind.size, count: 1)
        }
    }

    /// A name without the signs that column names give a meaning to, and without empty parts.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.utf8.contains { [0x5B, 0x5D, 0x2F, 0x3A].contains($0) || $0 < 0x20 }
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    }

    /// "a" and "a.b": in JSON a value has no members.
    private static func haveParentsWithValues(_ fields: [Field]) -> Bool {
        let names = Set(fields.map(\.name))
        return fields.contains { field in
            let bytes = field.name.utf8
            return bytes.indices.contains { bytes[$0] == UInt8(ascii: ".") && names.contains(Name(Substring(bytes[..<$0]))) }
        }
    }
}

/// How an engine's fields become columns.
import TeltelEvents

/// One column of an engine's definition, and where its bytes lie in the record.
package struct PayloadColumn: Sendable {
    package let layout: ColumnLayout
    package let kind: FieldKind
    /// Bytes from the record's payload.
    package let offset: Int
    /// Elements of an Array column, characters of a text; 1 otherwise.
    package let count: Int
    package var isArray: Bool { kind != .text && count > 1 }
}

/// The columns of a definition: one for a number, a text and each element of an array of up to 16; one Array column for a longer
/// one. `PayloadColumnName` says what they are called.
package struct PayloadColumns: Sendable {
    package let columns: [PayloadColumn]
    /// The names cannot be told from each other, or not turned back: the payload is stored as text as well.
    package let needsText: Bool

    package static let longestScalarArray = 16

    package init(_ fields: [Field]) {
        var columns: [PayloadColumn] = []
        var taken: Set<Name> = []
        var needsText = Self.haveParentsWithValues(fields)
        for field in fields {
            if !Self.isPlain(field.name.text) { needsText = true }
            for column in Self.columns(of: field) {
                if taken.insert(Name(column.layout.name)).inserted { columns.append(column) } else { needsText = true }
            }
        }
        self.columns = columns
        self.needsText = needsText
    }

    private static func columns(of field: Field) -> [PayloadColumn] {
        let type = field.kind.clickHouseType
        if field.kind == .text || field.count == 1 {
            let layout = ColumnLayout(PayloadColumnName.scalar(field.name.text), type)
            return [PayloadColumn(layout: layout, kind: field.kind, offset: field.offset, count: field.count)]
        }
        if field.count > longestScalarArray {
            let layout = ColumnLayout(PayloadColumnName.array(field.name.text), "Array(\(type))")
            return [PayloadColumn(layout: layout, kind: field.kind, offset: field.offset, count: field.count)]
        }
        return (0..<field.count).map { element in
            PayloadColumn(
                layout: ColumnLayout(PayloadColumnName.scalar("\(field.name)[\(element)]"), type), kind: field.kind,
                offset: field.offset + element * field.kind.size, count: 1)
        }
    }

    /// A name that can be told from an element's, without empty parts.
    package static func isPlain(_ name: String) -> Bool {
        !name.utf8.contains { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") }
            && Name(name).split(at: ".", keepsEmpty: true).allSatisfy { !$0.isEmpty }
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

/// Which columns of a schema are digested, and as what.
import TeltelEvents

/// The fields of one schema in the order in which their columns come; of JSON the list grows with the columns. One thread at a time.
final class DigestPlan {
    let table: TableKey
    /// The three that every event has, then one for each payload column.
    private(set) var fields: [DigestField] = [.simTime, .tags, .rest]
    static let simTime = 0
    static let tags = 1
    static let rest = 2
    private static let common = 3
    /// Which payload columns tell rows of one frame apart, in order of definition.
    let keyColumns: [Int]
    let keys: [String]
    let isDigested: Bool

    /// - Parameters:
    ///   - columns: of an engine's definition; empty for JSON.
    ///   - definition: its fields.
    init(_ table: TableKey, columns: [PayloadColumn], definition: [Field]) {
        self.table = table
        isDigested = DigestField.isDigested(table.type)
        let paths = columns.map { PayloadColumnName($0.layout.name)?.fullPath ?? $0.layout.name }
        fields += paths.map { path in
            DigestField.payload(path, of: table.type, definition.first { Self.isOf(path, $0.name.text) })
        }
        // Of a payload that is kept as text, what is measured is part of the text.
        if definition.contains(where: \.isMeasured) || Field.hasMeasured(table.type) {
            fields[Self.rest] = DigestField("rest", flags: .measured)
        }
        keyColumns = definition.filter(\.isKey).flatMap { field in paths.indices.filter { Self.isOf(paths[$0], field.name.text) }
        }
        keys = keyColumns.map { "payload." + paths[$0] }
    }

    /// `gear[2]` is one of `gear`.
    private static func isOf(_ path: String, _ field: String) -> Bool {
        path.utf8.elementsEqual(field.utf8)
            || (path.utf8.starts(with: field.utf8) && path.utf8.dropFirst(field.utf8.count).first == UInt8(ascii: "["))
    }

    /// JSON payloads have brought further numbers.
    func grow(to paths: Int, path: (Int) -> String) {
        for index in fields.count - Self.common..<max(paths, fields.count - Self.common) {
            fields.append(DigestField.payload(path(index), of: table.type, nil))
        }
    }

    static func field(ofColumn index: Int) -> Int { common + index }
}

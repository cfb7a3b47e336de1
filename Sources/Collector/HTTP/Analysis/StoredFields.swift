/// The answer of GET /api/analysis/fields: what a run has values of, from the columns of its types' tables and from the payloads that are
/// kept as text.
import Foundation
import TeltelAnalysis
import TeltelEvents
import TeltelStorage

/// One line of the answer.
struct StoredField: Encodable {
    let channel, type, field: String
    /// ClickHouse's.
    let kind: String
}

struct StoredFields {
    /// As many elements of an array as the live stream has.
    private static let elementsMax = PayloadParser.fieldsMax

    /// By bytes: names are compared as the database does.
    private struct Place: Hashable {
        let channel, type, field: [UInt8]
    }
    private var kinds: [Place: String] = [:]
    private let parser = PayloadParser(fieldsMax: 65_536)

    var lines: [StoredField] {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return kinds.sorted {
            $0.key.channel != $1.key.channel
                ? $0.key.channel.lexicographicallyPrecedes($1.key.channel)
                : $0.key.type != $1.key.type
                    ? $0.key.type.lexicographicallyPrecedes($1.key.type) : $0.key.field.lexicographicallyPrecedes($1.key.field)
        }.map { StoredField(channel: text($0.key.channel), type: text($0.key.type), field: text($0.key.field), kind: $0.value) }
    }

    /// A row of `FieldsQuestion.columns`.
    struct Present: Decodable {
        let place: Int
        let present: [Int]
    }

    mutating func add(_ row: Present, of tables: [StoredTable]) {
        let table = tables[row.place]
        guard let channel = table.channel, let type = table.type else { return }
        for (column, count) in zip(table.columns, row.present) where count > 0 && (column.isNumber || column.isText) {
            if column.isArray {
                for element in 0..<min(count, Self.elementsMax) {
                    note(channel.text, type.text, "\(column.path)[\(element)]", column.inner)
                }
            } else {
                note(channel.text, type.text, column.path, column.inner)
            }
        }
    }

    /// A path that came with several kinds is there once: as a number if there is one, as a double if that is one.
    private mutating func note(_ channel: String, _ type: String, _ field: String, _ kind: String) {
        let name = Place(channel: Array(channel.utf8), type: Array(type.utf8), field: Array(field.utf8))
        if kinds[name] == nil || kinds[name] == "String" || kind == "Float64" { kinds[name] = kind }
    }

    /// A row of `FieldsQuestion.texts`.
    struct Payload: Decodable {
        let channel, type, text: String
    }

    /// - Parameter kindOf: the kind of an engine's field that has no column, by its name; nil: not an engine's.
    mutating func add(_ row: Payload, kindOf: (String) -> String?) {
        let (channel, type) = (Array(row.channel.utf8), Array(row.type.utf8))
        var found: [(name: Place, isText: Bool)] = []
        Array(row.text.utf8).withUnsafeBytes { text in
            parser.read(text) { _, path, _ in found.append((Place(channel: channel, type: type, field: Array(path)), false)) }
            parser.readTexts(text) { _, path, _ in found.append((Place(channel: channel, type: type, field: Array(path)), true)) }
        }
        for (name, isText) in found where kinds[name] == nil || (kinds[name] == "String" && !isText) {
            kinds[name] = isText ? "String" : kindOf(String(decoding: name.field, as: UTF8.self)) ?? "Float64"
        }
    }
}

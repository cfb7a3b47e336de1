/// What the columns of one event type are: announced to the client before the first block that has them.
import TeltelEvents

/// One column of a block.
struct ColumnField: Sendable, Equatable {
    let name: Name
    let kind: FieldKind
    /// Elements per row.
    let count: Int
    let unit: String
    let labels: [String]
    let isKey, isInput, isMeasured: Bool
    /// Byte offset in a record; -1: a number to be looked up in JSON, which may be missing in a row.
    let offset: Int
    var isOptional: Bool { offset < 0 }
    var rowBytes: Int { kind.size * count }
}

/// One event type of one run and source, as one client gets it.
struct ColumnSchema: Sendable {
    let id: UInt32
    let run: RunKey
    let schema: EventSchema
    private(set) var fields: [ColumnField]
    var keys: [Int] { fields.indices.filter { fields[$0].isKey } }

    /// The fields of a record that are wanted (nil: all) and are numbers; those that tell instances apart are always there.
    init(id: UInt32, run: RunKey, schema: EventSchema, wanted: [Name]?) {
        self.id = id
        self.run = run
        self.schema = schema
        let names = wanted.map(Set.init)
        switch schema.encoding {
        case .record:
            fields = schema.fields.filter { $0.kind != .text && ($0.isKey || names?.contains($0.name) ?? true) }.map {
                ColumnField(
                    name: $0.name, kind: $0.kind, count: $0.count, unit: $0.unit, labels: $0.labels, isKey: $0.isKey,
                    isInput: $0.isInput, isMeasured: $0.isMeasured, offset: $0.offset)
            }
        case .json, .ingest: fields = (wanted ?? []).map { Self.number($0, of: schema.type) }
        }
    }

    /// The same with further numbers that were found in JSON.
    func grown(id: UInt32, by names: [Name]) -> ColumnSchema {
        var grown = ColumnSchema(id: id, run: run, schema: schema, wanted: [])
        grown.fields = fields + names.map { Self.number($0, of: schema.type) }
        return grown
    }

    private static func number(_ name: Name, of type: Name) -> ColumnField {
        ColumnField(
            name: name, kind: .f64, count: 1, unit: "", labels: [], isKey: false, isInput: false,
            isMeasured: Field.isAlwaysMeasured(name, of: type), offset: -1)
    }

    /// The announcement, as a whole frame.
    var announcement: [UInt8] {
        var text: [UInt8] = []
        JSONText.append("{\"schema\":{\"id\":", to: &text)
        JSONText.append(id, to: &text)
        for (name, value) in [
            ("runId", run.runID), ("sourceId", run.sourceID), ("channel", schema.channel), ("type", schema.type),
        ] {
            text.append(contentsOf: ",\"\(name)\":".utf8)
            JSONText.appendString(value, to: &text)
        }
        JSONText.append(",\"fields\":[", to: &text)
        for (index, field) in fields.enumerated() {
            if index > 0 { JSONText.append(",", to: &text) }
            Self.append(field, to: &text)
        }
        JSONText.append("]}}\n", to: &text)
        var out: [UInt8] = []
        MessageFrame.appendHead(.text, count: text.count, to: &out)
        return out + text
    }

    private static func append(_ field: ColumnField, to text: inout [UInt8]) {
        JSONText.append("{\"name\":", to: &text)
        JSONText.appendString(field.name, to: &text)
        text.append(contentsOf: ",\"kind\":\"\(field.kind.name)\",\"count\":\(field.count)".utf8)
        for (name, value) in [
            ("key", field.isKey), ("input", field.isInput), ("measured", field.isMeasured), ("optional", field.isOptional),
        ] {
            text.append(contentsOf: ",\"\(name)\":\(value)".utf8)
        }
        JSONText.append(",\"unit\":", to: &text)
        JSONText.appendString(field.unit, to: &text)
        JSONText.append(",\"labels\":[", to: &text)
        for (index, label) in field.labels.enumerated() {
            if index > 0 { JSONText.append(",", to: &text) }
            JSONText.appendString(label, to: &text)
        }
        JSONText.append("]}", to: &text)
    }
}

/// The newest texts of event types, beside the columns, which are numbers. Format: docs/live-protocol.md.
import Foundation
import TeltelBus
import TeltelEvents

enum ColumnTexts {
    /// More instances of a type than this in one message are a crowd.
    private static let keysMax = 256

    /// A text message with the newest row of each instance, as a whole frame; nil if no row has such a text.
    static func message(_ parts: [Delivery.Part], _ request: TextRequest) -> [UInt8]? {
        guard let first = parts.first?.batch else { return nil }
        let declared = first.schema.fields.filter(\.isKey).map(\.name)
        let keys = (declared.isEmpty ? request.keys ?? [] : declared).map(path)
        let wanted = request.fields.map { (name: $0, path: path($0)) }
        var rows: [[UInt8]] = []
        var seen: Set<Name> = []
        newestFirst(parts) { batch, row in
            var payload: [UInt8] = []
            batch.appendPayload(row, to: &payload)
            guard let json = try? JSONSerialization.jsonObject(with: Data(payload)) else { return true }
            let key = keys.map { word(leaf(json, $0)) }.joined(separator: ",")
            guard !seen.contains(Name(key)) else { return true }
            let values = wanted.compactMap { field in (leaf(json, field.path) as? String).map { (field.name, $0) } }
            // One that lacks all of them says nothing about them: an earlier one may.
            if values.isEmpty { return true }
            seen.insert(Name(key))
            rows.append(encoded(key, batch, row, values))
            // Without keys there is one newest row.
            return !keys.isEmpty && seen.count < keysMax
        }
        guard !rows.isEmpty else { return nil }
        var text: [UInt8] = []
        JSONText.append("{\"texts\":{\"runId\":", to: &text)
        JSONText.appendString(first.run.runID, to: &text)
        for (name, value) in [
            ("sourceId", first.run.sourceID), ("channel", first.schema.channel), ("type", first.schema.type),
        ] {
            text.append(contentsOf: ",\"\(name)\":".utf8)
            JSONText.appendString(value, to: &text)
        }
        JSONText.append(",\"rows\":[", to: &text)
        text += rows.joined(separator: [UInt8(ascii: ",")])
        JSONText.append("]}}\n", to: &text)
        var out: [UInt8] = []
        MessageFrame.appendHead(.text, count: text.count, to: &out)
        return out + text
    }

    /// Until `body` says that it has enough. So many rows at most: texts that seldom come must not make each message dear.
    private static func newestFirst(_ parts: [Delivery.Part], _ body: (Batch, Int) -> Bool) {
        var left = rowsMax
        for part in parts.reversed() {
            for row in (part.rows ?? Array(0..<part.batch.count)).reversed() {
                if left == 0 || !body(part.batch, row) { return }
                left -= 1
            }
        }
    }
    private static let rowsMax = 128

    private static func encoded(_ key: String, _ batch: Batch, _ row: Int, _ values: [(Name, String)]) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append("{\"key\":", to: &out)
        JSONText.appendString(key, to: &out)
        JSONText.append(",\"frame\":", to: &out)
        JSONText.append(batch.frame(row), to: &out)
        JSONText.append(",\"simTime\":", to: &out)
        JSONText.append(batch.simTime(row), to: &out)
        JSONText.append(",\"values\":{", to: &out)
        for (index, (name, value)) in values.enumerated() {
            if index > 0 { JSONText.append(",", to: &out) }
            JSONText.appendString(name, to: &out)
            JSONText.append(":", to: &out)
            JSONText.appendString(value, to: &out)
        }
        JSONText.append("}}", to: &out)
        return out
    }

    private static func path(_ name: Name) -> [String] {
        name.split(at: ".", keepsEmpty: true).map(\.text)
    }

    private static func leaf(_ json: Any, _ path: [String]) -> Any? {
        path.reduce(json as Any?) { value, name in (value as? [String: Any])?[name] }
    }

    /// A key's value as it stands in storage.
    private static func word(_ value: Any?) -> String {
        switch value {
        case let text as String: text
        case let number as NSNumber: truth(number) ?? number.stringValue
        default: ""
        }
    }

    /// `true` and `false` are numbers to Foundation.
    private static func truth(_ number: NSNumber) -> String? {
        String(cString: number.objCType) == "c" ? (number.boolValue ? "true" : "false") : nil
    }
}

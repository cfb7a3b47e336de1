/// One event as a line for people.
import Foundation

enum EventLine {
    /// Frame, simulated time, type and all values.
    static func all(_ event: TailedEvent) -> String {
        let values = (event.payload ?? .null).leaves("").map { "\($0.path)=\($0.text)" }.joined(separator: " ")
        return Terminal.printable("\(event.frameIndex ?? 0)\t\(time(event))\t\(event.type ?? "")\t\(values)")
    }

    /// The chosen values of an event, in columns; nil: it has none of them.
    static func chosen(_ event: TailedEvent, _ fields: [String]) -> String? {
        let values = Dictionary((event.payload ?? .null).leaves("").map { ($0.path, $0.text) }) { first, _ in first }
        guard fields.contains(where: { values[$0] != nil }) else { return nil }
        return columns(String(event.frameIndex ?? 0), time(event), zip(fields, fields.map { values[$0] ?? "-" }))
    }
    static func head(_ fields: [String]) -> String { columns("FRAME", "TIME", zip(fields, fields)) }

    private static func columns(_ frame: String, _ time: String, _ values: Zip2Sequence<[String], [String]>) -> String {
        func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
        let cells = [right(frame, 10), right(time, 12)] + values.map { field, text in right(text, max(14, field.count)) }
        return Terminal.printable(cells.joined(separator: "  "))
    }

    private static func time(_ event: TailedEvent) -> String {
        switch event.simTime {
        case .number(let time): String(format: "%.4f", time)
        case .text(let text): text
        default: ""
        }
    }
}

/// What the stream's messages say: an event, or a notice about the stream.
struct TailedEvent: Decodable {
    let type: String?
    let frameIndex: UInt64?
    let simTime, payload: JSONValue?
    let notice: String?
    let count: UInt64?
}

/// Any JSON. Numbers are exact: whole ones to 64 bits, others as doubles.
enum JSONValue: Decodable {
    case null
    case bool(Bool)
    case number(Double)
    /// Beyond what a double holds exactly.
    case large(String)
    case text(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        // Each of them is tried: what it is not is no error.
        if value.decodeNil() {
            self = .null
        } else if let number = try? value.decode(Double.self) {
            let large =
                abs(number) < 0x1p53
                ? nil : (try? value.decode(UInt64.self)).map { "\($0)" } ?? (try? value.decode(Int64.self)).map { "\($0)" }
            self = large.map(JSONValue.large) ?? .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let object = try? value.decode([String: JSONValue].self) {
            self = .object(object)
        } else if let array = try? value.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .bool(try value.decode(Bool.self))
        }
    }

    func leaves(_ path: String) -> [(path: String, text: String)] {
        switch self {
        case .object(let object):
            object.sorted { $0.key < $1.key }.flatMap { $0.value.leaves(path.isEmpty ? $0.key : "\(path).\($0.key)") }
        case .array(let array): array.enumerated().flatMap { $0.element.leaves("\(path)[\($0.offset)]") }
        case .null: path.isEmpty ? [] : [(path, "null")]
        case .bool(let value): [(path, "\(value)")]
        case .number(let number): [(path, Self.shortest(number))]
        case .large(let text), .text(let text): [(path, text)]
        }
    }

    /// As few digits as it takes to get the same number back; of one that a 32-bit float holds, as few as that takes.
    static func shortest(_ number: Double) -> String {
        let single = Float(number)
        let text = Double(single) == number ? single.description : number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

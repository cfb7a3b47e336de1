/// One value of one event, with its bits.
import TeltelEvents

/// What a field of a row holds.
package enum CellValue: Hashable, Sendable {
    case null
    case float64(bits: UInt64)
    case float32(bits: UInt32)
    case integer(Int64)
    case unsigned(UInt64)
    case bool(Bool)
    /// Of tags and payloads kept as text, too: as the database writes it.
    case text(String)
    case array([CellValue])
    /// In a payload that is kept as text: null, and objects and arrays that are empty. No text looks like them.
    case json(String)

    /// By bits: texts that only look alike are different.
    package static func == (a: CellValue, b: CellValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.float64(let x), .float64(let y)): x == y
        case (.float32(let x), .float32(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.unsigned(let x), .unsigned(let y)): x == y
        case (.bool(let x), .bool(let y)): x == y
        case (.text(let x), .text(let y)): x.utf8.elementsEqual(y.utf8)
        case (.array(let x), .array(let y)): x == y
        case (.json(let x), .json(let y)): x == y
        default: false
        }
    }
    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .float64(let bits): hasher.combine(bits)
        case .float32(let bits): hasher.combine(bits)
        case .integer(let value): hasher.combine(value)
        case .unsigned(let value): hasher.combine(value)
        case .bool(let value): hasher.combine(value)
        case .text(let text): for byte in text.utf8 { hasher.combine(byte) }
        case .array(let elements): hasher.combine(elements)
        case .json(let text): hasher.combine(text)
        }
    }

    /// What `StreamRows` reads of a column as text: floats are their bits.
    package init?(_ text: String?, type: String) {
        guard let text else {
            self = .null
            return
        }
        if type.hasPrefix("Array("), text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(type.dropFirst("Array(".count).dropLast())
            let elements = text.dropFirst().dropLast().split(separator: ",").map { CellValue(String($0), type: inner) }
            guard !elements.contains(nil) else { return nil }
            // An array without elements is one that is not there: digests add nothing for it.
            self = elements.isEmpty ? .null : .array(elements.compactMap(\.self))
            return
        }
        let read: CellValue? =
            switch type {
            case "Float64": UInt64(text).map { .float64(bits: $0) }
            case "Float32": UInt32(text).map { .float32(bits: $0) }
            case "Int8", "Int16", "Int32", "Int64": Int64(text).map { .integer($0) }
            case "UInt8", "UInt16", "UInt32", "UInt64": UInt64(text).map { .unsigned($0) }
            case "Bool": text == "1" ? .bool(true) : text == "0" ? .bool(false) : nil
            default: .text(text)
            }
        guard let read else { return nil }
        self = read
    }

    /// A number as the nearest double; nil for what is none.
    package var number: Double? {
        switch self {
        case .float64(let bits): Double(bitPattern: bits)
        case .float32(let bits): Double(Float(bitPattern: bits))
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .null, .bool, .text, .array, .json: nil
        }
    }
    package var isFloat: Bool {
        switch self {
        case .float64, .float32: true
        default: false
        }
    }

    /// The shortest text that reads back as the same value; "NaN", "Infinity" and "-Infinity" as everywhere in the API.
    package var words: String {
        switch self {
        case .null: "null"
        case .float64(let bits): Self.words(Double(bitPattern: bits)) { "\($0)" }
        case .float32(let bits): Self.words(Float(bitPattern: bits)) { "\($0)" }
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .text(let text), .json(let text): text
        case .array(let elements): "[\(elements.map(\.words).joined(separator: ", "))]"
        }
    }
    private static func words<F: BinaryFloatingPoint>(_ value: F, _ plain: (F) -> String) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        let text = plain(value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
    /// The bits of a float, or of floats in an array, in hexadecimal digits; nil for what shows all of itself.
    package var bits: String? {
        switch self {
        case .float64(let bits): Self.hex(bits, digits: 16)
        case .float32(let bits): Self.hex(UInt64(bits), digits: 8)
        case .array(let elements) where elements.contains(where: \.isFloat):
            "[\(elements.map { $0.bits ?? $0.words }.joined(separator: ", "))]"
        default: nil
        }
    }
    private static func hex(_ bits: UInt64, digits: Int) -> String {
        let text = String(bits, radix: 16)
        return "0x" + String(repeating: "0", count: digits - text.utf8.count) + text
    }
}

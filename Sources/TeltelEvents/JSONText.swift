/// Writing JSON text into byte arrays: the few forms that are written once per event. (Reading JSON is simdjson's work.)
import CTeltelJSON

package enum JSONText {
    package static func append(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    package static func appendString(_ name: Name, to out: inout [UInt8]) { appendString(name.text, to: &out) }

    package static func appendString(_ text: String, to out: inout [UInt8]) {
        var text = text
        text.withUTF8 { appendString(utf8: UnsafeRawBufferPointer($0), to: &out) }
    }

    /// Bytes as a JSON string. `< > &` are escaped too, as the contract's event stream does; bytes that are no UTF-8 become U+FFFD.
    package static func appendString(utf8 bytes: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x80 && !needsEscape($0) }) {
            out.append(contentsOf: bytes)
        } else {
            for byte in String(decoding: bytes, as: UTF8.self).utf8 { appendEscaped(byte, to: &out) }
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x22, 0x5C, 0x3C, 0x3E, 0x26: true
        default: false
        }
    }

    private static func appendEscaped(_ byte: UInt8, to out: inout [UInt8]) {
        switch byte {
        case 0x22: append("\\\"", to: &out)
        case 0x5C: append("\\\\", to: &out)
        case 0x0A: append("\\n", to: &out)
        case 0x0D: append("\\r", to: &out)
        case 0x09: append("\\t", to: &out)
        case 0..<0x20, 0x3C, 0x3E, 0x26:
            append("\\u00", to: &out)
            let digits = Array("0123456789abcdef".utf8)
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        default: out.append(byte)
        }
    }

    /// Integers of up to 64 bits.
    package static func append<Value: FixedWidthInteger>(_ value: Value, to out: inout [UInt8]) {
        appendNumber(to: &out) { Value.isSigned ? teltel_text_i64(Int64(value), $0) : teltel_text_u64(UInt64(value), $0) }
    }

    /// The shortest text that reads back to the same number; "NaN", "Infinity" and "-Infinity" as strings.
    package static func append(_ value: Double, to out: inout [UInt8]) {
        if value.isFinite {
            appendNumber(to: &out) { teltel_text_f64(value, $0) }
        } else {
            append(value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"", to: &out)
        }
    }
    package static func append(_ value: Float, to out: inout [UInt8]) {
        if value.isFinite { appendNumber(to: &out) { teltel_text_f32(value, $0) } } else { append(Double(value), to: &out) }
    }

    private static func appendNumber(to out: inout [UInt8], _ write: (UnsafeMutablePointer<CChar>) -> Int) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(TELTEL_NUMBER_TEXT_MAX)) { room in
            // SAFETY: `room` has a base address, and `write` fills no more than its capacity.
            let count = write(room.baseAddress.unsafelyUnwrapped)
            out.append(contentsOf: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
        }
    }

    /// JSON text without insignificant whitespace and with `< > &` escaped, number spelling kept (contract §2).
    /// The text must be valid JSON: only strings are told from the rest.
    package static func appendCompact(_ json: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        if isCompact(json) { return out.append(contentsOf: json) }
        var inString = false
        var escaped = false
        // What stays as it is goes over in one piece.
        var begin = 0
        func pass(_ index: Int) {
            out.append(contentsOf: UnsafeRawBufferPointer(rebasing: json[begin..<index]))
            begin = index + 1
        }
        for (index, byte) in json.enumerated() {
            if inString {
                if escaped { escaped = false } else if byte == 0x5C { escaped = true } else if byte == 0x22 { inString = false }
                if byte == 0x3C || byte == 0x3E || byte == 0x26 {
                    pass(index)
                    appendEscaped(byte, to: &out)
                }
            } else if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                pass(index)
            } else if byte == 0x22 {
                inString = true
            }
        }
        pass(json.count)
    }

    /// No byte that could have to go. A loop without branches: several bytes at a time.
    private static func isCompact(_ json: UnsafeRawBufferPointer) -> Bool {
        var found: UInt8 = 0
        for byte in json {
            // 0x3C and 0x3E differ in one bit.
            found |= (byte <= 0x20 ? 1 : 0) | (byte | 2 == 0x3E ? 1 : 0) | (byte == 0x26 ? 1 : 0)
        }
        return found == 0
    }
}

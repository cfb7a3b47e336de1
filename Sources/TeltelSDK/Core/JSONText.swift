// The little JSON that the library writes itself (run.start, run.end), and the check of the engine's own configuration.
import CTeltel

/// Builds a JSON object's text byte by byte.
struct JSONWriter {
    private(set) var text: [UInt8] = []

    mutating func raw(_ part: StaticString) { part.withUTF8Buffer { text.append(contentsOf: $0) } }
    mutating func raw(_ part: UnsafeRawBufferPointer) { text.append(contentsOf: part) }

    mutating func number(_ value: UInt64) {
        var digits: [UInt8] = []
        var rest = value
        repeat {
            digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        text.append(contentsOf: digits.reversed())
    }

    /// Escaped; bytes that are not UTF-8 become "?".
    mutating func string(_ content: UnsafeRawBufferPointer) {
        text.append(UInt8(ascii: "\""))
        var at = 0
        while at < content.count {
            let length = UTF8Check.characterLength(content, at)
            if length == 1 {
                escaped(content[at])
            } else if length == 0 {
                text.append(UInt8(ascii: "?"))
            } else {
                text.append(contentsOf: UnsafeRawBufferPointer(rebasing: content[at..<at + length]))
            }
            at += max(length, 1)
        }
        text.append(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            text.append(UInt8(ascii: "\\"))
            text.append(byte)
        case 0..<0x20:
            raw("\\u00")
            text.append(UInt8(ascii: "0") + byte >> 4)
            let low = byte & 15
            text.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        default: text.append(byte)
        }
    }
}

/// Says whether a text is one JSON object. No recursion: nesting is kept in a list of bits and limited.
struct JSONCheck {
    static let depthMax = 512
    private let text: UnsafeRawBufferPointer
    private var at = 0
    private var isObject: [Bool] = []

    static func isObject(_ text: UnsafeRawBufferPointer) -> Bool {
        guard UTF8Check.isValid(text) else { return false }
        var check = JSONCheck(text: text)
        return check.run()
    }

    private init(text: UnsafeRawBufferPointer) { self.text = text }

    private mutating func run() -> Bool {
        guard next() == UInt8(ascii: "{"), value() else { return false }
        while let inObject = isObject.last {
            let byte = next()
            if byte == UInt8(ascii: ",") {
                at += 1
                guard inObject ? member() : value() else { return false }
            } else if byte == (inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                at += 1
                isObject.removeLast()
            } else {
                return false
            }
        }
        return next() == nil
    }

    /// The next byte that is no white space.
    private mutating func next() -> UInt8? {
        while at < text.count {
            switch text[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return text[at]
            }
        }
        return nil
    }

    /// A value, or the opening of a container together with its first element.
    private mutating func value() -> Bool {
        while true {
            switch next() {
            case UInt8(ascii: "{"):
                guard open(object: true) else { return false }
                if next() == UInt8(ascii: "}") { return true }
                return member()
            case UInt8(ascii: "["):
                guard open(object: false) else { return false }
                if next() == UInt8(ascii: "]") { return true }
                continue
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: "t"): return word("true")
            case UInt8(ascii: "f"): return word("false")
            case UInt8(ascii: "n"): return word("null")
            default: return number()
            }
        }
    }

    private mutating func open(object: Bool) -> Bool {
        at += 1
        isObject.append(object)
        return isObject.count <= Self.depthMax
    }

    private mutating func member() -> Bool {
        guard next() == UInt8(ascii: "\""), string(), next() == UInt8(ascii: ":") else { return false }
        at += 1
        return value()
    }

    private mutating func string() -> Bool {
        at += 1
        while at < text.count {
            let byte = text[at]
            at += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte < 0x20 { return false }
            if byte == UInt8(ascii: "\\"), !escape() { return false }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard at < text.count else { return false }
        let byte = text[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        case UInt8(ascii: "u"):
            guard at + 4 <= text.count else { return false }
            for _ in 0..<4 {
                switch text[at] {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66: at += 1
                default: return false
                }
            }
            return true
        default: return false
        }
    }

    private mutating func word(_ expected: StaticString) -> Bool {
        let length = expected.utf8CodeUnitCount
        guard at + length <= text.count else { return false }
        let part = UnsafeRawBufferPointer(rebasing: text[at..<at + length])
        at += length
        return expected.withUTF8Buffer { $0.elementsEqual(part) }
    }

    private mutating func number() -> Bool {
        if at < text.count, text[at] == UInt8(ascii: "-") { at += 1 }
        let whole = at
        guard digits() else { return false }
        if text[whole] == UInt8(ascii: "0"), at > whole + 1 { return false }
        if at < text.count, text[at] == UInt8(ascii: ".") {
            at += 1
            guard digits() else { return false }
        }
        if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
            guard digits() else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = at
        while at < text.count, text[at] >= 0x30, text[at] <= 0x39 { at += 1 }
        return at > start
    }
}

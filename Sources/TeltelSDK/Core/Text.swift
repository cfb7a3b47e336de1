// Text from the engine: C strings in, checked for length and UTF-8, written into tables, headers and JSON.
import CTeltel

/// The bytes of a C string without its NUL; nil is the empty text. SAFETY: valid while the caller's string is.
func cStringBytes(_ text: UnsafePointer<CChar>?) -> UnsafeRawBufferPointer {
    guard let text else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: text, count: Int(strlen(text)))
}

/// The same of a field of `limit` bytes in shared memory, whose NUL somebody may have overwritten.
func cStringBytes(_ text: UnsafePointer<CChar>?, limit: Int) -> UnsafeRawBufferPointer {
    guard let text else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: text, count: Int(strnlen(text, limit)))
}

func sameText(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    left.count == right.count && left.elementsEqual(right)
}

/// UTF-8 of at most `limit` bytes; empty text passes.
func isText(_ text: UnsafePointer<CChar>?, limit: Int = Int(TELTEL_MAX_NAME_BYTES)) -> Bool {
    let content = cStringBytes(text)
    return content.count <= limit && UTF8Check.isValid(content)
}

/// Copies as many whole characters as fit and ends them with NUL. SAFETY: `out` has room for `capacity` bytes.
func copyText(_ text: UnsafePointer<CChar>?, to out: UnsafeMutablePointer<CChar>, capacity: Int) {
    copyText(cStringBytes(text), to: out, capacity: capacity)
}
func copyText(_ content: UnsafeRawBufferPointer, to out: UnsafeMutablePointer<CChar>, capacity: Int) {
    var length = min(content.count, capacity - 1)
    if length < content.count {
        while length > 0, content[length] & 0xC0 == 0x80 { length -= 1 }
    }
    if length > 0, let start = content.baseAddress { memcpy(out, start, length) }
    out[length] = 0
}

enum UTF8Check {
    static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at < text.count {
            let length = characterLength(text, at)
            guard length > 0 else { return false }
            at += length
        }
        return true
    }

    /// Bytes of the character at `at`; 0 if it is overlong, a surrogate, cut off, beyond U+10FFFF or no start.
    static func characterLength(_ text: UnsafeRawBufferPointer, _ at: Int) -> Int {
        let first = text[at]
        if first < 0x80 { return 1 }
        let (length, low, high): (Int, UInt8, UInt8)
        switch first {
        case 0xC2...0xDF: (length, low, high) = (2, 0x80, 0xBF)
        case 0xE0: (length, low, high) = (3, 0xA0, 0xBF)
        case 0xED: (length, low, high) = (3, 0x80, 0x9F)
        case 0xE1...0xEF: (length, low, high) = (3, 0x80, 0xBF)
        case 0xF0: (length, low, high) = (4, 0x90, 0xBF)
        case 0xF1...0xF3: (length, low, high) = (4, 0x80, 0xBF)
        case 0xF4: (length, low, high) = (4, 0x80, 0x8F)
        default: return 0
        }
        guard at + length <= text.count, text[at + 1] >= low, text[at + 1] <= high else { return 0 }
        for i in 2..<max(length, 2) where text[at + i] & 0xC0 != 0x80 { return 0 }
        return length
    }
}

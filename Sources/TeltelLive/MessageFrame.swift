/// WebSocket framing of what a server sends.

/// The head of a WebSocket message that is one frame, from a server (RFC 6455 §5.2).
package enum MessageFrame {
    package enum Kind: UInt8 { case text = 0x81, binary = 0x82 }

    package static func appendHead(_ kind: Kind, count: Int, to out: inout [UInt8]) {
        out.append(kind.rawValue)
        switch count {
        case ..<126: out.append(UInt8(count))
        case ..<65_536:
            out.append(126)
            for shift in [8, 0] { out.append(UInt8(truncatingIfNeeded: count >> shift)) }
        default:
            out.append(127)
            for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: count >> shift)) }
        }
    }

    /// Room for the head of most messages; `setHead` must follow.
    static func appendUsualHead(to out: inout [UInt8]) { for _ in 0..<usualHeadBytes { out.append(0) } }
    private static let usualHeadBytes = 4

    /// The message that began with `appendUsualHead` is whole.
    static func setHead(_ kind: Kind, of out: inout [UInt8], from begin: Int) {
        let count = out.count - begin - usualHeadBytes
        if (126..<65_536).contains(count) {
            (out[begin], out[begin + 1]) = (kind.rawValue, 126)
            (out[begin + 2], out[begin + 3]) = (UInt8(count >> 8), UInt8(truncatingIfNeeded: count))
        } else {
            var head: [UInt8] = []
            appendHead(kind, count: count, to: &head)
            out.replaceSubrange(begin..<begin + usualHeadBytes, with: head)
        }
    }

    /// Bytes of a head whose second byte is `length`.
    static func headBytes(after length: UInt8) -> Int { length < 126 ? 2 : length == 126 ? 4 : 10 }
}

/// The head of a request that was let in, to be compared with the bytes of the next one.
import NIOCore

/// Equal bytes get an equal verdict, so they need not be read as HTTP again. Only the number in Content-Length may differ.
struct RepeatedHead {
    enum Match {
        /// The whole request: so many bytes of head, then so many of body.
        case whole(head: Int, body: Int)
        case no
    }
    static let longestBody = 64 << 10

    /// Up to the first digit of Content-Length, and behind its last one.
    private let before, behind: [UInt8]

    /// nil: there is not exactly one Content-Length, written as a plain number.
    init?(_ head: ByteBufferView) {
        let name = Array("\r\ncontent-length:".utf8)
        var found: Int?
        for start in head.indices.dropLast(name.count) where head[start] == name[0] {
            guard zip(head[start...], name).allSatisfy({ Self.lowercased($0) == $1 }) else { continue }
            if found != nil { return nil }
            found = start + name.count
        }
        guard let found else { return nil }
        let digits = head[found...].drop { $0 == UInt8(ascii: " ") }.prefix(while: Self.isDigit)
        guard !digits.isEmpty else { return nil }
        before = Array(head[..<digits.startIndex])
        behind = Array(head[digits.endIndex...])
    }

    /// Whether a whole request with this head stands at the start of `bytes`.
    func match(_ bytes: ByteBuffer) -> Match {
        bytes.withUnsafeReadableBytes { bytes in
            guard Self.has(bytes, before, at: 0) else { return .no }
            var (at, length) = (before.count, 0)
            while at < bytes.count, Self.isDigit(bytes[at]), length <= Self.longestBody {
                length = length * 10 + Int(bytes[at] - UInt8(ascii: "0"))
                at += 1
            }
            // Without a leading zero, as numbers are written.
            guard at > before.count, bytes[before.count] != UInt8(ascii: "0"), length <= Self.longestBody,
                Self.has(bytes, behind, at: at), bytes.count - at - behind.count >= length
            else { return .no }
            return .whole(head: at + behind.count, body: length)
        }
    }

    private static func has(_ bytes: UnsafeRawBufferPointer, _ part: [UInt8], at offset: Int) -> Bool {
        bytes.count - offset >= part.count
            && part.withUnsafeBytes { part in
                bytes[offset..<offset + part.count].elementsEqual(part)
            }
    }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}

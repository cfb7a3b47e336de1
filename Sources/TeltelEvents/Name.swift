/// What tells the things of a run apart.
import Glibc

/// A name that somebody gave: of a run, a source, a channel, a type, a field, a tag. Names are their bytes.
///
/// Swift compares strings by canonical equivalence: to it "é" in one character and in two, or the ohm sign and a Greek omega, are the
/// same text. To JSON, SQL, files and the page they are not, and to somebody who sends both they are two names. Whatever tells names
/// apart, or looks something up by one, uses this type and never `String`.
package struct Name: Sendable {
    package let text: String
    package init(_ text: String) { self.text = text }
    package init(_ text: Substring) { self.text = String(text) }

    package static let empty = Name("")
    /// The two types that mean something to the collector (contract §3).
    package static let runStart = Name("run.start")
    package static let runEnd = Name("run.end")
    package var isEmpty: Bool { text.isEmpty }
    package var utf8: String.UTF8View { text.utf8 }

    package func hasPrefix(_ prefix: Name) -> Bool { text.utf8.starts(with: prefix.text.utf8) }

    /// The name with "~2" or another number behind it. What would be longer than a name may be loses its end before.
    package func numbered(_ number: Int) -> Name {
        let suffix = "~\(number)"
        var scalars = text.unicodeScalars
        var bytes = text.utf8.count
        while bytes + suffix.utf8.count > Self.bytesMax, let last = scalars.popLast() { bytes -= UTF8.width(last) }
        return Name(String(scalars) + suffix)
    }
    private static let bytesMax = 255

    /// The parts between these characters: a dotted name's path. By bytes: to `String` a dot with a combining accent behind it is
    /// another character.
    package func split(at separator: Unicode.Scalar, keepsEmpty: Bool = false) -> [Name] {
        text.utf8.split(separator: UInt8(ascii: separator), omittingEmptySubsequences: !keepsEmpty).map { Name(Substring($0)) }
    }
}

extension Name: Hashable, Comparable {
    package static func == (a: Name, b: Name) -> Bool {
        a.text.utf8.count == b.text.utf8.count && compare(a, b) == 0
    }
    package static func < (a: Name, b: Name) -> Bool {
        let order = compare(a, b)
        return order != 0 ? order < 0 : a.text.utf8.count < b.text.utf8.count
    }

    /// Of the bytes that both have.
    private static func compare(_ a: Name, _ b: Name) -> Int32 {
        // All strings of Linux lend their bytes.
        a.text.utf8.withContiguousStorageIfAvailable { mine in
            b.text.utf8.withContiguousStorageIfAvailable { theirs in
                // SAFETY: `memcmp` reads no more than the shorter one has; of an empty one, whose address may be nil, nothing.
                let count = min(mine.count, theirs.count)
                return count == 0 ? 0 : memcmp(mine.baseAddress.unsafelyUnwrapped, theirs.baseAddress.unsafelyUnwrapped, count)
            } ?? 0
        } ?? 0
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // A name that goes on is another one when several are hashed behind each other.
        hasher.combine(0xFF as UInt8)
    }
}

extension Name: CustomStringConvertible, ExpressibleByStringLiteral {
    package var description: String { text }
    package init(stringLiteral text: String) { self.text = text }
}

/// As a text; as keys of a dictionary they make an object.
extension Name: Codable, CodingKeyRepresentable {
    private struct Key: CodingKey {
        let stringValue: String
        init(stringValue: String) { self.stringValue = stringValue }
        var intValue: Int? { nil }
        init?(intValue: Int) { nil }
    }
    package var codingKey: any CodingKey { Key(stringValue: text) }
    package init(codingKey: some CodingKey) { text = codingKey.stringValue }

    package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// What a payload column is called, and what its name says.
import TeltelEvents

/// `pos.x` has the column `payload.pos/x`, element 2 of `gear` `payload.gear[2]`, and a long array `samples` the Array column
/// `payload/samples`. A column that had to give way to one of another kind says its own: `payload.gear[2]:i32`.
///
/// There is no second dot: ClickHouse takes dotted names for members of a nested table, beside which it adds no column of the
/// table's own name (and Array columns of one nested table must have the same length in each row). What has a meaning in names is
/// written as in URLs where a key holds it: `train/loss` has the column `payload.train%2Floss`.
///
/// Tables of earlier collectors have `payload.pos.x`, where nothing was escaped. They keep these columns, which are found by
/// what they hold.
package struct PayloadColumnName: Hashable, Sendable {
    /// `pos.x`, without element and kind.
    package let path: String
    package let element: Int?
    package let isArray: Bool
    /// Of a column that had to give way to one of another kind.
    package let kind: FieldKind?

    /// As it is asked for: `pos.x`, `gear[2]`.
    package var fullPath: String { path + (element.map { "[\($0)]" } ?? "") }

    package static func == (a: Self, b: Self) -> Bool {
        Name(a.path) == Name(b.path) && a.element == b.element && a.isArray == b.isArray && a.kind == b.kind
    }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(Name(path))
        hasher.combine(element)
    }

    private static let prefix = "payload."
    private static let arrayPrefix = "payload/"

    package static func scalar(_ path: String) -> String { prefix + escaped(path) }
    package static func array(_ path: String) -> String { arrayPrefix + escaped(path) }

    package init?(_ name: String) {
        let bytes = Array(name.utf8)
        isArray = bytes.starts(with: Self.arrayPrefix.utf8)
        guard isArray || bytes.starts(with: Self.prefix.utf8) else { return nil }
        var rest = bytes.dropFirst(Self.prefix.utf8.count)
        kind = Self.takeKind(&rest)
        element = isArray ? nil : Self.takeElement(&rest)
        // In earlier tables dots of the path stayed dots, and nothing else was changed.
        let isOld = !isArray && rest.contains(UInt8(ascii: "."))
        path = isOld ? String(decoding: rest, as: UTF8.self) : Self.unescaped(rest)
    }

    /// Names that a column of this path may have, best first.
    package func candidates(_ kind: FieldKind) -> [String] {
        let name = isArray ? Self.array(path) : Self.scalar(fullPath)
        return [name, "\(name):\(kind.name)", "\(name):\(kind.name):2", "\(name):\(kind.name):3"]
    }

    // MARK: parts

    /// `:i32`, or `:i32:2`, which stands where that was no name for a column.
    private static func takeKind(_ rest: inout ArraySlice<UInt8>) -> FieldKind? {
        var end = rest[...]
        if let last = end.last, last == UInt8(ascii: "2") || last == UInt8(ascii: "3"), end.dropLast().last == UInt8(ascii: ":") {
            end = end.dropLast(2)
        }
        guard let colon = end.lastIndex(of: UInt8(ascii: ":")),
            let kind = FieldKind.allCases.first(where: { $0.name.utf8.elementsEqual(end[(colon + 1)...]) })
        else { return nil }
        rest = rest[..<colon]
        return kind
    }

    private static func takeElement(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.last == UInt8(ascii: "]"), let open = rest.lastIndex(of: UInt8(ascii: "[")) else { return nil }
        let digits = rest[(open + 1)...].dropLast()
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(String(decoding: digits, as: UTF8.self)),
            String(number).utf8.elementsEqual(digits)
        else { return nil }
        rest = rest[..<open]
        return number
    }

    private static func escaped(_ path: String) -> String {
        var text: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "."): text.append(UInt8(ascii: "/"))
            case UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "%"), 0..<0x20, 0x7F:
                text += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let hex = Array("0123456789ABCDEF".utf8)

    private static func unescaped(_ rest: ArraySlice<UInt8>) -> String {
        var text: [UInt8] = []
        var at = rest.startIndex
        while at < rest.endIndex {
            if rest[at] == UInt8(ascii: "%"), at + 2 < rest.endIndex, let high = hex.firstIndex(of: rest[at + 1]),
                let low = hex.firstIndex(of: rest[at + 2])
            {
                text.append(UInt8(high << 4 | low))
                at += 3
            } else {
                text.append(rest[at] == UInt8(ascii: "/") ? UInt8(ascii: ".") : rest[at])
                at += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Reading and writing the pieces of ClickHouse's Native format.
import TeltelEvents

/// The bytes of one block, read from front to back. Whatever they are, it throws rather than reads past their end.
struct NativeInput {
    private let bytes: [UInt8]
    private var at: Int
    private let end: Int
    /// Bytes of the block.
    let count: Int

    init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }
    /// One of several blocks in `bytes`.
    init(_ bytes: [UInt8], _ block: Range<Int>) {
        precondition(block.upperBound <= bytes.count)
        self.bytes = bytes
        at = block.lowerBound
        end = block.upperBound
        count = block.count
    }

    var isAtEnd: Bool { at == end }

    mutating func take(_ count: Int) throws(StorageError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= end - at else { throw StorageError(.corrupt, "block ends early") }
        defer { at += count }
        return bytes[at..<at + count]
    }
    /// So many values of so many bytes each.
    mutating func take(_ count: Int, width: Int) throws(StorageError) -> ArraySlice<UInt8> {
        let (total, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow else { throw StorageError(.corrupt, "block ends early") }
        return try take(total)
    }
    mutating func varint() throws(StorageError) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 56, by: 7) {
            guard at < end else { throw StorageError(.corrupt, "block ends early") }
            let byte = bytes[at]
            at += 1
            value |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw StorageError(.corrupt, "number in a block")
    }
    mutating func text() throws(StorageError) -> ArraySlice<UInt8> { try take(try varint()) }
    /// So many texts with their lengths, as they are.
    mutating func texts(_ count: Int) throws(StorageError) -> ArraySlice<UInt8> {
        let begin = at
        for _ in 0..<count {
            let length = try varint()
            guard length <= end - at else { throw StorageError(.corrupt, "block ends early") }
            at += length
        }
        return bytes[begin..<at]
    }
    mutating func int64() throws(StorageError) -> Int {
        try take(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}

package struct NativeOutput {
    package var bytes: [UInt8] = []

    package init() {}

    package mutating func varint(_ value: Int) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
    package mutating func text(_ text: some Collection<UInt8>) {
        varint(text.count)
        bytes += text
    }
    package mutating func int64(_ value: Int) { withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) } }
}

/// The types of columns that blocks have.
enum NativeType {
    case fixed(width: Int)
    case text
    case lowCardinality
    indirect case nullable(NativeType)
    indirect case array(NativeType)

    init(_ type: Substring) throws(StorageError) {
        if let inner = Self.argument(type, of: "Nullable") {
            self = .nullable(try NativeType(inner))
        } else if let inner = Self.argument(type, of: "Array") {
            self = .array(try NativeType(inner))
        } else if Self.argument(type, of: "LowCardinality") == "String" {
            self = .lowCardinality
        } else if type == "String" {
            self = .text
        } else {
            self = .fixed(width: try Self.width(type))
        }
    }

    private static func argument(_ type: Substring, of name: String) -> Substring? {
        type.hasPrefix(name + "(") && type.hasSuffix(")") ? type.dropFirst(name.count + 1).dropLast() : nil
    }

    private static func width(_ type: Substring) throws(StorageError) -> Int {
        switch type {
        case "UInt8", "Int8", "Bool": 1
        case "UInt16", "Int16": 2
        case "UInt32", "Int32", "Float32", "DateTime": 4
        case "UInt64", "Int64", "Float64": 8
        default: throw StorageError(.corrupt, "column of type \(type)")
        }
    }
}

/// A column of texts from a dictionary: version 1, then one dictionary for the whole block, then keys of 1, 2, 4 or 8 bytes.
struct NativeDictionary {
    static let version = 1
    /// The dictionary is in the block; keys of 8 bytes.
    static let widest = 0x603

    let texts: [ArraySlice<UInt8>]
    /// The texts with their lengths, as they lie in the block.
    let written: ArraySlice<UInt8>
    /// Bytes of a key.
    let width: Int
    /// The keys as they lie in the block.
    let raw: ArraySlice<UInt8>
    var keys: [Int] {
        (0..<raw.count / width).map { row in
            (0..<width).reversed().reduce(0) { $0 << 8 | Int(raw[raw.startIndex + row * width + $1]) }
        }
    }

    init(rows: Int, _ input: inout NativeInput) throws(StorageError) {
        guard try input.int64() == Self.version else { throw StorageError(.corrupt, "version of LowCardinality") }
        let flags = try input.int64()
        guard flags & ~0xFF == 0x600, flags & 0xFF <= 3 else { throw StorageError(.corrupt, "flags of LowCardinality \(flags)") }
        let count = try input.int64()
        guard count >= 0, count <= input.count else { throw StorageError(.corrupt, "dictionary of \(count)") }
        var texts: [ArraySlice<UInt8>] = []
        var again = input
        for _ in 0..<count { texts.append(try input.text()) }
        self.texts = texts
        written = try again.texts(count)
        guard try input.int64() == rows else { throw StorageError(.corrupt, "keys of LowCardinality") }
        width = 1 << (flags & 0xFF)
        raw = try input.take(rows, width: width)
        let areInside = width == 1 ? raw.allSatisfy { $0 < count } : keys.allSatisfy { $0 >= 0 && $0 < count }
        guard areInside else { throw StorageError(.corrupt, "key beyond the dictionary") }
    }
}

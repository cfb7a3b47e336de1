/// ClickHouse's RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary), read as far as it has come.
import TeltelEvents

struct BinaryRow {
    private let bytes: [UInt8]
    /// Where the row begins that is being read.
    private(set) var begun = 0
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// false: there is nothing more.
    mutating func begin() -> Bool {
        at = begun
        return at < bytes.count
    }
    mutating func end() { begun = at }

    /// What of the bytes belongs to no row that has ended.
    var rest: [UInt8] { Array(bytes[begun...]) }

    /// nil: it has not come.
    mutating func take<Value: BitwiseCopyable>(_: Value.Type) -> Value? {
        guard bytes.count - at >= MemoryLayout<Value>.size else { return nil }
        defer { at += MemoryLayout<Value>.size }
        // SAFETY: as many bytes are there as the value has; it is loaded from wherever it lies.
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: Value.self) }
    }

    /// nil: it has not come; a value that is nil: NULL.
    mutating func takeNullable<Value: BitwiseCopyable>(_ type: Value.Type) -> (value: Value?, ())? {
        guard let isNull = take(UInt8.self) else { return nil }
        if isNull != 0 { return (nil, ()) }
        return take(type).map { ($0, ()) }
    }

    /// nil: it has not come, or cannot be a number of things.
    mutating func takeCount() -> Int? {
        var count = 0
        var shift = 0
        while true {
            guard let byte = take(UInt8.self) else { return nil }
            count |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 || shift > 28 { break }
        }
        return count
    }

    mutating func takeText() -> ArraySlice<UInt8>? {
        guard let length = takeCount(), bytes.count - at >= length else { return nil }
        defer { at += length }
        return bytes[at..<at + length]
    }
}

extension JSONText {
    static func appendString(_ bytes: ArraySlice<UInt8>, to out: inout [UInt8]) {
        // SAFETY: the bytes are lent for this call only.
        bytes.withUnsafeBytes { appendString(utf8: $0, to: &out) }
    }
}

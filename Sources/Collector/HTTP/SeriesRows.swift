/// The answer of GET /api/analysis/series.
import TeltelEvents
import TeltelQuery

/// The rows of a series: from ClickHouse's RowBinary (frame_index UInt64, sim_time Float64,
/// wall_time_ms Nullable(UInt64), value Nullable(Float64), digits String, key String) to JSON lines, in which non-finite numbers are the
/// strings that the contract names, and integers that no double holds have their digits.
struct SeriesRows: AnswerShape {
    let withKey: Bool
    let withWallTime: Bool
    /// The beginning of a row whose end has not come yet.
    private var rest: [UInt8] = []

    init(withKey: Bool, withWallTime: Bool) {
        self.withKey = withKey
        self.withWallTime = withWallTime
    }

    mutating func take(_ bytes: [UInt8]) throws(QueryError) -> [UInt8] {
        let rows = rest.isEmpty ? bytes : rest + bytes
        var out: [UInt8] = []
        out.reserveCapacity(rows.count * 2)
        var row = BinaryRow(rows)
        while row.begin(), append(&row, to: &out) { row.end() }
        rest = Array(rows[row.begun...])
        return out
    }

    func finish() throws(QueryError) {
        if !rest.isEmpty { throw .failed("ClickHouse's answer was cut off") }
    }

    /// false: the row is not whole yet, and nothing of it is in `out`.
    private func append(_ row: inout BinaryRow, to out: inout [UInt8]) -> Bool {
        guard let frame = row.take(UInt64.self), let time = row.take(Double.self), let wallTime = row.takeNullable(UInt64.self),
            let value = row.takeNullable(Double.self), let digits = row.takeText(), let key = row.takeText()
        else { return false }
        JSONText.append("{\"frame_index\":", to: &out)
        JSONText.append(frame, to: &out)
        JSONText.append(",\"sim_time\":", to: &out)
        JSONText.append(time, to: &out)
        if withWallTime {
            JSONText.append(",\"wall_time_ms\":", to: &out)
            if let wallTime = wallTime.value { JSONText.append(wallTime, to: &out) } else { JSONText.append("null", to: &out) }
        }
        JSONText.append(",\"value\":", to: &out)
        if !digits.isEmpty {
            // All digits as a number, for readers that are exact, and as text, for those that would make a double of it.
            out += digits
            JSONText.append(",\"exact\":", to: &out)
            digits.withUnsafeBytes { JSONText.appendString(utf8: $0, to: &out) }
        } else if let value = value.value {
            JSONText.append(value, to: &out)
        } else {
            JSONText.append("null", to: &out)
        }
        if withKey {
            JSONText.append(",\"key\":", to: &out)
            key.withUnsafeBytes { JSONText.appendString(utf8: $0, to: &out) }
        }
        JSONText.append("}\n", to: &out)
        return true
    }
}

/// Reads values of RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary), as far as they have come.
private struct BinaryRow {
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

    mutating func take<Value: BitwiseCopyable>(_: Value.Type) -> Value? {
        guard bytes.count - at >= MemoryLayout<Value>.size else { return nil }
        defer { at += MemoryLayout<Value>.size }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: Value.self) }
    }

    /// nil: it has not come; a value that is nil: NULL.
    mutating func takeNullable<Value: BitwiseCopyable>(_ type: Value.Type) -> (value: Value?, ())? {
        guard let isNull = take(UInt8.self) else { return nil }
        if isNull != 0 { return (nil, ()) }
        return take(type).map { ($0, ()) }
    }

    mutating func takeText() -> ArraySlice<UInt8>? {
        var length = 0
        var shift = 0
        while true {
            guard let byte = take(UInt8.self) else { return nil }
            length |= Int(byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 || shift > 28 { break }
        }
        guard bytes.count - at >= length else { return nil }
        defer { at += length }
        return bytes[at..<at + length]
    }
}

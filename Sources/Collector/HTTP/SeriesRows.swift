/// The answer of GET /api/analysis/series.
import TeltelEvents
import TeltelStorage

/// The rows of a series: from ClickHouse's RowBinary (frame_index UInt64, sim_time Float64,
/// wall_time_ms Nullable(UInt64), value Nullable(Float64), digits String, key String) to JSON lines, in which non-finite numbers are the
/// strings that the contract names, and integers that no double holds have their digits.
enum SeriesRows {
    static func json(_ rows: [UInt8], withKey: Bool, withWallTime: Bool) throws -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(rows.count * 2)
        var at = 0
        func take<T: BitwiseCopyable>(_: T.Type) throws -> T {
            guard rows.count - at >= MemoryLayout<T>.size else { throw cut }
            defer { at += MemoryLayout<T>.size }
            return rows.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: T.self) }
        }
        func takeText() throws -> Range<Int> {
            var length = 0
            var shift = 0
            while true {
                let byte = try take(UInt8.self)
                length |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 || shift > 28 { break }
            }
            guard rows.count - at >= length else { throw cut }
            defer { at += length }
            return at..<at + length
        }
        while at < rows.count {
            JSONText.append("{\"frame_index\":", to: &out)
            JSONText.append(try take(UInt64.self), to: &out)
            JSONText.append(",\"sim_time\":", to: &out)
            JSONText.append(try take(Double.self), to: &out)
            let wallTime = try take(UInt8.self) == 0 ? take(UInt64.self) : nil
            if withWallTime {
                JSONText.append(",\"wall_time_ms\":", to: &out)
                if let wallTime { JSONText.append(wallTime, to: &out) } else { JSONText.append("null", to: &out) }
            }
            JSONText.append(",\"value\":", to: &out)
            let value = try take(UInt8.self) == 0 ? take(Double.self) : nil
            let digits = try takeText()
            if !digits.isEmpty {
                // All digits as a number, for who reads it exactly, and as text, for who would read a double.
                out += rows[digits]
                JSONText.append(",\"exact\":", to: &out)
                rows[digits].withUnsafeBytes { JSONText.appendString(utf8: $0, to: &out) }
            } else if let value {
                JSONText.append(value, to: &out)
            } else {
                JSONText.append("null", to: &out)
            }
            let key = try takeText()
            if withKey {
                JSONText.append(",\"key\":", to: &out)
                rows[key].withUnsafeBytes { JSONText.appendString(utf8: $0, to: &out) }
            }
            JSONText.append("}\n", to: &out)
        }
        return out
    }
    private static var cut: APIError { APIError(.badGateway, "storage-failed", "ClickHouse's answer was cut off") }
}

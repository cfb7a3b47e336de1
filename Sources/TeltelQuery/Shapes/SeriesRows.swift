/// The answer of GET /api/analysis/series.
import TeltelEvents

/// The rows of a series: from ClickHouse's RowBinary (frame_index UInt64, sim_time Float64,
/// wall_time_ms Nullable(UInt64), value Nullable(Float64), digits String, key String) to JSON lines, in which non-finite numbers are the
/// strings that the contract names, and integers that no double holds have their digits.
package struct SeriesRows: AnswerShape {
    private let withKey: Bool
    private let withWallTime: Bool
    /// The beginning of a row whose end has not come yet.
    private var rest: [UInt8] = []

    package init(withKey: Bool, withWallTime: Bool) {
        self.withKey = withKey
        self.withWallTime = withWallTime
    }

    package mutating func take(_ bytes: [UInt8]) throws(QueryError) -> [UInt8] {
        let rows = rest.isEmpty ? bytes : rest + bytes
        var out: [UInt8] = []
        out.reserveCapacity(rows.count * 2)
        var row = BinaryRow(rows)
        while row.begin(), append(&row, to: &out) { row.end() }
        rest = row.rest
        return out
    }

    package func finish() throws(QueryError) -> [UInt8] {
        if !rest.isEmpty { throw .cutOff }
        return []
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
            JSONText.appendString(digits, to: &out)
        } else if let value = value.value {
            JSONText.append(value, to: &out)
        } else {
            JSONText.append("null", to: &out)
        }
        if withKey {
            JSONText.append(",\"key\":", to: &out)
            JSONText.appendString(key, to: &out)
        }
        JSONText.append("}\n", to: &out)
        return true
    }
}

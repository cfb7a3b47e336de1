/// Rows of any columns as JSON lines.
import TeltelAnalysis
import TeltelEvents

/// From ClickHouse's RowBinary. Numbers are the shortest text that reads back, those that are not finite the strings that the contract
/// names; an integer that no double holds is a string: whoever reads numbers as doubles would make another one of it.
package struct JSONRows: AnswerShape {
    private let columns: [(label: [UInt8], column: AnswerColumn)]
    /// The beginning of a row whose end has not come yet.
    private var rest: [UInt8] = []

    package init(_ columns: [AnswerColumn]) {
        self.columns = columns.enumerated().map { place, column in
            var label = [UInt8(ascii: place == 0 ? "{" : ",")]
            JSONText.appendString(column.name, to: &label)
            label.append(UInt8(ascii: ":"))
            return (label, column)
        }
    }

    package mutating func take(_ bytes: [UInt8]) throws(QueryError) -> [UInt8] {
        var row = BinaryRow(rest.isEmpty ? bytes : rest + bytes)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count * 2)
        while row.begin() {
            let begun = out.count
            guard append(&row, to: &out) else {
                out.removeLast(out.count - begun)
                break
            }
            row.end()
        }
        rest = row.rest
        return out
    }

    package func finish() throws(QueryError) -> [UInt8] {
        if !rest.isEmpty { throw .cutOff }
        return []
    }

    /// false: the row is not whole yet.
    private func append(_ row: inout BinaryRow, to out: inout [UInt8]) -> Bool {
        for (label, column) in columns {
            out += label
            if column.isNullable {
                guard let isNull = row.take(UInt8.self) else { return false }
                if isNull != 0 {
                    JSONText.append("null", to: &out)
                    continue
                }
            }
            guard Self.append(&row, column.kind, to: &out) else { return false }
        }
        JSONText.append("}\n", to: &out)
        return true
    }

    private static func append(_ row: inout BinaryRow, _ kind: AnswerColumn.Kind, to out: inout [UInt8]) -> Bool {
        switch kind {
        case .truth:
            guard let value = row.take(UInt8.self) else { return false }
            JSONText.append(value == 0 ? "false" : "true", to: &out)
        case .integer:
            guard let value = row.take(Int64.self) else { return false }
            JSONText.append(value, to: &out)
        case .natural:
            guard let value = row.take(UInt64.self) else { return false }
            JSONText.append(value, to: &out)
        case .number:
            guard let value = row.take(Double.self) else { return false }
            JSONText.append(value, to: &out)
        case .text:
            guard let text = row.takeText() else { return false }
            JSONText.appendString(text, to: &out)
        case .json:
            guard let text = row.takeText() else { return false }
            PayloadJSON.append(text, to: &out)
        case .exact:
            guard let value = row.takeNullable(Double.self), let digits = row.takeText() else { return false }
            if !digits.isEmpty {
                JSONText.appendString(digits, to: &out)
            } else if let value = value.value {
                JSONText.append(value, to: &out)
            } else {
                JSONText.append("null", to: &out)
            }
        }
        return true
    }
}

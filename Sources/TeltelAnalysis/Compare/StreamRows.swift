/// Rows of a run, to be looked at one by one.
import TeltelEvents

/// Few rows, with everything that tells them apart.
package struct StreamRows: Sendable {
    private let table: StoredTable
    package let fields: StreamFields

    package init(_ table: StoredTable) {
        self.table = table
        fields = StreamFields(table)
    }

    /// As arrays: frame, instance, writer, sequence, then the columns of the fields; in order of emission.
    package func statement(_ stretch: StreamStretch, rowsMax: Int) -> Statement {
        let (condition, parameters) = stretch.condition(table)
        let values = ["reinterpretAsUInt64(sim_time)", "tags", "rest"] + fields.payload.joined().map(Self.text)
        return Statement(
            sql: """
                SELECT toString(frame_index), toString(instance), toString(writer), toString(sequence),
                    \(values.map { "toString(\($0))" }.joined(separator: ", "))
                FROM \(SQL.identifier(table.name)) WHERE \(condition)
                ORDER BY frame_index, writer, sequence LIMIT \(rowsMax)
                """, parameters: parameters)
    }

    private static func text(_ column: StoredTable.Column) -> String {
        let name = SQL.identifier(column.name)
        let bits = bits(column.inner, column.isArray ? "x" : name)
        return column.isArray ? (bits == "x" ? name : "arrayMap(x -> \(bits), \(name))") : bits
    }

    private static func bits(_ type: String, _ value: String) -> String {
        switch type {
        case "Float64": "reinterpretAsUInt64(\(value))"
        case "Float32": "reinterpretAsUInt32(\(value))"
        case "Bool": "toUInt8(\(value))"
        default: value
        }
    }

    /// One row of the answer, taken apart. nil: it is none.
    package func row(_ cells: [String?], isSecond: Bool) -> StreamRow? {
        let columns = Array(fields.payload.joined())
        guard cells.count == 4 + StreamFields.common.count + columns.count, let frame = cells[0].flatMap(UInt64.init),
            let instance = cells[1], let writer = cells[2].flatMap(UInt16.init), let sequence = cells[3].flatMap(UInt64.init),
            let time = CellValue(cells[4], type: "Float64"), let tags = CellValue(cells[5], type: "String"),
            let rest = CellValue(cells[6], type: "String")
        else { return nil }
        // What has no text is as if it were not there.
        var values = [time, tags == .text("") ? .null : tags, rest == .text("") ? .null : rest]
        var place = 4 + StreamFields.common.count
        for columns in fields.payload {
            var value = CellValue.null
            for column in columns {
                guard let cell = CellValue(cells[place], type: column.isArray ? column.type : column.inner) else { return nil }
                if value == .null { value = cell }
                place += 1
            }
            values.append(value)
        }
        return StreamRow(
            isSecond: isSecond, frame: frame, instance: instance, writer: writer, sequence: sequence, values: values)
    }
}

/// One event with its values by bits.
package struct StreamRow: Sendable, Equatable {
    package let isSecond: Bool
    package let frame: UInt64
    package let instance: String
    package let writer: UInt16
    package let sequence: UInt64
    package let values: [CellValue]

    package init(isSecond: Bool, frame: UInt64, instance: String = "", writer: UInt16 = 0, sequence: UInt64, values: [CellValue])
    {
        self.isSecond = isSecond
        self.frame = frame
        self.instance = instance
        self.writer = writer
        self.sequence = sequence
        self.values = values
    }
}

/// Digests of a table's rows, as the database adds them up: the same numbers as the collector's own, which docs/storage-format.md
/// defines. For blocks whose digests are missing or no longer fit their rows.
import TeltelEvents

/// What is digested of one table. Pure text; values are parameters.
package struct DigestSQL: Sendable {
    /// Frames of one block.
    package static let framesPerBlock = 1_024
    package static func frames(of block: UInt64) -> ClosedRange<UInt64> {
        let begin = block * UInt64(framesPerBlock)
        return begin...begin + UInt64(framesPerBlock - 1)
    }
    /// Among the flags of a field, as the ring ABI numbers them: part of no row digest.
    package static let measuredFlag = 4

    let table: StoredTable
    private let keys: [Value]
    private let fields: [(name: String, isMeasured: Bool, values: [Value])]

    /// One column as digests read it.
    private struct Value: Sendable {
        let bits: String
        /// nil: it always has a value.
        let isAbsent: String?
        /// As Float64; nil: it is no number.
        let number: String?
    }

    /// - Parameters:
    ///   - keys: names of fields (`payload.wheelId`) that tell rows of one frame apart, in order of definition.
    ///   - measured: names of fields that are part of no row digest.
    package init(_ table: StoredTable, keys: [String] = [], measured: Set<String> = []) {
        self.table = table
        var named: [(name: String, values: [Value])] = [
            ("sim_time", [Self.value(of: "Float64", "sim_time")]), ("tags", [Self.text("tags")]), ("rest", [Self.text("rest")]),
        ]
        for column in table.columns.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            let name = "payload." + column.path
            let value = Self.value(of: column)
            if let index = named.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) {
                named[index].values.append(value)
            } else {
                named.append((name, [value]))
            }
        }
        fields = named.map { field in (field.name, measured.contains(field.name), field.values) }
        self.keys = keys.flatMap { key in named.first { $0.name.utf8.elementsEqual(key.utf8) }?.values ?? [] }
    }

    private static func text(_ name: String) -> Value {
        Value(bits: "xxHash64(\(SQL.identifier(name)))", isAbsent: "(\(SQL.identifier(name)) = '')", number: nil)
    }

    private static func value(of column: StoredTable.Column) -> Value {
        let name = SQL.identifier(column.name)
        if column.isArray {
            let element = value(of: column.inner, "x").bits
            let sum =
                "arraySum((x, i) -> intHash64(bitXor(\(element), intHash64(toUInt64(i)))), \(name), arrayEnumerate(\(name)))"
            return Value(bits: sum, isAbsent: "empty(\(name))", number: nil)
        }
        guard column.canBeNull else { return value(of: column.type, name) }
        let inner = value(of: column.inner, "assumeNotNull(\(name))")
        return Value(bits: inner.bits, isAbsent: "isNull(\(name))", number: inner.number)
    }

    /// The raw bytes of a value, zero-extended; of a text its hash.
    private static func value(of type: String, _ sql: String) -> Value {
        let number = "toFloat64(\(sql))"
        switch type {
        case "String": return Value(bits: "xxHash64(\(sql))", isAbsent: nil, number: nil)
        case "Float64", "Int64": return Value(bits: "reinterpretAsUInt64(\(sql))", isAbsent: nil, number: number)
        case "Float32", "Int32": return Value(bits: "toUInt64(reinterpretAsUInt32(\(sql)))", isAbsent: nil, number: number)
        case "Int16": return Value(bits: "toUInt64(reinterpretAsUInt16(\(sql)))", isAbsent: nil, number: number)
        case "Int8": return Value(bits: "toUInt64(reinterpretAsUInt8(\(sql)))", isAbsent: nil, number: number)
        default: return Value(bits: "toUInt64(\(sql))", isAbsent: nil, number: number)
        }
    }

    // MARK: statements

    /// Columns of the answer: source_id, block, rows, row_digest, first_frame, last_frame, then of each field, as arrays of the same length:
    /// fields, flags (of measured ones), digests, counts, nans, infinities, smallest, largest, first, last. Fields that no row has count 0.
    /// - Parameters:
    ///   - frames: only these; whole blocks, or the digests are of parts.
    ///   - withFields: false: without the arrays.
    ///   - type: which of the events of the table of all further types.
    package func statement(
        runID: String, type: (channel: Name, type: Name)? = nil, frames: ClosedRange<UInt64>? = nil, withFields: Bool = true
    ) -> Statement {
        var conditions = ["run_id = {run:String}"]
        var parameters = [("run", runID)]
        if let type, table.type == nil {
            conditions += ["channel = {channel:String}", "type = {type:String}"]
            parameters += [("channel", type.channel.text), ("type", type.type.text)]
        }
        if let frames {
            conditions.append("frame_index BETWEEN {from:UInt64} AND {to:UInt64}")
            parameters += [("from", String(frames.lowerBound)), ("to", String(frames.upperBound))]
        }
        return Statement(sql: sql(where: conditions.joined(separator: " AND "), withFields: withFields), parameters: parameters)
    }

    /// Digests of blocks without those of fields, with the names of parameters instead of values.
    func blocks(ofRun run: String, channel: String, type: String) -> String {
        let others = table.type == nil ? " AND channel = {\(channel):String} AND type = {\(type):String}" : ""
        return sql(where: "run_id = {\(run):String}\(others)", withFields: false)
    }

    /// The rows that fulfil a condition, with all their columns, `key` (the hash of frame and key fields) and `row`, whose sum is the row
    /// digest.
    func rows(where condition: String) -> String {
        let values = fields.flatMap { field in field.values.map { (field, $0) } }
        let hashes = values.indices.map { index in
            "intHash64(bitXor(\(values[index].1.bits), key)) AS h\(index)"
        }
        let parts = values.indices.compactMap { index -> String? in
            let (field, value) = values[index]
            if field.isMeasured { return nil }
            let part = "intHash64(bitXor(h\(index), xxHash64(\(SQL.literal(field.name)))))"
            return value.isAbsent.map { "if(\($0), 0, \(part))" } ?? part
        }
        // Each key once: there may be many, and a condition on what stands before it would double the text with each.
        let key = keys.reduce("intHash64(frame_index)") { key, value in
            "intHash64(bitXor(\(key), \(value.isAbsent.map { "if(\($0), 0, \(value.bits))" } ?? value.bits)))"
        }
        return """
            SELECT *, \(key) AS key, \(hashes.joined(separator: ", ")),
                intHash64(bitXor(key, \(parts.joined(separator: " + ")))) AS row
            FROM \(SQL.identifier(table.name)) WHERE \(condition)
            """
    }

    private func sql(where condition: String, withFields: Bool) -> String {
        let more = withFields ? ",\n    " + columns.joined(separator: ",\n    ") : ""
        return """
            SELECT source_id, intDiv(frame_index, \(Self.framesPerBlock)) AS block, count() AS rows, sum(row) AS row_digest,
                min(frame_index) AS first_frame, max(frame_index) AS last_frame\(more)
            FROM (
            \(rows(where: condition))
            )
            GROUP BY source_id, block
            ORDER BY source_id, block
            """
    }

    /// Of the answer, one array for all fields each.
    private var columns: [String] {
        var index = 0
        let numbered = fields.map { field in
            field.values.map { value in
                defer { index += 1 }
                return (hash: "h\(index)", value: value)
            }
        }
        func array(_ name: String, _ element: ([(hash: String, value: Value)]) -> String) -> String {
            "[\(numbered.map(element).joined(separator: ", "))] AS \(name)"
        }
        func sums(_ name: String, _ one: @escaping (String, Value) -> String) -> String {
            array(name) { $0.map { one($0.hash, $0.value) }.joined(separator: " + ") }
        }
        /// Of all columns of a field at once: mostly it is one.
        func numbers(_ name: String, _ function: String, _ condition: String, else none: String, _ join: String) -> String {
            array(name) { values in
                let parts = values.compactMap { value -> String? in
                    guard let number = value.value.number else { return nil }
                    let isThere = value.value.isAbsent.map { "NOT \($0)" } ?? "1"
                    return "ifNull(\(function)(\(number), \(isThere) AND \(condition.replacing("#", with: number))), \(none))"
                }
                if parts.isEmpty { return none }
                return parts.count == 1 ? parts[0] : "\(join)(\(parts.joined(separator: ", ")))"
            }
        }
        /// The earliest or latest value that is there.
        func ends(_ name: String, _ function: String) -> String {
            array(name) { values in
                guard let value = values.first?.value, values.count == 1, let number = value.number else { return "nan" }
                let isThere = value.isAbsent.map { "NOT \($0)" } ?? "1"
                return "ifNull(\(function)(\(number), (frame_index, writer, sequence), \(isThere)), nan)"
            }
        }
        return [
            "[\(fields.map { SQL.literal($0.name) }.joined(separator: ", "))] AS fields",
            "[\(fields.map { "toUInt8(\($0.isMeasured ? Self.measuredFlag : 0))" }.joined(separator: ", "))] AS flags",
            sums("digests") { hash, value in value.isAbsent.map { "sumIf(\(hash), NOT \($0))" } ?? "sum(\(hash))" },
            sums("counts") { _, value in value.isAbsent.map { "countIf(NOT \($0))" } ?? "count()" },
            sums("nans") { _, value in Self.count(value, "isNaN") },
            sums("infinities") { _, value in Self.count(value, "isInfinite") },
            numbers("smallest", "minOrNullIf", "isFinite(#)", else: "inf", "least"),
            numbers("largest", "maxOrNullIf", "isFinite(#)", else: "-inf", "greatest"),
            ends("first", "argMinOrNullIf"), ends("last", "argMaxOrNullIf"),
        ]
    }

    private static func count(_ value: Value, _ function: String) -> String {
        guard let number = value.number else { return "toUInt64(0)" }
        return "countIf(\(value.isAbsent.map { "NOT \($0) AND " } ?? "")\(function)(\(number)))"
    }
}

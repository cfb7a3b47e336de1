/// What others may know of the tables: which there are, what they hold, how large they are.
import Synchronization
import TeltelEvents

extension ClickHouseTables {
    /// One table of events as it is now: its name, what its rows are (nil: the table of all further types), its columns.
    package struct Facts: Sendable {
        package let name: String
        package let key: TableKey?
        package let payload: [PayloadValue]
        /// Payloads, or what of them has no column, are kept as text.
        package let hasText: Bool
        /// A row's payload as JSON text, as the views have it: an expression over the table as `t`.
        package let payloadText: String
    }
    /// A column of the payload.
    package struct PayloadValue: Sendable {
        /// As it is asked for: `pos.x`, `gear[2]`.
        package let path: String
        package let column: ColumnLayout
    }

    /// All tables of events. Reads them first if that has not been done.
    package func facts() throws(ClickHouseError) -> [Facts] {
        if known.withLock({ $0.tables == nil }) { try connect() }
        return known.withLock { known in
            if let facts = known.facts { return facts }
            let facts = (known.tables ?? [:]).values.sorted { $0.name < $1.name }.map { table in
                let payload = table.columns.compactMap { column in
                    PayloadColumnName(column.name).map { PayloadValue(path: $0.fullPath, column: column) }
                }
                return Facts(
                    name: table.name, key: table.key, payload: payload, hasText: table.type(of: "rest") != nil,
                    payloadText: PayloadText(table.payloadColumns).wholeExpression)
            }
            known.facts = facts
            return facts
        }
    }
}

extension ClickHouseTables {
    /// How many of these tables are still to be made.
    package func missing(_ names: some Sequence<String>) -> Int {
        guard let tables = known.withLock({ $0.tables }) else { return 0 }
        return names.count { tables[$0] == nil }
    }
}

/// What a table of events takes.
package struct TableSize: Sendable {
    package let name: String
    package let key: TableKey?
    package let rows, bytes, parts: UInt64
}

extension ClickHouseTables {
    /// Of all tables of events, the largest first. Blocks.
    package func sizes() throws(ClickHouseError) -> [TableSize] {
        let keys = Dictionary(try facts().map { ($0.name, $0.key) }, uniquingKeysWith: { $1 })
        let sql = """
            SELECT table, sum(rows), sum(bytes_on_disk), count() FROM system.parts
            WHERE active AND database = {database:String} GROUP BY table ORDER BY 3 DESC
            """
        let query = ClickHouseQuery(
            sql, parameters: ["database": client.endpoint.database], settings: ["readonly": "1"], format: "TSV")
        let lines = String(decoding: try client.run(query), as: UTF8.self).split(separator: "\n")
        return lines.compactMap { line in
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 4, let key = keys[fields[0]], let rows = UInt64(fields[1]), let bytes = UInt64(fields[2]),
                let parts = UInt64(fields[3])
            else { return nil }
            return TableSize(name: fields[0], key: key, rows: rows, bytes: bytes, parts: parts)
        }
    }
}

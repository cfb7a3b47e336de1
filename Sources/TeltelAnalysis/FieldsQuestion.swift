/// Which fields of its types a run has values of. A table's columns are those of all runs: the rows say which are this run's.

package struct FieldsQuestion: Sendable {
    package let runID: String
    /// nil: of all of them.
    package let sourceID: String?
    /// So many payloads of a type are looked at,
    private static let textsMax = 100_000
    /// and of them one of each shape, at most so many of a type
    private static let shapesMax = 100
    /// and of all types; none longer than this.
    private static let answersMax = 2_000
    private static let textBytesMax = 64 << 10

    package init(runID: String, sourceID: String? = nil) {
        self.runID = runID
        self.sourceID = sourceID
    }

    private var condition: String { "run_id = {run:String}" + (sourceID == nil ? "" : " AND source_id = {source:String}") }
    private var parameters: [(String, String)] { [("run", runID)] + (sourceID.map { [("source", $0)] } ?? []) }

    /// What there is of each column. Rows: place UInt32 in `tables`, present Array(UInt32): for each of the table's columns 0 if the run
    /// has no value in it, else 1; for arrays the longest's length. nil: none of the tables has columns.
    package func columns(_ tables: [StoredTable]) -> Statement? {
        let selects = tables.enumerated().filter { $0.element.type != nil && !$0.element.columns.isEmpty }.map { place, table in
            let present = table.columns.map { column in
                let name = SQL.identifier(column.name)
                if column.isArray { return "max(length(\(name)))" }
                return column.canBeNull ? "max(isNotNull(\(name)))" : "count() > 0"
            }
            return """
                SELECT toUInt32(\(place)) AS place, CAST([\(present.map { "toUInt32(\($0))" }.joined(separator: ", "))], 'Array(UInt32)') AS present
                FROM \(SQL.identifier(table.name)) WHERE \(condition)
                """
        }
        guard !selects.isEmpty else { return nil }
        return Statement(sql: selects.joined(separator: "\nUNION ALL\n"), parameters: parameters)
    }

    /// Payloads that are kept as text, one of each shape. Rows: channel, type, text String. nil: no table has any.
    package func texts(_ tables: [StoredTable]) -> Statement? {
        var named = Parameters(parameters)
        var selects: [String] = []
        for table in tables where table.hasText {
            let (channel, type) = (table.channelText(&named), table.typeText(&named))
            selects.append(
                """
                SELECT channel, type, any(rest) AS text FROM (
                    SELECT \(channel) AS channel, \(type) AS type, rest FROM \(SQL.identifier(table.name)) AS t
                    WHERE \(condition) AND length(rest) BETWEEN 1 AND \(Self.textBytesMax) LIMIT \(Self.textsMax) BY channel, type
                )
                GROUP BY channel, type, sipHash64(\(Self.shape)) LIMIT \(Self.shapesMax) BY channel, type
                """)
        }
        guard !selects.isEmpty else { return nil }
        return Statement(
            sql: "SELECT channel, type, text FROM (\n\(selects.joined(separator: "\nUNION ALL\n"))\n) LIMIT \(Self.answersMax)",
            parameters: named.list)
    }

    /// The text without its values: texts that are no keys become empty, numbers 0.
    private static let shape = {
        let texts = #""(?:[^"\\]|\\.)*"([,}\]])"#
        let numbers = #"([:,\[])-?[0-9][-+.0-9eE]*"#
        let withoutTexts = "replaceRegexpAll(rest, \(SQL.literal(texts)), \(SQL.literal("\"\"\\1")))"
        return "replaceRegexpAll(\(withoutTexts), \(SQL.literal(numbers)), \(SQL.literal("\\1n")))"
    }()
}

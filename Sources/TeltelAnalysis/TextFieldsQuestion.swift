/// Which texts the posted events of a run have: no column and no schema names them.

package struct TextFieldsQuestion: Sendable {
    package let runID: String
    /// So many events of each type are looked at.
    private static let rowsMax = 1_000
    private static let fieldsMax = 64

    package init(runID: String) { self.runID = runID }

    /// Rows: channel, type, field String; top-level names only. nil: none of the tables keeps payloads as text.
    package func statement(_ tables: [StoredTable]) -> Statement? {
        let selects = tables.filter { $0.type != nil && $0.columns["rest"] != nil }.map { table in
            """
            SELECT \(SQL.literal(table.channel ?? "")) AS channel, \(SQL.literal(table.type ?? "")) AS type,
                arrayJoin(groupUniqArrayArray(\(Self.fieldsMax))(arrayFilter(name -> JSONType(rest, name) = 'String', JSONExtractKeys(rest))))
                AS field
            FROM (
                SELECT rest FROM \(SQL.identifier(table.name)) WHERE run_id = {run:String} AND rest != '' LIMIT \(Self.rowsMax)
            )
            """
        }
        guard !selects.isEmpty else { return nil }
        return Statement(sql: selects.joined(separator: "\nUNION ALL\n"), parameters: [("run", runID)])
    }
}

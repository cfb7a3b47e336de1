/// What the inserter asks of ClickHouse. `ClickHouseTables` answers for real, tests answer by script.
import TeltelEvents

/// Rows of one ring, by their sequence: `first ... last`, both included. Names rows without listing them, because a ring's rows
/// of one table that were taken in one go are all rows of that table between the two.
package struct RowRange: Hashable, Sendable {
    package let ring: RingID
    package let first: UInt64
    package let last: UInt64
    package let rows: Int

    package init(ring: RingID, first: UInt64, last: UInt64, rows: Int) {
        self.ring = ring
        self.first = first
        self.last = last
        self.rows = rows
    }
}

/// One insert. The same request may be sent any number of times: the token makes all but the first a no-op.
package struct InsertRequest: Sendable {
    package let table: TableLayout
    /// Deduplication token; the same token always goes with the same bytes.
    package let token: String
    /// Absolute path of a file of concatenated zstd frames of Native blocks, which all have exactly the columns of `table`.
    /// The embedded host reads it itself; a server gets it as the body. Its length and checksums have been verified.
    package let payloadPath: String
    package let payloadBytes: Int
    package let rows: Int

    package init(table: TableLayout, token: String, payloadPath: String, payloadBytes: Int, rows: Int) {
        self.table = table
        self.token = token
        self.payloadPath = payloadPath
        self.payloadBytes = payloadBytes
        self.rows = rows
    }
}

/// All calls block, with time-outs, and come from one thread. After any error the caller may call again, with the same values.
package protocol InsertTarget: Sendable {
    /// Makes what is missing: database, table, columns. Cheap when nothing is missing; call it before every insert, and again
    /// after every failed one.
    /// - Parameter alongside: tables whose rows will come soon. They are made too, so that the view is made once for all.
    func ensureTable(_ table: TableLayout, alongside: [TableLayout]) throws(ClickHouseError)
    /// Returns when ClickHouse has acknowledged all rows. An error with `isAmbiguous` may mean that some or all rows are there.
    func insert(_ request: InsertRequest) throws(ClickHouseError)
    /// The view over all tables shows the table's rows. Makes the view if it is stale, but not all the time: after false ask
    /// again soon.
    func shows(_ table: TableLayout) throws(ClickHouseError) -> Bool
    /// How many rows of these ranges are stored in the table. The proof after an ambiguous answer.
    func count(_ table: TableLayout, _ ranges: [RowRange]) throws(ClickHouseError) -> Int
    /// The sequences of one range that are stored, ascending. For finding what is missing of a group that was refused.
    func sequences(_ table: TableLayout, _ range: RowRange) throws(ClickHouseError) -> [UInt64]
}

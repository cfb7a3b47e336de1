/// Which tables ClickHouse does not take rows for although it takes those of others: a value, told by `InserterState` what came of its
/// steps. Rows of such a table wait for as long as the spool has room for everybody.

package struct TableRefusals: Sendable {
    private struct Table: Sendable {
        /// Inserts in a row that were refused for what the table is.
        var failures = 0
        /// ClickHouse says that it will never work as it was asked.
        var isStopped = false
        /// All refusals, and how many there had been when rows of another table were taken last.
        var refusals = 0
        var refusalsBeforeOthers: Int?
        /// Single rows whose content was refused, and rows of the same groups that were taken.
        var badRows = 0
        var goodRows = 0
    }
    private var tables: [String: Table] = [:]

    package init() {}

    /// So many failures in a row are enough, if it will never work as it was asked,
    package static let failuresOfStopped = 3
    /// and so many if it may be something passing: they take about a minute.
    package static let failuresOfPassing = 20
    /// So many bad rows were looked for one by one; each costs some inserts.
    package static let badRowsMost = 64
    /// Of rows that were taken there are less than so many for each bad one.
    private static let goodRowsPerBadMost = 4

    package var isEmpty: Bool { tables.isEmpty }

    /// - Parameter isPart: of a group that was divided, because some of its rows are bad.
    package mutating func taken(_ name: String, rows: Int, isPart: Bool) {
        for other in tables.keys where other != name { tables[other]!.refusalsBeforeOthers = tables[other]!.refusals }
        guard isPart else {
            tables[name] = nil
            return
        }
        tables[name, default: Table()].failures = 0
        tables[name]!.goodRows += rows
    }

    /// What is wrong with the server, or on the way to it, is true of all tables and proves nothing about this one.
    package mutating func refused(_ name: String, _ error: ClickHouseError, isSingleRow: Bool) {
        guard error.isAboutTable else { return }
        var table = tables[name] ?? Table()
        if error.advice != .split {
            table.failures += 1
            table.isStopped = error.advice == .stop
        } else {
            // A group is divided until single rows are found.
            guard isSingleRow else { return }
            table.badRows += 1
        }
        table.refusals += 1
        tables[name] = table
    }

    package func isRefused(_ name: String) -> Bool { tables[name].map { $0.failures > 0 } ?? false }

    /// Its rows are refused all the time, and those of others are taken meanwhile.
    package func isHopeless(_ name: String) -> Bool {
        guard let table = tables[name] else { return false }
        let enough = table.isStopped ? Self.failuresOfStopped : Self.failuresOfPassing
        return table.failures >= enough && Self.othersAreTaken(table, within: enough)
    }

    /// So many of its rows are bad that to find the others takes more than there is time for.
    package func isFullOfBadRows(_ name: String) -> Bool {
        guard let table = tables[name] else { return false }
        return table.badRows >= Self.badRowsMost && table.goodRows < table.badRows * Self.goodRowsPerBadMost
            && Self.othersAreTaken(table, within: Self.badRowsMost)
    }

    /// Among its last refusals: what was taken long ago says nothing about how ClickHouse is now.
    private static func othersAreTaken(_ table: Table, within refusals: Int) -> Bool {
        guard let before = table.refusalsBeforeOthers else { return false }
        return table.refusals - before < refusals
    }
}

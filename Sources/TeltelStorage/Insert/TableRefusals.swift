/// Which tables ClickHouse does not take rows for although it takes those of others: a value, told by `InserterState` what came of its
/// steps. Rows of such a table wait for as long as the spool has room for everybody.

struct TableRefusals: Sendable {
    private struct Table: Sendable {
        /// In a row.
        var failures = 0
        /// ClickHouse says that it will never work as it was asked.
        var isStopped = false
        /// Rows of others were taken since the first of these failures: it is this table, not ClickHouse.
        var othersWereTaken = false
        /// Single rows whose content was refused.
        var badRows = 0
    }
    private var tables: [String: Table] = [:]

    /// So many failures in a row are enough, if it will never work as it was asked,
    static let failuresOfStopped = 3
    /// and so many if it may be something passing.
    static let failuresOfPassing = 20
    /// So many bad rows were looked for one by one; each costs some inserts.
    static let badRowsMost = 64

    var isEmpty: Bool { tables.isEmpty }

    mutating func taken(_ name: String, isPart: Bool) {
        for other in tables.keys where other != name { tables[other]!.othersWereTaken = true }
        guard isPart else {
            tables[name] = nil
            return
        }
        // Good rows among bad ones.
        tables[name]?.failures = 0
        tables[name]?.isStopped = false
    }

    mutating func refused(_ name: String, _ advice: ClickHouseError.Advice, isSingleRow: Bool) {
        switch advice {
        case .retry, .stop:
            tables[name, default: Table()].failures += 1
            tables[name]!.isStopped = advice == .stop
        case .split: if isSingleRow { tables[name, default: Table()].badRows += 1 }
        // Somebody must act, and that is true of all tables.
        case .wait: break
        }
    }

    func isHopeless(_ name: String) -> Bool {
        guard let table = tables[name], table.othersWereTaken else { return false }
        return table.failures >= (table.isStopped ? Self.failuresOfStopped : Self.failuresOfPassing)
    }
    func isFullOfBadRows(_ name: String) -> Bool { tables[name].map { $0.badRows >= Self.badRowsMost } ?? false }
}

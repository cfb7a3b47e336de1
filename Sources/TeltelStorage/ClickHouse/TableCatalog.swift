/// Which event types have a table of their own.
import Synchronization
import TeltelEvents

/// At most `limit` types get a typed table, in the order in which they come; all further ones share `events_other`, because a view
/// over too many tables does not fit into a query. Thread-safe.
package final class TableCatalog: Sendable {
    private let limit: Int
    private let claimed: Mutex<Set<TableKey>>

    /// - Parameter known: types that have a table from earlier on, which may be more than `limit`.
    package init(limit: Int = 256, known: [TableKey] = []) {
        self.limit = limit
        claimed = Mutex(Set(known))
    }

    package var keys: [TableKey] { claimed.withLock { $0.sorted() } }

    /// Adds types whose tables were found in the database.
    package func note(_ keys: [TableKey]) { claimed.withLock { $0.formUnion(keys) } }

    /// True if the type has its own table; claims a place for it while there is one.
    package func hasOwnTable(_ key: TableKey) -> Bool {
        claimed.withLock { claimed in
            if claimed.contains(key) { return true }
            guard claimed.count < limit else { return false }
            claimed.insert(key)
            return true
        }
    }
}

/// Which event types have a table of their own.
import Synchronization
import TeltelEvents

/// At most `limit` types get a typed table, in the order in which they come; all further ones share `events_other`, because a view
/// over too many tables does not fit into a query. Thread-safe.
package final class TableCatalog: Sendable {
    package let limit: Int
    private let claimed: Mutex<Set<TableKey>>
    /// Types without a table that have come so far, up to a number that nobody counts.
    private let sharing = Mutex<Set<TableKey>>([])
    private static let sharingMax = 65_536

    /// - Parameter known: types that have a table from earlier on, which may be more than `limit`.
    package init(limit: Int = 256, known: [TableKey] = []) {
        self.limit = limit
        claimed = Mutex(Set(known))
    }

    package var keys: [TableKey] { claimed.withLock { $0.sorted() } }

    /// Adds types whose tables were found in the database.
    package func note(_ keys: [TableKey]) { claimed.withLock { $0.formUnion(keys) } }

    /// How many types share `events_other`, of those that have come.
    package var sharingCount: Int { sharing.withLock(\.count) }

    /// True if the type has its own table; claims a place for it while there is one.
    package func hasOwnTable(_ key: TableKey) -> Bool {
        let isOwn = claimed.withLock { claimed in
            if claimed.contains(key) { return true }
            guard claimed.count < limit else { return false }
            claimed.insert(key)
            return true
        }
        if !isOwn {
            sharing.withLock { sharing in
                if sharing.count < Self.sharingMax { sharing.insert(key) }
            }
        }
        return isOwn
    }
}

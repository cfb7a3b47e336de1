/// Which types' rows were given up because ClickHouse never takes them, and why.
import TeltelEvents

package struct GivenUpRows: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package var rows = 0
        /// What ClickHouse said last.
        package var reason = ""
    }
    package private(set) var types: [TableKey: Entry] = [:]
    /// Of types beyond those that are named: somebody may send any number of types.
    package private(set) var othersRows = 0
    /// Most types that are named.
    package static let typesMax = 100

    package init() {}

    package var isEmpty: Bool { types.isEmpty }

    mutating func add(_ type: TableKey, rows: Int, reason: String) {
        guard types[type] != nil || types.count < Self.typesMax else {
            othersRows += rows
            return
        }
        types[type, default: Entry()].rows += rows
        types[type]!.reason = reason
    }

    package var rows: Int { types.values.reduce(othersRows) { $0 + $1.rows } }
    /// In an order that stays the same from look to look.
    package var sorted: [(type: TableKey, entry: Entry)] {
        types.sorted { ($0.key.channel, $0.key.type) < ($1.key.channel, $1.key.type) }.map { ($0.key, $0.value) }
    }
}

/// Layouts of the page, saved by name: what they hold is the page's business.
import GRDB

package struct SavedLayout: Sendable, Equatable {
    package var name: String
    /// JSON text.
    package var layout: String
    /// Milliseconds since 1970.
    package var savedMs: Int64

    package init(name: String, layout: String, savedMs: Int64) {
        self.name = name
        self.layout = layout
        self.savedMs = savedMs
    }
}

/// One of the list: everything but the layout itself.
package struct SavedLayoutFacts: Sendable, Equatable {
    package var name: String
    package var bytes: Int
    /// Milliseconds since 1970.
    package var savedMs: Int64

    package init(name: String, bytes: Int, savedMs: Int64) {
        self.name = name
        self.bytes = bytes
        self.savedMs = savedMs
    }
}

/// What must be there for a change to be made.
package enum LayoutCondition: Sendable, Equatable {
    /// Whatever is there, or nothing.
    case any
    /// Some layout.
    case exists
    /// One whose text has one of these tags.
    case tags([String])

    func holds(_ text: String?) -> Bool {
        switch self {
        case .any: true
        case .exists: text != nil
        case .tags(let tags): text.map { tags.contains(SavedLayout.tag($0)) } ?? false
        }
    }
}

package enum LayoutChange: Sendable, Equatable {
    case done
    /// There are as many others as there may be.
    case tooMany
    case unknown
    /// Nothing was changed: somebody else has been there before.
    case conditionFailed
}

extension SavedLayout {
    /// Tells one text from another: the same after a restart, and for the same text whoever has saved it.
    package static func tag(_ text: String) -> String { textTag(text) }
}

extension ControlStore {
    /// By name.
    package func layouts() throws(ControlStoreError) -> [SavedLayoutFacts] {
        try words.read { database in
            let sql = "SELECT name, length(CAST(layout AS BLOB)) AS bytes, saved_ms FROM layouts ORDER BY name"
            return try Row.fetchAll(database, sql: sql).map {
                SavedLayoutFacts(name: $0["name"], bytes: $0["bytes"], savedMs: $0["saved_ms"])
            }
        }
    }

    package func layout(_ name: String) throws(ControlStoreError) -> SavedLayout? {
        try words.read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM layouts WHERE name = ?", arguments: [name]).map {
                SavedLayout(name: $0["name"], layout: $0["layout"], savedMs: $0["saved_ms"])
            }
        }
    }

    /// Inserts or replaces.
    /// - Parameter condition: asked within the same transaction, so that of two who save the same layout the second sees the first's.
    package func save(_ layout: SavedLayout, most: Int, if condition: LayoutCondition = .any) throws(ControlStoreError)
        -> LayoutChange
    {
        try words.write { database in
            guard condition.holds(try Self.text(layout.name, database)) else { return .conditionFailed }
            let others = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM layouts WHERE name <> ?", arguments: [layout.name])
            guard others ?? 0 < most else { return .tooMany }
            try database.execute(
                sql: "INSERT OR REPLACE INTO layouts (name, layout, saved_ms) VALUES (?, ?, ?)",
                arguments: [layout.name, layout.layout, layout.savedMs])
            return .done
        }
    }

    package func removeLayout(_ name: String, if condition: LayoutCondition = .any) throws(ControlStoreError) -> LayoutChange {
        try words.write { database in
            guard condition.holds(try Self.text(name, database)) else { return .conditionFailed }
            try database.execute(sql: "DELETE FROM layouts WHERE name = ?", arguments: [name])
            return database.changesCount > 0 ? .done : .unknown
        }
    }

    private static func text(_ name: String, _ database: Database) throws -> String? {
        try String.fetchOne(database, sql: "SELECT layout FROM layouts WHERE name = ?", arguments: [name])
    }
}

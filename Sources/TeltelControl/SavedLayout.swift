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

extension ControlStore {
    static func makeLayouts(_ database: Database) throws {
        try database.create(table: "layouts") { table in
            table.primaryKey("name", .text)
            table.column("layout", .text).notNull()
            table.column("saved_ms", .integer).notNull()
        }
    }

    /// By name.
    package func layouts() throws(ControlStoreError) -> [SavedLayoutFacts] {
        try read { database in
            let sql = "SELECT name, length(CAST(layout AS BLOB)) AS bytes, saved_ms FROM layouts ORDER BY name"
            return try Row.fetchAll(database, sql: sql).map {
                SavedLayoutFacts(name: $0["name"], bytes: $0["bytes"], savedMs: $0["saved_ms"])
            }
        }
    }

    package func layout(_ name: String) throws(ControlStoreError) -> SavedLayout? {
        try read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM layouts WHERE name = ?", arguments: [name]).map {
                SavedLayout(name: $0["name"], layout: $0["layout"], savedMs: $0["saved_ms"])
            }
        }
    }

    /// Inserts or replaces. false: nothing was done, there are `most` others already.
    package func save(_ layout: SavedLayout, most: Int) throws(ControlStoreError) -> Bool {
        try write { database in
            let others = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM layouts WHERE name <> ?", arguments: [layout.name])
            guard others ?? 0 < most else { return false }
            try database.execute(
                sql: "INSERT OR REPLACE INTO layouts (name, layout, saved_ms) VALUES (?, ?, ?)",
                arguments: [layout.name, layout.layout, layout.savedMs])
            return true
        }
    }

    /// Whether there was one.
    package func removeLayout(_ name: String) throws(ControlStoreError) -> Bool {
        try write { database in
            try database.execute(sql: "DELETE FROM layouts WHERE name = ?", arguments: [name])
            return database.changesCount > 0
        }
    }
}

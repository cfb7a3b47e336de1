/// How a file of the control store gets its tables: numbered steps, each done once, and what the file says about who may use it.
import GRDB

/// One step. Its text never changes once a version with it has been released: files remember the text's checksum.
struct Migration: Sendable {
    /// SQL statements; all of them are done, or none.
    let sql: String
    /// The oldest formats that understand the file from then on, to read it and to write it.
    let minReader, minWriter: Int

    var checksum: String { textTag(sql) }
}

/// The steps of one file. Its format is the number of the last one, from 1.
struct FileFormat: Sendable {
    let migrations: [Migration]
    var number: Int { migrations.count }

    /// Why a file cannot be used by this version.
    enum Problem: Error, CustomStringConvertible {
        case needsLater(Int, known: Int)
        case otherText(Int)

        var description: String {
            switch self {
            case .needsLater(let needed, let known):
                "it needs teltel's control store format \(needed) or later, and this version knows \(known): start a later version, "
                    + "or choose another --data-dir"
            case .otherText(let number):
                "step \(number) of its format was made by another text than this version has: start the version that made it, or "
                    + "choose another --data-dir"
            }
        }
    }

    /// Within one transaction. A file that a later version has changed is taken as it is, if that version says that this one may.
    func apply(to database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL);
                """)
        let needed = try Int.fetchOne(database, sql: "SELECT max(value) FROM meta WHERE key IN ('min_reader', 'min_writer')")
        if let needed, needed > number { throw Problem.needsLater(needed, known: number) }
        for (index, migration) in migrations.enumerated() {
            let step = index + 1
            let known = try String.fetchOne(
                database, sql: "SELECT checksum FROM migrations WHERE number = ?", arguments: [step])
            if let known {
                guard known == migration.checksum else { throw Problem.otherText(step) }
                continue
            }
            try database.execute(sql: migration.sql)
            try database.execute(
                sql: "INSERT INTO migrations (number, checksum) VALUES (?, ?)", arguments: [step, migration.checksum])
            try database.execute(
                sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('min_reader', ?), ('min_writer', ?)",
                arguments: [migration.minReader, migration.minWriter])
        }
    }
}

/// Tells one text from another, the same after a restart. FNV-1a, 64 bits: nobody looks for two texts with one tag.
func textTag(_ text: String) -> String {
    let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return String(hash, radix: 16) + "-" + String(text.utf8.count, radix: 16)
}

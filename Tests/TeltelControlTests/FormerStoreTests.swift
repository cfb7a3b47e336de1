/// The one file of former versions: everything in it is in the two files afterwards, whenever the collector is killed meanwhile.
import Foundation
import TeltelControl
import TeltelEvents
import Testing

@Suite struct FormerStoreTests {
    /// As the version before made it.
    private func makeFormer(_ folder: String, migrations: Int = 6) throws {
        let all = [
            (
                "runs",
                """
                CREATE TABLE "runs" ("run_id" TEXT PRIMARY KEY NOT NULL, "source_id" TEXT NOT NULL, "status" TEXT NOT NULL,
                    "started_ms" INTEGER NOT NULL, "ended_ms" INTEGER, "record" TEXT NOT NULL);
                CREATE INDEX "runs_on_started_ms" ON "runs"("started_ms");
                """
            ), ("rejected lines", ""), ("counts that a restart does not repeat", ""),
            (
                "answers",
                """
                CREATE TABLE "answers" ("key" TEXT PRIMARY KEY NOT NULL, "status" INTEGER NOT NULL, "body" TEXT NOT NULL,
                    "answered_ms" INTEGER NOT NULL);
                CREATE INDEX "answers_on_answered_ms" ON "answers"("answered_ms");
                """
            ),
            ("removed runs", "CREATE TABLE \"removed_runs\" (\"run_id\" TEXT PRIMARY KEY NOT NULL, \"counted\" TEXT NOT NULL);"),
            (
                "layouts",
                "CREATE TABLE \"layouts\" (\"name\" TEXT PRIMARY KEY NOT NULL, \"layout\" TEXT NOT NULL, \"saved_ms\" INTEGER NOT NULL);"
            ),
        ]
        let path = folder + "/control.sqlite"
        try change(path, "PRAGMA journal_mode = WAL; CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);")
        for (name, sql) in all.prefix(migrations) {
            try change(path, sql + "INSERT INTO grdb_migrations VALUES ('\(name)');")
        }
        var named = fullRecord
        named.runID = "it's named"
        for record in [fullRecord, named] {
            let text = String(decoding: try JSONEncoder().encode(record), as: UTF8.self).replacingOccurrences(of: "'", with: "''")
            let name = record.runID.text.replacingOccurrences(of: "'", with: "''")
            try change(path, "INSERT INTO runs VALUES ('\(name)', 's', 'failed', \(record.orderMs), 9, '\(text)')")
        }
        try change(path, "INSERT INTO runs VALUES ('later', 'its source', 'completed', 77, 88, '{\"of\": \"a later version\"}')")
        guard migrations == 6 else { return }
        try change(
            path,
            """
            INSERT INTO answers VALUES ('key', 202, 'body', 5);
            INSERT INTO removed_runs VALUES ('removed', '{"ring":3}');
            INSERT INTO layouts VALUES ('mine', '{"panels":[]}', 6);
            """)
    }

    private func expectAll(_ store: ControlStore) throws {
        #expect(try store.run("run") == fullRecord)
        #expect(try store.run("it's named")?.words == fullRecord.words)
        let later = try #require(try store.run("later"))
        #expect(later.status == .completed && later.sourceID == "its source" && later.orderMs == 77 && later.endedMs == 88)
        #expect(try store.newestAnswers(5, notBefore: 0).map(\.body) == ["body"])
        #expect(try store.removedRuns() == ["removed": ["ring": 3]])
        #expect(try store.layout("mine")?.layout == "{\"panels\":[]}")
    }

    @Test func `everything is carried over, once`() throws {
        try inDataFolder { folder in
            try makeFormer(folder)
            let store = try ControlStore(dataFolder: folder)
            try expectAll(store)
            #expect(store.notices.count == 1 && store.notices[0].contains("control.sqlite.carried-over"))
            #expect(store.notices[0].contains("1 of its records cannot be read"))
            #expect(try Table(folder, runs: "unreadable_parts").rows.map { $0[2] } == ["{\"of\": \"a later version\"}"])
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(Set(names) == ["control", "control.sqlite.carried-over"])
            let again = try ControlStore(dataFolder: folder)
            #expect(again.notices.isEmpty)
            try expectAll(again)
        }
    }

    @Test func killedBeforeTheEndItIsDoneAgain() throws {
        try inDataFolder { folder in
            try makeFormer(folder)
            _ = try ControlStore(dataFolder: folder)
            // As if the last step had not been reached, or one of the files not.
            let (former, aside) = (folder + "/control.sqlite", folder + "/control.sqlite.carried-over")
            for lost in ["", "words", "runs"] {
                try FileManager.default.moveItem(atPath: aside, toPath: former)
                for suffix in lost.isEmpty ? [] : ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: folder + "/control/\(lost).sqlite" + suffix)
                }
                try expectAll(try ControlStore(dataFolder: folder))
            }
            try FileManager.default.moveItem(atPath: aside, toPath: former)
            try change(folder, words: "UPDATE run_words SET name = 'since then' WHERE run_id = 'run'")
            #expect(try ControlStore(dataFolder: folder).run("run")?.name == "since then")
        }
    }

    @Test func `a file of a version long ago is carried over too`() throws {
        try inDataFolder { folder in
            try makeFormer(folder, migrations: 3)
            let store = try ControlStore(dataFolder: folder)
            #expect(try store.run("run") == fullRecord && store.layouts().isEmpty)
        }
    }

    @Test func `one that is no database is put aside, and what is in the new files stays`() throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            try Data(String(repeating: "no database", count: 1_000).utf8).write(
                to: URL(fileURLWithPath: folder + "/control.sqlite"))
            let store = try ControlStore(dataFolder: folder)
            #expect(store.notices.count == 1 && store.notices[0].contains("control.sqlite.damaged"))
            #expect(try store.run("run") == fullRecord)
        }
    }
}

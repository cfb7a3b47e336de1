/// What of a record is written when, and what becomes of what cannot be read.
import TeltelControl
import TeltelEvents
import Testing

@Suite struct RunPartsTests {
    /// Rows of `run_parts` and `runs` that a save has written, by name: what is written is counted by triggers.
    private func written(_ folder: String, _ body: () throws -> Void) throws -> [String] {
        try change(
            folder,
            runs: """
                CREATE TABLE IF NOT EXISTS log (what TEXT);
                CREATE TRIGGER IF NOT EXISTS i AFTER INSERT ON run_parts BEGIN INSERT INTO log VALUES (NEW.part); END;
                CREATE TRIGGER IF NOT EXISTS u AFTER UPDATE ON run_parts BEGIN INSERT INTO log VALUES (NEW.part); END;
                CREATE TRIGGER IF NOT EXISTS l AFTER INSERT ON runs BEGIN INSERT INTO log VALUES ('line'); END;
                DELETE FROM log;
                """)
        try body()
        return try Table(folder, runs: "log").rows.map { $0[0] ?? "" }.sorted()
    }

    @Test func `only what has changed is written`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            var record = fullRecord
            record.status = .running
            #expect(
                try written(folder) { _ = try store.save([record]) } == ["counts", "identity", "lifecycle", "line", "schema"])
            #expect(try written(folder) { _ = try store.save([record]) } == [])
            record.types[0].accepted += 1
            #expect(try written(folder) { _ = try store.save([record]) } == ["counts"])
            record.name = "said by somebody"
            #expect(try written(folder) { _ = try store.save([record]) } == [])
            record.types.append(.init(sourceID: "s", channel: "c", type: "another", accepted: 1))
            #expect(try written(folder) { _ = try store.save([record]) } == ["counts", "schema"])
            record.warn("another code", "message")
            #expect(try written(folder) { _ = try store.save([record]) } == ["lifecycle", "line"])
            record.change(tags: ["key": "other"])
            #expect(try written(folder) { _ = try store.save([record]) } == ["identity", "line"])
            #expect(try ControlStore(dataFolder: folder).run("run") == record)
        }
    }

    @Test func `what a failed save has not written is written by the next`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            var record = fullRecord
            record.status = .running
            _ = try store.save([record])
            record.types[0].accepted += 1
            try change(folder, runs: "CREATE TRIGGER no BEFORE UPDATE ON run_parts BEGIN SELECT RAISE(ABORT, 'no'); END")
            #expect(throws: ControlStoreError.self) { try store.save([record]) }
            try change(folder, runs: "DROP TRIGGER no")
            _ = try store.save([record])
            #expect(try ControlStore(dataFolder: folder).run("run") == record)
        }
    }

    @Test(arguments: ["identity", "lifecycle", "schema", "counts"])
    func `what cannot be read is put aside, told once, and the rest is known`(part: String) throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            try change(folder, runs: "UPDATE run_parts SET content = '{\"of\": \"a later version\"}' WHERE part = '\(part)'")
            let store = try ControlStore(dataFolder: folder)
            var record = try #require(try store.recentRuns(10).first)
            #expect(record.runID == "run" && record.name == "a name" && record.status == .failed)
            #expect(record.orderMs == fullRecord.orderMs)
            #expect((record.types == fullRecord.types) == !["schema", "counts"].contains(part))
            if part == "schema" { #expect(record.accepted == fullRecord.accepted) }
            record.note = "goes on"
            _ = try store.save([record])
            let told = store.takeUnreadable()
            #expect(told.map(\.part) == [part] && told.map(\.runID) == ["run"])
            #expect(try Table(folder, runs: "unreadable_parts").rows.map { $0[2] } == ["{\"of\": \"a later version\"}"])
            // And no more of it.
            let next = try ControlStore(dataFolder: folder)
            #expect(try next.recentRuns(10).first == record)
            _ = try next.save([])
            #expect(next.takeUnreadable().isEmpty)
        }
    }

    @Test func `fields of earlier versions are neither inputs nor measured, but for what always is`() throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            func field(_ name: String, key: Bool = false) -> String {
                #"{"name":"\#(name)","kind":"f64","unit":"","key":\#(key),"labels":[]}"#
            }
            let cost = field("perf.cpu_time_ms")
            let former = #"""
                {"types":[{"sourceID":"s","channel":"c","type":"t","fields":[\#(field("x", key: true)),\#(cost)]},
                    {"sourceID":"s","channel":"c","type":"frame.end","fields":[\#(field("dt")),\#(cost)]}]}
                """#
            try change(folder, runs: "UPDATE run_parts SET content = '\(former)' WHERE part = 'schema'")
            let found = try #require(try ControlStore(dataFolder: folder).run("run"))
            #expect(found.types.map { $0.fields.map(\.key) } == [[true, false], [false, false]])
            #expect(found.types.map { $0.fields.map(\.measured) } == [[false, false], [false, true]])
            #expect(found.types.allSatisfy { $0.fields.allSatisfy { !$0.input } })
        }
    }

    @Test func `words of a run whose record is lost come back, whatever is said meanwhile`() throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            try change(folder, runs: "DELETE FROM runs; DELETE FROM run_parts")
            let store = try ControlStore(dataFolder: folder)
            var record = RunRecord(runID: "run", sourceID: "s", startedMs: 1)
            record.name = "a new name"
            let words = try #require(try store.save([record])["run"])
            #expect(words.name == "a new name" && words.note == "a note" && words.changedTags == fullRecord.changedTags)
            record.words = words
            #expect(try store.save([record]).isEmpty)
            // Somebody takes it away: that is no gap to be filled.
            record.note = nil
            #expect(try store.save([record]).isEmpty)
            let again = try ControlStore(dataFolder: folder)
            var found = try #require(try again.run("run"))
            #expect(found.name == "a new name" && found.note == nil)
            found.name = nil
            #expect(try again.save([found]).isEmpty)
            #expect(try again.run("run")?.name == nil)
        }
    }

    @Test func `a record that is there is not replaced by one that was made again`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            _ = try store.save([fullRecord])
            let made = ["run", "other"].map { RunRecord(runID: $0, sourceID: "again", startedMs: 5) }
            #expect(try store.insertMissing(made) == ["other"])
            #expect(try store.run("run") == fullRecord && store.run("other")?.sourceID == "again")
        }
    }
}

import Foundation
import TeltelControl
import TeltelEvents
import Testing

@Suite struct ControlStoreTests {
    @Test func `a run is found by its bytes`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            let names: [Name] = ["R_\u{3a9}", "R_\u{2126}"]
            _ = try store.save(names.map { RunRecord(runID: $0, sourceID: "s", startedMs: 1) })
            for name in names { #expect(try store.run(name)?.runID == name) }
            #expect(try store.run("another") == nil)
        }
    }

    @Test func `all runs have their places, newest first, each once`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            // Several began in one millisecond.
            _ = try store.save(
                (0..<50).map { RunRecord(runID: Name("run \($0 % 10) of \($0)"), sourceID: "s", startedMs: Int64($0 / 7)) })
            for limit in [1, 7, 49, 50, 51] {
                var found: [RunPlace] = []
                var part: [RunPlace]
                repeat {
                    part = try store.places(before: found.last.flatMap { RunPlace(text: $0.text) }, limit: limit)
                    found += part
                } while !part.isEmpty
                #expect(found.count == 50 && found == found.sorted(by: >) && Set(found.map(\.runID)).count == 50)
                #expect(try store.records(of: found.map(\.runID)).map(RunPlace.init) == found)
            }
        }
    }

    @Test func `a collector goes on with the newest runs, and with those that are not over`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            var records = (0..<9).map { RunRecord(runID: Name("run-\($0)"), sourceID: "s", startedMs: Int64($0)) }
            for index in records.indices { (records[index].status, records[index].isRecorded) = (.completed, true) }
            records[1].status = .running
            records[3].isRecorded = false
            _ = try store.save(records)
            #expect(Set(try store.recentRuns(2).map(\.runID)) == ["run-8", "run-7", "run-1", "run-3"])
        }
    }

    @Test(arguments: ["", "x", "12", "12xa", "12xAB", "ax61", "12x6g", "-"]) func `other texts are no places`(text: String) {
        #expect(RunPlace(text: text) == nil)
    }

    @Test func `everything of a record is kept`() throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            #expect(try ControlStore(dataFolder: folder).run("run") == fullRecord)
        }
    }

    @Test func `a removed run leaves its words and parts, and its positions stay`() throws {
        try inDataFolder { folder in
            let store = try ControlStore(dataFolder: folder)
            _ = try store.save([fullRecord])
            try store.remove("run", counted: ["ring": 7])
            #expect(try store.run("run") == nil && store.removedRuns() == ["run": ["ring": 7]])
            #expect(try Table(folder, runs: "run_parts").rows.isEmpty && Table(folder, words: "run_words").rows.isEmpty)
            try store.forgetRemoved(["run"])
            #expect(try store.removedRuns().isEmpty)
        }
    }

    // MARK: what cannot be opened

    @Test(arguments: ["words", "runs"]) func aFileThatIsNoDatabaseIsPutAsideAndTheOtherStays(name: String) throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            let path = folder + "/control/\(name).sqlite"
            for number in 1...3 {
                for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
                try Data("no database \(number), but long enough to be read as one: \(String(repeating: ".", count: 4_096))".utf8)
                    .write(to: URL(fileURLWithPath: path))
                let store = try ControlStore(dataFolder: folder)
                let aside = path + (number == 1 ? ".damaged" : ".damaged-\(number)")
                #expect(store.notices.count == 1 && store.notices[0].contains(aside))
                let text = try String(contentsOfFile: aside, encoding: .utf8)
                #expect(text.hasPrefix("no database \(number)"))
                if name == "words" {
                    var rest = fullRecord
                    (rest.name, rest.note, rest.changedTags) = (nil, nil, [:])
                    #expect(try store.run("run") == rest)
                } else {
                    #expect(try store.run("run") == nil)
                    // Whoever is known by this name again has what was said about it.
                    let again = RunRecord(runID: "run", sourceID: "s", startedMs: 1)
                    #expect(try store.save([again])["run"] == fullRecord.words)
                }
            }
        }
    }

    @Test(arguments: ["words", "runs"]) func `what cannot be opened for another reason stays where it is`(name: String) throws {
        try inDataFolder { folder in
            let path = folder + "/control/\(name).sqlite"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            #expect(throws: ControlStoreError.self) { try ControlStore(dataFolder: folder) }
            #expect(FileManager.default.fileExists(atPath: path))
            #expect(!FileManager.default.fileExists(atPath: path + ".damaged"))
        }
    }

    @Test(arguments: ["min_reader", "min_writer"]) func `a file that needs a later version is refused by the version`(key: String)
        throws
    {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder)
            try change(folder, words: "UPDATE meta SET value = 7 WHERE key = '\(key)'")
            let error = #expect(throws: ControlStoreError.self) { try ControlStore(dataFolder: folder) }
            let said = error?.description ?? ""
            #expect(said.contains("words.sqlite") && said.contains("format 7 or later") && said.contains("this version knows 3"))
            #expect(said.contains("--data-dir"))
        }
    }

    @Test func `a later version that allows it is no obstacle`() throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder).save([fullRecord])
            try change(
                folder, runs: "ALTER TABLE runs ADD COLUMN later TEXT; INSERT INTO migrations (number, checksum) VALUES (2, 'x')")
            #expect(try ControlStore(dataFolder: folder).run("run") == fullRecord)
        }
    }

    @Test func `a step with another text is refused`() throws {
        try inDataFolder { folder in
            _ = try ControlStore(dataFolder: folder)
            try change(folder, runs: "UPDATE migrations SET checksum = 'another' WHERE number = 1")
            let error = #expect(throws: ControlStoreError.self) { try ControlStore(dataFolder: folder) }
            #expect(error?.description.contains("step 1 of its format") == true)
        }
    }

    @Test func `files and folder are their user's alone`() throws {
        try inDataFolder { folder in
            let old = umask(0)
            defer { umask(old) }
            let store = try ControlStore(dataFolder: folder)
            _ = try store.save([fullRecord])
            let control = folder + "/control"
            let files = try FileManager.default.contentsOfDirectory(atPath: control)
            #expect(files.contains("words.sqlite-wal") && files.contains("runs.sqlite-wal"))
            for path in [control] + files.map({ control + "/" + $0 }) {
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
                #expect(mode.map { $0 & 0o077 } == 0, "\(path)")
            }
        }
    }
}

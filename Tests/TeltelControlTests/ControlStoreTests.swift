import Foundation
import TeltelControl
import TeltelEvents
import Testing

@Suite struct ControlStoreTests {
    /// A folder that is gone afterwards.
    private static func inFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("teltel-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appendingPathComponent("control.sqlite").path)
    }

    @Test func `a run is found by its bytes`() throws {
        try Self.inFolder { path in
            let store = try ControlStore(path: path)
            let names: [Name] = ["R_\u{3a9}", "R_\u{2126}"]
            try store.save(names.map { RunRecord(runID: $0, sourceID: "s", startedMs: 1) })
            for name in names { #expect(try store.run(name)?.runID == name) }
            #expect(try store.run("another") == nil)
        }
    }

    @Test func `all runs are read in parts, newest first, each once`() throws {
        try Self.inFolder { path in
            let store = try ControlStore(path: path)
            // Several began in one millisecond.
            try store.save(
                (0..<50).map { RunRecord(runID: Name("run \($0 % 10) of \($0)"), sourceID: "s", startedMs: Int64($0 / 7)) })
            for limit in [1, 7, 49, 50, 51] {
                var (found, place): ([RunPlace], RunPlace?) = ([], nil)
                repeat {
                    let part = try store.runs(before: place, limit: limit)
                    found += part.records.map(RunPlace.init)
                    place = part.next.flatMap { RunPlace(text: $0.text) }
                    #expect(place == part.next)
                } while place != nil
                #expect(found.count == 50 && found == found.sorted(by: >) && Set(found.map(\.runID)).count == 50)
            }
        }
    }

    @Test func `a collector goes on with the newest runs, and with those that are not over`() throws {
        try Self.inFolder { path in
            let store = try ControlStore(path: path)
            var records = (0..<9).map { RunRecord(runID: Name("run-\($0)"), sourceID: "s", startedMs: Int64($0)) }
            for index in records.indices { (records[index].status, records[index].isRecorded) = (.completed, true) }
            records[1].status = .running
            records[3].isRecorded = false
            try store.save(records)
            #expect(Set(try store.recentRuns(2).map(\.runID)) == ["run-8", "run-7", "run-1", "run-3"])
        }
    }

    @Test(arguments: ["", "x", "12", "12xa", "12xAB", "ax61", "12x6g", "-"]) func `other texts are no places`(text: String) {
        #expect(RunPlace(text: text) == nil)
    }

    @Test func `a file that is no database is put aside, and no earlier one is lost`() throws {
        try Self.inFolder { path in
            for number in 1...3 {
                try Data("no database \(number), but long enough to be read as one: \(String(repeating: ".", count: 4_096))".utf8)
                    .write(to: URL(fileURLWithPath: path))
                let aside = try ControlStore(path: path).putAside
                #expect(aside == path + (number == 1 ? ".damaged" : ".damaged-\(number)"))
                try FileManager.default.removeItem(atPath: path)
                for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            }
            for (number, suffix) in [(1, ""), (2, "-2"), (3, "-3")] {
                let text = try String(contentsOfFile: path + ".damaged" + suffix, encoding: .utf8)
                #expect(text.hasPrefix("no database \(number)"))
            }
        }
    }

    @Test func `what cannot be opened for another reason stays where it is`() throws {
        try Self.inFolder { path in
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            #expect(throws: ControlStoreError.self) { try ControlStore(path: path) }
            #expect(FileManager.default.fileExists(atPath: path))
            #expect(!FileManager.default.fileExists(atPath: path + ".damaged"))
        }
    }
}

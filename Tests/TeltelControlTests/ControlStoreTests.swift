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

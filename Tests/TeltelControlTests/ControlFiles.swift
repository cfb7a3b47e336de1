/// Files of the control store as another program sees them.
import Foundation
import GRDB
import TeltelControl
import TeltelEvents

/// A data folder that is gone afterwards.
func inDataFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("teltel-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}

func change(_ folder: String, words sql: String) throws { try change(folder + "/control/words.sqlite", sql) }
func change(_ folder: String, runs sql: String) throws { try change(folder + "/control/runs.sqlite", sql) }

/// Over a connection of its own.
func change(_ path: String, _ sql: String) throws { try DatabaseQueue(path: path).inDatabase { try $0.execute(sql: sql) } }

/// The rows of a table, as texts.
struct Table {
    let rows: [[String?]]

    init(_ folder: String, words table: String) throws { try self.init(path: folder + "/control/words.sqlite", table) }
    init(_ folder: String, runs table: String) throws { try self.init(path: folder + "/control/runs.sqlite", table) }

    private init(path: String, _ table: String) throws {
        rows = try DatabaseQueue(path: path).inDatabase { database in
            try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { row in
                row.databaseValues.map { String.fromDatabaseValue($0) }
            }
        }
    }
}

/// A record with something in everything.
let fullRecord: RunRecord = {
    var record = RunRecord(runID: "run", sourceID: "s", startedMs: 1_700_000_000_123)
    (record.name, record.note) = ("a name", "a note")
    record.originalRunID = "run before"
    record.sources = ["s", "t"]
    (record.status, record.endedMs, record.endReason) = (.failed, 1_700_000_001_000, "a reason")
    (record.engineVersion, record.seed, record.config) = ("1.2", .max, "{\"a\":1}")
    record.take(tags: [("key", "value"), ("R_\u{3a9}", "1"), ("R_\u{2126}", "2")])
    record.change(tags: ["key": "changed", "gone": nil])
    record.types = [
        .init(
            sourceID: "s", channel: "c", type: "t", accepted: 7,
            fields: [
                .init(name: "x", kind: "f64", unit: "m", key: true, labels: ["a", "b"]),
                .init(name: "command", kind: "u8", unit: "", key: true, input: true, labels: []),
                .init(name: "cost", kind: "f64", unit: "ms", key: false, measured: true, labels: []),
            ]),
        .init(sourceID: "t", channel: "c", type: "u", accepted: 2),
    ]
    (record.lastFrame, record.lastSimTime) = (.max, 0.1)
    record.refusedByInstance = ["i": ["full": 3]]
    record.refusedTypesByInstance = ["i": [.init(sourceID: "s", channel: "c", type: "t", byReason: ["full": 3])]]
    record.lost = ["spool_full": 2]
    record.losses = [.init(kind: .lost, reason: "spool_full", from: 1, to: 2, count: 2)]
    record.placedByRing = ["i/1": 3]
    record.warn("code", "message")
    (record.startedSources, record.endedSources) = (["s"], ["s", "t"])
    record.worstEnd = .init(status: .failed, reason: "a reason")
    record.receivedMs = 1_700_000_000_456
    record.rejectedLines = ["invalid-json": 4]
    record.counted = ["i/1": 99]
    record.instances = ["i"]
    (record.storedEvents, record.unstoredEvents, record.lateEvents, record.acceptedAtLeast) = (6, 1, 2, 9)
    return record
}()

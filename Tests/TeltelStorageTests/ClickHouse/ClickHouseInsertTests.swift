/// Inserts: exactly once, whatever happens in between, and clear words when they fail.
import Foundation
import TeltelEvents
import TeltelStorage
import Testing

@Suite(.enabled(if: TestClickHouse.library != nil, "the engine library is not installed"))
struct ClickHouseInsertTests {
    static let schema = EventSchema(
        channel: "c", type: "t", encoding: .record(size: 8), fields: [Field(name: "x", kind: .f64, offset: 0)])

    /// Blocks of some segments.
    static func segments(_ count: Int, rows: Int) -> [FinishedBlock] {
        let blocks = NativeBlocks(catalog: TableCatalog())
        return (0..<count).flatMap { segment -> [FinishedBlock] in
            var ring = RingRows()
            for row in 0..<rows { ring.add(frame: UInt64(segment * rows + row), simTime: 0, payload: plainBytes(Double(row))) }
            _ = ring.append(to: blocks, schema, begin: UInt64(segment) << 32)
            return blocks.finished()
        }
    }

    @Test(arguments: TestClickHouse.Way.allCases)
    func aRepeatedTokenAddsNothing(_ way: TestClickHouse.Way) throws {
        let house = try TestClickHouse(way)
        let segments = Self.segments(5, rows: 1_000)
        let table = try #require(segments.first).description.table
        for _ in 0..<3 { try house.store(segments, token: "group-1") }
        let ranges = segments.flatMap(\.description.ranges)
        #expect(try house.tables.count(table, ranges) == 5_000)
        #expect(try house.tables.count(table, [ranges[2]]) == 1_000)
        #expect(try house.tables.count(table, [RowRange(ring: ranges[0].ring, first: 9, last: 10, rows: 1)]) == 0)
        #expect(try house.tables.sequences(table, ranges[1]) == (0..<1_000).map { 1 << 32 + UInt64($0) * 32 })
        // One insert is one part: all rows or none.
        #expect(try house.lines("SELECT count() FROM system.parts WHERE table = '\(table.name)' AND active") == ["1"])
        try house.removeFiles()
    }

    @Test func aTokenHoldsAfterTheHostWasKilled() throws {
        var house = try TestClickHouse(.file)
        let directory = house.directory
        let segments = Self.segments(2, rows: 500)
        let table = try #require(segments.first).description.table
        try house.store(segments, token: "group-1")
        house.kill()
        house = try TestClickHouse(.file, directory: directory)
        try house.store(segments, token: "group-1")
        #expect(try house.tables.count(table, segments.flatMap(\.description.ranges)) == 1_000)
        try house.removeFiles()
    }

    @Test(arguments: TestClickHouse.Way.allCases)
    func aFileThatWasCutIsNotSent(_ way: TestClickHouse.Way) throws {
        let house = try TestClickHouse(way)
        let segments = Self.segments(3, rows: 100)
        let table = try #require(segments.first).description.table
        try house.tables.ensureTable(table)
        let file = try house.payload(segments, name: "cut")
        try #require(truncate(file.path, file.bytes / 2) == 0)
        let request = InsertRequest(table: table, token: "t", payloadPath: file.path, payloadBytes: file.bytes, rows: 300)
        let error = #expect(throws: ClickHouseError.self) { try house.tables.insert(request) }
        #expect(error?.source == .payload)
        #expect(error?.isAmbiguous == false)
        #expect(try house.tables.count(table, segments.flatMap(\.description.ranges)) == 0)
        try house.removeFiles()
    }

    @Test(arguments: TestClickHouse.Way.allCases)
    func bytesThatAreNoBlocksAreRefusedForTheirContent(_ way: TestClickHouse.Way) throws {
        let house = try TestClickHouse(way)
        let good = try #require(Self.segments(1, rows: 10).first)
        try house.tables.ensureTable(good.description.table)
        // Four rows promised, bytes of one.
        let bad = FinishedBlock(description: good.description, bytes: Array(good.bytes.prefix(good.bytes.count - 30)))
        let error = #expect(throws: ClickHouseError.self) { try house.store([bad]) }
        #expect(error?.advice == .split)
        #expect(try house.tables.count(good.description.table, good.description.ranges) == 0)
        try house.removeFiles()
    }

    @Test func aTableThatVanishedIsMadeAgain() throws {
        let house = try TestClickHouse(.file)
        let segments = Self.segments(1, rows: 10)
        let table = try #require(segments.first).description.table
        try house.store(segments, token: "a")
        _ = try house.client.run(ClickHouseQuery("DROP TABLE \(SQLText.name(table.name)) SYNC"))
        let error = #expect(throws: ClickHouseError.self) { try house.store(segments, token: "b") }
        #expect(error?.code == 60)
        #expect(error?.advice == .retry)
        try house.store(segments, token: "b")
        #expect(try house.tables.count(table, segments.flatMap(\.description.ranges)) == 10)
        try house.removeFiles()
    }

    @Test func filesOutsideThePayloadFolderAreRefused() throws {
        let house = try TestClickHouse(.file)
        let segments = Self.segments(1, rows: 10)
        let table = try #require(segments.first).description.table
        try house.tables.ensureTable(table)
        let inside = try house.payload(segments, name: "inside")
        let link = house.directory + "/payloads/link.native.zst"
        let outside = house.directory + "/outside.native.zst"
        try FileManager.default.copyItem(atPath: inside.path, toPath: outside)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: outside)
        for path in [outside, link] {
            try house.tables.ensureTable(table)
            let error = #expect(throws: ClickHouseError.self) {
                try house.tables.insert(
                    InsertRequest(table: table, token: path, payloadPath: path, payloadBytes: inside.bytes, rows: 10))
            }
            #expect(error?.code == 497)
        }
        try house.removeFiles()
    }

    @Test func runMetadataKeepsOneRowPerRun() throws {
        let house = try TestClickHouse(.file)
        var row = RunMetadata(
            runID: "r'1", startedAt: 1_700_000_000, sourceID: "engine", config: #"{"a":"\\\"é"}"#, seed: .max, status: "running",
            updatedAt: 5)
        try house.tables.write([row])
        row.status = "completed"
        row.endedAt = 1_700_000_060
        row.durationSeconds = 0.1
        row.totalEvents = 1 << 60
        row.endReason = "done"
        try house.tables.write([row])
        try house.tables.write([row])
        let sql = """
            SELECT run_id, toUnixTimestamp(started_at), toUnixTimestamp(ended_at), duration_seconds, total_events, source_id, config, \
            engine_version, seed, status, end_reason, tags FROM run_metadata FINAL
            """
        let expected = [
            "r'1", "1700000000", "1700000060", "0.1", "1152921504606846976", "engine", #"{"a":"\\\"é"}"#, "",
            "18446744073709551615",
            "completed", "done", "{}",
        ]
        #expect(try house.lines(sql) == [expected.joined(separator: "\t")])
        try house.removeFiles()
    }
}

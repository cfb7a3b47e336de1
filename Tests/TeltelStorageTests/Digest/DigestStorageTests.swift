/// Digests that the collector adds up are those that the database makes of the rows.
import Foundation
import TeltelAnalysis
import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// A line for each block, and for each field of it, the same whoever made them. A field may be in some parts of a block only.
private let wanted = """
    WITH made AS (%)
    SELECT source_id, block, '' AS field, [sum(rows), sum(row_digest), min(first_frame), max(last_frame)] AS sums, inf AS low, -inf AS high
    FROM made GROUP BY source_id, block
    UNION ALL
    SELECT source_id, block, f.1 AS field, [sum(f.2), sum(f.3), sum(f.4), sum(f.5)] AS sums, min(f.6) AS low, max(f.7) AS high
    FROM made ARRAY JOIN arrayZip(fields, digests, counts, nans, infinities, smallest, largest) AS f
    GROUP BY source_id, block, field HAVING sum(f.3) > 0
    ORDER BY ALL
    """

@Suite(.enabled(if: TestClickHouse.library != nil, "the engine library is not installed"))
struct DigestStorageTests {
    /// Stores what the blocks have, events first.
    private func store(_ blocks: NativeBlocks, in house: TestClickHouse) throws {
        blocks.digests.closeAll()
        for block in blocks.finished() { try house.store([block]) }
    }

    private func stored(_ house: TestClickHouse, run: String = "run 1") throws -> [String] {
        let sql = "SELECT * FROM run_digests WHERE run_id = {run:String}"
        return try house.lines(wanted.replacing("%", with: sql), ["run": run])
    }

    private func made(_ house: TestClickHouse, keys: [String] = [], run: String = "run 1", type: (Name, Name)? = nil) throws
        -> [String]
    {
        let facts = try #require(try house.tables.facts().first { ($0.key == nil) == (type != nil) })
        let table = StoredTable(
            name: facts.name, channel: facts.key?.channel, type: facts.key?.type,
            columns: facts.payload.map { .init(path: $0.path, name: $0.column.name, type: $0.column.type) })
        let question = DigestSQL(
            table, keys: keys, measured: facts.key?.type == "frame.end" ? ["payload.perf.cpu_time_ms", "rest"] : [])
        let statement = question.statement(runID: run, type: type.map { ($0.0, $0.1) })
        let parameters = Dictionary(uniqueKeysWithValues: statement.parameters.map { ($0.name, $0.value) })
        return try house.lines(wanted.replacing("%", with: statement.sql), parameters)
    }

    private static func differences(_ stored: [String], _ expected: [String]) -> [String] {
        stored.filter { !expected.contains($0) }.map { "stored: \($0)" }
            + expected.filter { !stored.contains($0) }.map { "made: \($0)" }
    }

    static let everyKind = EventSchema(
        channel: "c", type: "all", encoding: .record(size: 150),
        fields: [
            Field(name: "f64", kind: .f64, offset: 0), Field(name: "f32", kind: .f32, offset: 8),
            Field(name: "i64", kind: .i64, offset: 12), Field(name: "u64", kind: .u64, offset: 20),
            Field(name: "i32", kind: .i32, offset: 28), Field(name: "u32", kind: .u32, offset: 32),
            Field(name: "i16", kind: .i16, offset: 36), Field(name: "u16", kind: .u16, offset: 38),
            Field(name: "i8", kind: .i8, offset: 40), Field(name: "u8", kind: .u8, offset: 41, isKey: true),
            Field(name: "on", kind: .bool, offset: 42), Field(name: "name", kind: .text, offset: 43, count: 7, isKey: true),
            Field(name: "pos.x", kind: .f64, offset: 50), Field(name: "short", kind: .i16, offset: 58, count: 3),
            Field(name: "long", kind: .f32, offset: 64, count: 20), Field(name: "bits", kind: .u8, offset: 144, count: 2),
        ])

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func anyValuesOfEveryKind(_ seed: UInt64) throws {
        let house = try TestClickHouse(.file)
        var random = SeededRandom(seed: seed)
        let blocks = NativeBlocks(catalog: TableCatalog())
        for part in 0..<4 {
            var rows = RingRows()
            var frame = UInt64(part) * 700
            for _ in 0..<500 {
                frame += .random(in: 0...3, using: &random)
                var payload = (0..<150).map { _ in UInt8.random(in: 0...255, using: &random) }
                // Among random bits there are few of those that matter.
                let hard = ClickHouseStorageTests.hardDoubles.randomElement(using: &random)!
                if .random(using: &random) { payload.replaceSubrange(0..<8, with: plainBytes(hard)) }
                if .random(using: &random) {
                    payload.replaceSubrange(8..<12, with: plainBytes(Float(sign: .minus, exponent: 128, significand: 1)))
                }
                payload[42] &= 1
                // In UTF-8, and ended.
                for at in 43..<50 { payload[at] &= 0x7F }
                rows.add(
                    frame: frame, simTime: Double(bitPattern: random.next()), tagSet: UInt16.random(in: 0...2, using: &random),
                    payload: payload)
            }
            let tagSets = [TagSet([("car", "7")]), TagSet([("car", "8"), ("é", "\"")])]
            _ = rows.append(
                to: blocks, Self.everyKind, run: RunKey(runID: "run 1", sourceID: Name(part == 3 ? "other" : "engine")),
                writer: UInt16(part), begin: UInt64(part) << 20, tagSets: tagSets)
            if part == 1 { try store(blocks, in: house) }
        }
        try store(blocks, in: house)
        let expected = try made(house, keys: ["payload.u8", "payload.name"])
        #expect(expected.count > 60, "seed \(seed)")
        let differences = try Self.differences(stored(house), expected)
        #expect(differences == [], "seed \(seed)")
        try house.removeFiles()
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func postedPayloadsWhoseMembersComeAndGo(_ seed: UInt64) throws {
        let house = try TestClickHouse(.file)
        var random = SeededRandom(seed: seed)
        let blocks = NativeBlocks(catalog: TableCatalog())
        let schema = EventSchema(channel: "c", type: "frame.end", encoding: .ingest)
        for part in 0..<3 {
            var rows = RingRows()
            for row in 0..<600 {
                var members: [String] = []
                for member in ["a", "b.c", "perf.cpu_time_ms", "n\(part)"] where Bool.random(using: &random) {
                    let value = ["1.5", "-0.0", "\"NaN\"", "\"-Infinity\"", "9007199254740993", "\"text\"", "null", "true"]
                    let parts = member.split(separator: ".")
                    let text = "\"\(parts.last!)\":\(value.randomElement(using: &random)!)"
                    members.append(parts.count == 2 ? "\"\(parts[0])\":{\(text)}" : text)
                }
                rows.addIngest(
                    frame: UInt64(part * 600 + row), simTime: Double(row), wallTime: -1,
                    tags: Bool.random(using: &random) ? "{\"k\":\"\(row % 3)\"}" : "",
                    payload: "{\(members.joined(separator: ","))}")
            }
            #expect(rows.append(to: blocks, schema, begin: UInt64(part) << 20) == 0)
            try store(blocks, in: house)
        }
        let expected = try made(house)
        #expect(expected.count > 10, "seed \(seed)")
        let differences = try Self.differences(stored(house), expected)
        #expect(differences == [], "seed \(seed)")
        try house.removeFiles()
    }

    @Test func typesWithoutATableOfTheirOwn() throws {
        let house = try TestClickHouse(.file)
        let blocks = NativeBlocks(catalog: TableCatalog(limit: 0))
        for (type, value) in [("t", 1.5), ("u", 2.5)] {
            let schema = EventSchema(
                channel: "c", type: Name(type), encoding: .record(size: 8), fields: [Field(name: "x", kind: .f64, offset: 0)])
            var rows = RingRows()
            for row in 0..<100 {
                rows.add(frame: UInt64(row * 20), simTime: Double(row), payload: plainBytes(value + Double(row)))
            }
            _ = rows.append(to: blocks, schema, begin: type == "t" ? 0 : 1 << 20)
        }
        try store(blocks, in: house)
        let sql = "SELECT * FROM run_digests WHERE type = 'u'"
        let expected = try made(house, type: ("c", "u"))
        #expect(!expected.isEmpty)
        #expect(try house.lines(wanted.replacing("%", with: sql)) == expected)
        try house.removeFiles()
    }

    @Test func theHashIsClickHousesOwn() throws {
        let house = try TestClickHouse(.file)
        try house.tables.connect()
        var random = SeededRandom(seed: 1)
        let numbers = [0, 1, .max, 1 << 63, 0x4CF2_D2BA_AE6D_A887] + (0..<1_000).map { _ in random.next() }
        let list = numbers.map(String.init).joined(separator: ",")
        let hashes = try house.lines("SELECT intHash64(arrayJoin([\(list)]::Array(UInt64)))")
        #expect(hashes == numbers.map { String(DigestHash.number($0)) })
        for text in ["", "a", "payload.pos.x", "é\u{301}", String(repeating: "x", count: 100)] {
            #expect(try house.lines("SELECT xxHash64({t:String})", ["t": text]) == [String(DigestHash.text(Array(text.utf8)))])
        }
        try house.removeFiles()
    }

    /// What must not change its answers with another version of the database.
    @Test func factsThatDigestsRelyOn() throws {
        let house = try TestClickHouse(.file)
        try house.tables.connect()
        for (sql, answer) in [
            ("SELECT toUInt64(reinterpretAsUInt8(toInt8(-1)))", "255"),
            ("SELECT toUInt64(reinterpretAsUInt32(reinterpretAsFloat32(toUInt32(2141192193))))", "2141192193"),
            ("SELECT sum(x) FROM (SELECT arrayJoin([18446744073709551615, 2]::Array(UInt64)) AS x)", "1"),
            ("SELECT arraySum([18446744073709551615, 2]::Array(UInt64))", "1"),
            ("SELECT ifNull(minOrNullIf(x, isFinite(x)), inf) FROM (SELECT arrayJoin([nan, inf]) AS x)", "inf"),
        ] {
            #expect(try house.lines(sql) == [answer], "\(sql)")
        }
        try house.removeFiles()
    }
}

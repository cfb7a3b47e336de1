/// Rows go into a real ClickHouse and come back the same.
import Foundation
import TeltelEvents
import TeltelStorage
import Testing

@Suite(.enabled(if: TestClickHouse.library != nil, "the engine library is not installed"))
struct ClickHouseStorageTests {
    /// Doubles that text would not survive: NaN with payload and sign, -0, denormals, the neighbours of 1.
    static let hardDoubles: [UInt64] = [
        0x7FF8_0000_0000_0000, 0x7FF8_DEAD_BEEF_0001, 0xFFF0_0000_0000_0001, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
        0x8000_0000_0000_0000, 0x0000_0000_0000_0001, 0x800F_FFFF_FFFF_FFFF, 0x3FEF_FFFF_FFFF_FFFF, 0x3FF0_0000_0000_0001,
        0x7FEF_FFFF_FFFF_FFFF, 0x3FB9_9999_9999_999A,
    ]

    @Test(arguments: TestClickHouse.Way.allCases)
    func everyKindComesBackWithTheSameBits(_ way: TestClickHouse.Way) throws {
        let house = try TestClickHouse(way)
        let schema = EventSchema(
            channel: "body", type: "state", encoding: .record(size: 45),
            fields: [
                Field(name: "a.f64", kind: .f64, offset: 0), Field(name: "a.u64", kind: .u64, offset: 8),
                Field(name: "a.i64", kind: .i64, offset: 16), Field(name: "f32", kind: .f32, offset: 24),
                Field(name: "u32", kind: .u32, offset: 28), Field(name: "i16", kind: .i16, offset: 32),
                Field(name: "u8", kind: .u8, offset: 34), Field(name: "flag", kind: .bool, offset: 35),
                Field(name: "text", kind: .text, offset: 36, count: 9),
            ])
        var rows = RingRows()
        for (index, bits) in Self.hardDoubles.enumerated() {
            let half = UInt32(truncatingIfNeeded: bits >> 32)
            let payload =
                plainBytes(bits, UInt64.max - UInt64(index), UInt64(bitPattern: Int64.min + Int64(index)))
                + plainBytes(half, half)
                + plainBytes(Int16.min) + [255, index % 2 == 0 ? 0 : 7] + Array("né\"\\\u{1}".utf8) + [0, 65, 66]
            rows.add(
                frame: .max - UInt64(index), simTime: Double(bitPattern: bits),
                wallTime: index == 0 ? 1_700_000_000_123 : Batch.unknownTime, payload: payload)
        }
        let blocks = NativeBlocks(catalog: TableCatalog())
        #expect(rows.append(to: blocks, schema, begin: 1 << 60) == 0)
        try house.store(blocks.finished())

        let table = TableKey(channel: "body", type: "state").tableName
        let halves = Self.hardDoubles.map { $0 >> 32 }
        #expect(try house.bits("reinterpretAsUInt64(`payload.a/f64`)", from: table) == Self.hardDoubles)
        #expect(try house.bits("reinterpretAsUInt64(sim_time)", from: table) == Self.hardDoubles)
        #expect(try house.bits("`payload.a/u64`", from: table) == Self.hardDoubles.indices.map { .max - UInt64($0) })
        #expect(
            try house.bits("reinterpretAsUInt64(`payload.a/i64`)", from: table)
                == Self.hardDoubles.indices.map { 1 << 63 + UInt64($0) })
        #expect(try house.bits("reinterpretAsUInt32(`payload.f32`)", from: table) == halves)
        #expect(try house.bits("`payload.u32`", from: table) == halves)
        #expect(try house.bits("frame_index", from: table) == Self.hardDoubles.indices.map { .max - UInt64($0) })
        #expect(try house.bits("sequence", from: table) == rows.offsets.map { 1 << 60 + UInt64($0) })
        let facts = try house.lines(
            """
            SELECT DISTINCT run_id, instance, source_id, writer, toInt32(`payload.i16`), `payload.u8`, hex(`payload.text`), \
            toUnixTimestamp(inserted_at), tags, rest FROM \(table)
            """)
        let text = "né\"\\\u{1}".utf8.map { String(format: "%02X", $0) }.joined()
        #expect(facts == ["run 1\t0000000000000abc\tengine\t3\t-32768\t255\t\(text)\t1700000000\t\t"])
        #expect(try house.bits("toUInt8(`payload.flag`)", from: table) == Self.hardDoubles.indices.map { UInt64($0 % 2) })
        #expect(try house.lines("SELECT wall_time_ms FROM \(table) ORDER BY sequence LIMIT 2") == ["1700000000123", "\\N"])
        try house.removeFiles()
    }

    @Test func theViewHasTheContractsColumns() throws {
        let house = try TestClickHouse(.file)
        try house.tables.connect()
        let expected = [
            "run_id\tString", "source_id\tLowCardinality(String)", "channel\tLowCardinality(String)",
            "type\tLowCardinality(String)",
            "frame_index\tUInt32", "sim_time\tFloat64", "wall_time_ms\tNullable(UInt64)", "tags\tString", "payload\tString",
            "inserted_at\tDateTime",
        ]
        let sql =
            "SELECT name, type FROM system.columns WHERE database = 'teltel' AND table = 'telemetry_events' ORDER BY position"
        #expect(try house.lines(sql) == expected)
        #expect(try house.lines("SELECT count() FROM telemetry_events") == ["0"])

        var rows = RingRows()
        rows.add(frame: 1, simTime: 0.5, tagSet: 1, wallTime: 12, payload: plainBytes(1.5))
        rows.add(frame: 1 << 32, simTime: 0.5, payload: plainBytes(2.5))
        let schema = EventSchema(
            channel: "it's", type: "a\\b", encoding: .record(size: 8), fields: [Field(name: "x", kind: .f64, offset: 0)])
        let blocks = NativeBlocks(catalog: TableCatalog())
        _ = rows.append(to: blocks, schema, tagSets: [TagSet([("car", "7")])])
        try house.store(blocks.finished())
        #expect(try house.lines(sql) == expected)
        let row = try house.lines(
            "SELECT run_id, source_id, channel, type, frame_index, sim_time, wall_time_ms, tags, payload, toUnixTimestamp(inserted_at) FROM telemetry_events"
        )
        // The second frame is beyond what the column can hold.
        #expect(row == ["run 1\tengine\tit's\ta\\b\t1\t0.5\t12\t{\"car\":\"7\"}\t{\"x\":1.5}\t1700000000"])
        #expect(
            try house.lines(sql.replacing("'telemetry_events'", with: "'telemetry_events_64'"))
                == expected.map { $0.replacing("frame_index\tUInt32", with: "frame_index\tUInt64") })
        #expect(
            try house.lines("SELECT frame_index, payload FROM telemetry_events_64 ORDER BY frame_index")
                == ["1\t{\"x\":1.5}", "4294967296\t{\"x\":2.5}"])
        try house.removeFiles()
    }

    /// What a query names is all that is read, through both views: the type's own table, and of it the run's rows around the frames.
    @Test func questionsToTheViewsReadOnlyWhatTheyName() throws {
        let house = try TestClickHouse(.file)
        let frames = 40_000
        for type in ["a", "b", "c"] {
            var rows = RingRows()
            for frame in 0..<frames { rows.add(frame: UInt64(frame), simTime: 0, payload: plainBytes(Double(frame))) }
            let blocks = NativeBlocks(catalog: TableCatalog())
            let schema = EventSchema(
                channel: "c", type: Name(type), encoding: .record(size: 8), fields: [Field(name: "x", kind: .f64, offset: 0)])
            _ = rows.append(to: blocks, schema)
            try house.store(blocks.finished())
        }
        for view in ["telemetry_events", "telemetry_events_64"] {
            let condition = "run_id = 'run 1' AND type = 'b' AND frame_index BETWEEN 100 AND 200"
            let plan = try house.lines("EXPLAIN indexes = 1 SELECT payload FROM \(view) WHERE \(condition)")
            let granules = plan.filter { $0.contains("Granules: ") && $0.contains("/") }
                .map { $0.split(separator: "Granules: ")[1].split(separator: "/").compactMap { Int($0) } }
            // The other tables' filters are never true: no part of them is looked at.
            #expect(granules.count == 1, "\(view): \(plan.joined(separator: "\n"))")
            #expect(granules.first.map { $0[0] < $0[1] } == true, "\(view): \(granules)")
            #expect(
                try house.lines("SELECT count(), sum(JSONExtractFloat(payload, 'x')) FROM \(view) WHERE \(condition)") == [
                    "101\t15150"
                ])
        }
        try house.removeFiles()
    }

    @Test func anEnginesPayloadComesBackEqualInValue() throws {
        let house = try TestClickHouse(.file)
        let schema = EventSchema(
            channel: "wheel", type: "force", encoding: .record(size: 8 * 25),
            fields: [
                Field(name: "wheelId", kind: .u8, offset: 0, labels: ["fl", "fr"], isKey: true),
                Field(name: "force.x", kind: .f64, offset: 8), Field(name: "force.y", kind: .f64, offset: 16),
                Field(name: "deep.er.est", kind: .i32, offset: 24), Field(name: "gear", kind: .u16, offset: 28, count: 3),
                Field(name: "on", kind: .bool, offset: 40, count: 2), Field(name: "name", kind: .text, offset: 48, count: 8),
                Field(name: "deep.samples", kind: .f32, offset: 56, count: 17),
                Field(name: "flags", kind: .bool, offset: 130, count: 20),
            ])
        var rows = RingRows()
        for (frame, bits) in ClickHouseStorageTests.hardDoubles.enumerated() {
            var payload = [UInt8](repeating: UInt8(frame), count: 200)
            payload.replaceSubrange(8..<24, with: plainBytes(bits, bits &+ 1))
            payload.replaceSubrange(48..<56, with: Array("<a/\"\u{7F}>\0".utf8) + [0])
            rows.add(frame: UInt64(frame), simTime: 0, payload: payload)
        }
        let blocks = NativeBlocks(catalog: TableCatalog())
        _ = rows.append(to: blocks, schema)
        try house.store(blocks.finished())
        let expected = try rows.offsets.map { offset -> NSObject in
            var text: [UInt8] = []
            rows.bytes[Int(offset) + 24..<Int(offset) + 224].withUnsafeBytes { schema.appendJSON(record: $0, to: &text) }
            return try jsonValue(text)
        }
        #expect(try house.payloads() == expected)
        try house.removeFiles()
    }

    @Test func namesThatCannotBeToldApartAreKeptAsText() throws {
        let house = try TestClickHouse(.file)
        let names = ["a", "a.b", "x[0]", "same", "same", "k:i64", "s/t"]
        let schema = EventSchema(
            channel: "odd", type: "names", encoding: .record(size: 56),
            fields: names.enumerated().map { Field(name: Name($1), kind: .f64, offset: $0 * 8) })
        var rows = RingRows()
        rows.add(frame: 1, simTime: 0, payload: plainBytes(1.0, 2, 3, 4, 5, 6, 7))
        let blocks = NativeBlocks(catalog: TableCatalog())
        _ = rows.append(to: blocks, schema)
        try house.store(blocks.finished())
        var text: [UInt8] = []
        rows.bytes[24...].withUnsafeBytes { schema.appendJSON(record: $0, to: &text) }
        #expect(try house.lines("SELECT payload FROM telemetry_events") == [String(decoding: text, as: UTF8.self)])
        #expect(try house.bits("`payload.a`", from: TableKey(channel: "odd", type: "names").tableName) == [1])
        try house.removeFiles()
    }

    @Test func laterDefinitionsGetColumnsOfTheirOwn() throws {
        let house = try TestClickHouse(.file)
        func store(_ fields: [Field], _ frame: UInt64, _ payload: [UInt8]) throws {
            let schema = EventSchema(channel: "c", type: "t", encoding: .record(size: payload.count), fields: fields)
            var rows = RingRows()
            rows.add(frame: frame, simTime: 0, payload: payload)
            let blocks = NativeBlocks(catalog: TableCatalog())
            _ = rows.append(to: blocks, schema, instance: frame)
            try house.store(blocks.finished())
        }
        try store([Field(name: "x", kind: .f64, offset: 0), Field(name: "y", kind: .f64, offset: 8)], 1, plainBytes(0.0, -0.0))
        try store(
            [Field(name: "x", kind: .i64, offset: 0), Field(name: "z.z", kind: .u8, offset: 8)], 2, plainBytes(Int64.max) + [9])
        try store([Field(name: "x", kind: .f64, offset: 0)], 3, plainBytes(7.5))
        try storeJSON(house, channel: "c", type: "t", [(4, #"{"y":8.25,"x":null}"#), (5, #"{"y":1}"#)])

        let table = TableKey(channel: "c", type: "t").tableName
        let columns = try house.lines(
            "SELECT name, type FROM system.columns WHERE table = '\(table)' AND startsWith(name, 'payload') ORDER BY position")
        #expect(
            columns == [
                "payload.x\tNullable(Float64)", "payload.y\tNullable(Float64)", "payload.x:i64\tNullable(Int64)",
                "payload.z/z\tNullable(UInt8)",
            ])
        let expected = [
            #"{"x":0,"y":-0.0}"#, #"{"x":9223372036854775807,"z":{"z":9}}"#, #"{"x":7.5}"#, #"{"y":8.25,"x":null}"#, #"{"y":1}"#,
        ]
        #expect(try house.lines("SELECT payload FROM telemetry_events ORDER BY frame_index") == expected)
        try house.removeFiles()
    }

    @Test func furtherTypesShareATable() throws {
        let house = try TestClickHouse(.body)
        let blocks = NativeBlocks(catalog: TableCatalog(limit: 0))
        var rows = RingRows()
        rows.add(frame: 1, simTime: 0, payload: plainBytes(1.5))
        _ = rows.append(
            to: blocks,
            EventSchema(channel: "a", type: "b", encoding: .record(size: 8), fields: [Field(name: "p.q", kind: .f64, offset: 0)]))
        var texts = RingRows()
        texts.addIngest(frame: 2, simTime: 0, wallTime: 5, tags: #"{"k":"v"}"#, payload: #" { "n" : [1, 2] } "#)
        _ = texts.append(to: blocks, EventSchema(channel: "a", type: "c", encoding: .ingest), instance: 77)
        let finished = blocks.finished()
        #expect(finished.count == 1)
        #expect(finished.first?.description.keyCounts.count == 2)
        try house.store(finished)
        #expect(
            try house.lines("SELECT channel, type, wall_time_ms, tags, payload FROM telemetry_events ORDER BY frame_index") == [
                "a\tb\t\\N\t{}\t{\"p\":{\"q\":1.5}}", "a\tc\t5\t{\"k\":\"v\"}\t{\"n\":[1,2]}",
            ])
        try house.removeFiles()
    }

    @Test func twoHundredAndFiftySixTypesAreOneView() throws {
        let house = try TestClickHouse(.file)
        let blocks = NativeBlocks(catalog: TableCatalog())
        var rows = RingRows()
        rows.add(frame: 1, simTime: 0, payload: plainBytes(1.5))
        let fields = (0..<30).map { Field(name: Name("group\($0 % 3).value\($0)"), kind: .u8, offset: 0) }
        for type in 0..<12 {
            _ = rows.append(
                to: blocks, EventSchema(channel: "many", type: Name("type\(type)"), encoding: .record(size: 8), fields: fields))
        }
        for block in blocks.finished() { try house.store([block]) }
        #expect(try house.lines("SELECT count(), uniqExact(type) FROM telemetry_events") == ["12\t12"])
        // The other tables only as descriptions: making them all takes long, and it is the size of the query that counts.
        let description = try #require(house.descriptions().first)
        let view = EventsView(database: "teltel", tables: Array(repeating: description, count: 256))
        let settings = ["max_query_size": "268435456", "max_ast_elements": "50000000"]
        _ = try house.client.run(ClickHouseQuery(view.sql, settings: settings))
        #expect(try house.lines("SELECT count() FROM telemetry_events") == ["256"])
        #expect(try house.lines("SELECT DISTINCT JSONExtractFloat(payload, 'group1', 'value1') FROM telemetry_events") == ["0"])
        try house.removeFiles()
    }
}

extension TestClickHouse {
    func descriptions() throws -> [TableDescription] {
        try lines("SELECT name FROM system.tables WHERE database = 'teltel' AND startsWith(name, 'events_')").map { name in
            let columns = try lines("SELECT name, type FROM system.columns WHERE table = '\(name)' ORDER BY position").map {
                let parts = $0.split(separator: "\t").map(String.init)
                return ColumnLayout(parts[0], parts[1])
            }
            return TableDescription(name: name, key: TableKey(channel: "many", type: "type"), columns: columns)
        }
    }
}

/// Stores events as the line protocol brings them. Their frames name them.
func storeJSON(_ house: TestClickHouse, channel: String, type: String, _ events: [(frame: UInt64, payload: String)]) throws {
    var rows = RingRows()
    for event in events { rows.addIngest(frame: event.frame, simTime: 0, wallTime: 0, payload: event.payload) }
    let blocks = NativeBlocks(catalog: TableCatalog())
    #expect(rows.append(to: blocks, EventSchema(channel: Name(channel), type: Name(type), encoding: .ingest), instance: 99) == 0)
    try house.store(blocks.finished())
}

/// Payloads that come as JSON: what becomes a column, what stays text, and that nothing is lost between the two.
import CTeltelJSON
import Foundation
import TeltelEvents
import TeltelStorage
import Testing

private struct Flat: Equatable {
    var numbers: [String]
    var isExact: Bool
}

private func flatten(_ text: String, mostElements: Int = 16) -> Flat? {
    let parser = JSONParser()
    var flat = teltel_json_flat()
    var text = text
    let isJSON = text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
            teltel_json_flatten(parser.handle, $0.baseAddress, $0.count, mostElements, &flat)
        }
    }
    guard isJSON == 1 else { return nil }
    let numbers = (0..<flat.number_count).map { index in
        let number = flat.numbers[index]
        let path = UnsafeRawBufferPointer(start: flat.paths + Int(number.path_offset), count: Int(number.path_count))
        return "\(String(decoding: path, as: UTF8.self))=\(number.value)"
    }
    return Flat(numbers: numbers, isExact: flat.exact == 1)
}

struct JSONPayloadTests {
    @Test(arguments: [
        (#"{}"#, [], true),
        (#"{"a":1,"b":{"c":-2.5e3,"d":{"e":0}}}"#, ["a=1.0", "b.c=-2500.0", "b.d.e=0.0"], true),
        (#"{"a":"NaN","b":"-Infinity","c":"Infinity"}"#, ["a=nan", "b=-inf", "c=inf"], true),
        (#"{"a":9007199254740992}"#, ["a=9007199254740992.0"], true),
        (#"{"a":9007199254740993}"#, ["a=9007199254740992.0"], false),
        (#"{"a":18446744073709551615}"#, ["a=1.8446744073709552e+19"], false),
        (#"{"a":123456789012345678901234567890,"b":1e999,"c":1}"#, ["a=1.2345678901234568e+29", "c=1.0"], false),
        (
            #"{"a":18446744073709551616,"b":18446744073709551615}"#, ["a=1.8446744073709552e+19", "b=1.8446744073709552e+19"],
            false
        ),
        (
            #"{"a":-9223372036854775809,"b":-9223372036854775808}"#, ["a=-9.223372036854776e+18", "b=-9.223372036854776e+18"],
            false
        ),
        (#"{"a":[99999999999999999999999999999999,1]}"#, ["a[0]=1e+32", "a[1]=1.0"], false),
        (#"{"a":1,"b":"text"}"#, ["a=1.0"], false), (#"{"a":1,"b":true,"c":false}"#, ["a=1.0", "b=1.0", "c=0.0"], false),
        (#"{"a":null}"#, [], false), (#"{"":1}"#, ["=1.0"], false), (#"{"":"NaN"}"#, ["=nan"], false),
        (#"{"a":{}}"#, [], false), (#"{"a":[]}"#, [], false), (#"{"a":[1,"NaN"]}"#, ["a[0]=1.0", "a[1]=nan"], false),
        (#"{"a":[1,{"b":2}]}"#, [], false), (#"{"pos.x":1}"#, ["pos.x=1.0"], false),
        (#"{"a":1,"a":2}"#, ["a=1.0", "a=2.0"], false),
        (#"{"a":{"b":1},"a":{"c":2}}"#, ["a.b=1.0", "a.c=2.0"], false),
        (
            #"{"":1,"x[0]":2,".a":5,"b..c":6,"ok":7,"o":{"":8}}"#,
            ["=1.0", "x[0]=2.0", ".a=5.0", "b..c=6.0", "ok=7.0", "o.=8.0"],
            false
        ),
        (#"{"y:i64":3,"z/z":4,"n\n":5}"#, ["y:i64=3.0", "z/z=4.0", "n\n=5.0"], true),
        (#"{"":{"a":1}}"#, [".a=1.0"], false),
        ("7", [], false), ("null", [], false), (#""text""#, [], false), ("[1,2]", [], false),
    ])
    func numbersAreFound(_ text: String, _ numbers: [String], _ isExact: Bool) {
        #expect(flatten(text) == Flat(numbers: numbers, isExact: isExact))
    }

    @Test func longArraysHavePathsUpToALimit() {
        let numbers = (0..<17).map(String.init).joined(separator: ",")
        #expect(flatten("{\"a\":[\(numbers)]}") == Flat(numbers: [], isExact: false))
        let found = flatten("{\"a\":[\(numbers)]}", mostElements: 17)
        #expect(found?.numbers.count == 17)
        #expect(found?.numbers.last == "a[16]=16.0")
    }

    /// Each integer around the borders of 64 bits, and of any length, is what Swift reads.
    @Test func longIntegersAreTheNearestDouble() {
        let borders = [
            "9223372036854775807", "9223372036854775808", "9223372036854775809", "18446744073709551615", "18446744073709551616",
        ]
        let lengths = (17...310).flatMap {
            [
                String(repeating: "9", count: $0), "1" + String(repeating: "0", count: $0 - 1),
                "1" + String(repeating: "2", count: $0 - 1),
            ]
        }
        for digits in borders + lengths {
            for text in [digits, "-" + digits] {
                let value = Double(text) ?? .nan
                let expected = value.isFinite ? ["a=\(value)"] : []
                #expect(flatten("{\"a\":\(text)}")?.numbers == expected, "\(text)")
            }
        }
    }

    @Test(arguments: [
        "", " ", "{", "{\"a\":NaN}", "{\"a\":1,}", "{'a':1}", "{\"a\":1}{}", "\u{FEFF}{}", "{\"a\":01}", "{\"a\":1e}", "tru",
    ])
    func otherTextsAreNoJSON(_ text: String) { #expect(flatten(text) == nil) }

    @Test func nestingHasALimit() {
        #expect(flatten(String(repeating: "[", count: 900) + String(repeating: "]", count: 900)) != nil)
        #expect(flatten(String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)) == nil)
        #expect(flatten(String(repeating: "{\"a\":", count: 100_000)) == nil)
    }

    @Test func longPathsStayText() {
        let key = String(repeating: "k", count: 255)
        #expect(flatten("{\"\(key)\":1}") == Flat(numbers: ["\(key)=1.0"], isExact: true))
        #expect(flatten("{\"\(key)k\":1}") == Flat(numbers: [], isExact: false))
    }

    @Test func columnsStayFromBlockToBlock() throws {
        let blocks = NativeBlocks(catalog: TableCatalog())
        let schema = EventSchema(channel: "c", type: "t", encoding: .ingest)
        var lists: [[String]] = []
        for payload in [#"{"a":1}"#, #"{"b":{"c":1}}"#, #"{"a":1}"#] {
            var rows = RingRows()
            rows.addIngest(frame: 1, simTime: 0, wallTime: 0, payload: payload)
            _ = rows.append(to: blocks, schema)
            lists.append(try #require(blocks.finished().first).description.table.payloadColumns.map(\.name))
        }
        #expect(lists == [["payload.a"], ["payload.a", "payload.b/c"], ["payload.a", "payload.b/c"]])
    }

    @Test func columnsHaveALimit() throws {
        let blocks = NativeBlocks(catalog: TableCatalog())
        var rows = RingRows()
        let members = (0..<JSONColumns.mostColumns + 10).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        rows.addIngest(frame: 1, simTime: 0, wallTime: 0, payload: "{\(members)}")
        _ = rows.append(to: blocks, EventSchema(channel: "c", type: "t", encoding: .ingest))
        let block = try #require(blocks.finished().first)
        #expect(block.description.table.payloadColumns.count == JSONColumns.mostColumns)
        #expect(block.bytes.count > members.utf8.count)
    }

    @Test func rowsThatLieAreRefused() throws {
        let schema = EventSchema(channel: "c", type: "t", encoding: .ingest)
        let blocks = NativeBlocks(catalog: TableCatalog())
        var rows = RingRows()
        for frame in 0..<5 { rows.addIngest(frame: UInt64(frame), simTime: 0, wallTime: 0, tags: "{}", payload: #"{"a":1}"#) }
        // Longer than the stretch; shorter than its head; more tags than record; no JSON. One stays.
        rows.bytes.replaceSubrange(Int(rows.offsets[0])..<Int(rows.offsets[0]) + 4, with: plainBytes(UInt32(1 << 20)))
        rows.bytes.replaceSubrange(Int(rows.offsets[1])..<Int(rows.offsets[1]) + 4, with: plainBytes(UInt32(30)))
        rows.bytes.replaceSubrange(Int(rows.offsets[2]) + 28..<Int(rows.offsets[2]) + 32, with: plainBytes(UInt32.max))
        rows.bytes[Int(rows.offsets[3]) + 42] = UInt8(ascii: "[")
        #expect(rows.append(to: blocks, schema) == 4)
        #expect(blocks.rowCount == 1)
        let block = try #require(blocks.finished().first)
        #expect(block.description.rows == 1)
        #expect(block.description.ranges.map(\.rows) == [1])
    }

    @Test(.enabled(if: TestClickHouse.library != nil, "the engine library is not installed"))
    func payloadsComeBackEqualInValue() throws {
        let payloads = [
            #"{"pos":{"x":1.5,"y":-0.0},"t":1e-300}"#, #"{ "pos" : { "x" : "NaN" } , "s":"t\u00e9\"xt" }"#, #"{}"#,
            #"{"pos":{}}"#,
            #"{"pos":{"y":"Infinity","z":5e-324}}"#, #"{"big":9007199254740993,"small":-9007199254740992}"#,
            #"{"a":{"b":1},"c":null}"#,
            #"{"a":2}"#, #"{"a.b":3}"#, #"{"list":[1,2,3]}"#, #"[1,{"a":2}]"#, #""text""#, #"12.5"#, #"null"#, #"true"#,
            #"{"a":{"b":7}}"#, #"{"gear[0]":1,"x:i64":2}"#, #"{"<&>":"<&>"}"#, #"{"train/loss":1,"fps:render":{"a%2Fb":2}}"#,
            #"{"n\nl":1,"":{"":2},"t":true,"long":100000000000000000000}"#, #"{"huge":1e400}"#,
        ]
        let house = try TestClickHouse(.body)
        try storeJSON(house, channel: "c", type: "t", payloads.enumerated().map { (UInt64($0.offset), $0.element) })
        let stored = try house.lines("SELECT payload FROM telemetry_events ORDER BY frame_index")
        #expect(stored.count == payloads.count)
        for (text, expected) in zip(stored, payloads) where !expected.contains("1e400") {
            #expect(try jsonValue(Array(text.utf8)) == jsonValue(Array(expected.utf8)), "\(expected) became \(text)")
        }
        // No reader takes such a number for a number: it comes back letter by letter.
        #expect(stored.last == #"{"huge":1e400}"#)
        let table = TableKey(channel: "c", type: "t").tableName
        #expect(
            try house.lines("SELECT sum(`payload.a/b`), sum(`payload.list[2]`), countIf(isNaN(`payload.pos/x`)) FROM \(table)")
                == ["11\t3\t1"])
        try house.removeFiles()
    }
}

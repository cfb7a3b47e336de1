/// One line of the line protocol, rule by rule.
import CTeltelJSON
import TeltelStorage
import Testing

private struct Line: Equatable {
    var run = "r"
    var source = "s"
    var channel = ""
    var type = ""
    var frame: UInt64 = 0
    var time = 0.0
    var wall: Int64?
    var tags = ""
    var payload = "null"
}

private func text(_ span: teltel_json_span) -> String {
    String(decoding: UnsafeRawBufferPointer(start: span.bytes, count: span.count), as: UTF8.self)
}

private func read(_ bytes: [UInt8]) -> Result<Line, LineError> {
    let parser = JSONParser()
    var event = teltel_json_event()
    let error = bytes.withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) { teltel_json_read_event(parser.handle, $0.baseAddress, $0.count, 0, &event) }
    }
    guard error == TELTEL_JSON_EVENT_OK else { return .failure(LineError(code: error.rawValue)) }
    return .success(
        Line(
            run: text(event.run_id), source: text(event.source_id), channel: text(event.channel), type: text(event.type),
            frame: event.frame_index, time: event.sim_time, wall: event.has_wall_time == 1 ? event.wall_time_ms : nil,
            tags: text(event.tags), payload: text(event.payload)))
}
private struct LineError: Error, Equatable { let code: UInt32 }

struct EventLineTests {
    /// A line with what every line needs, and more.
    private static func line(_ more: String) -> [UInt8] { Array(#"{"v":1,"runId":"r","sourceId":"s"\#(more)}"#.utf8) }

    @Test func aWholeLineIsRead() throws {
        let line = try read(
            Self.line(
                #", "channel" : "a\u00e9", "type":"b", "frameIndex":4294967295,"simTime":1.5,"wallTimeMs":-3,"tags":{"k":"<v>","k":"w"} , "payload" : { "x" : 1.0 , "y":[1, 2] } "#
            )
        ).get()
        #expect(
            line
                == Line(
                    channel: "aé", type: "b", frame: .max >> 32, time: 1.5, wall: -3, tags: #"{"k":"w"}"#,
                    payload: #"{ "x" : 1.0 , "y":[1, 2] }"#))
    }

    @Test(arguments: [
        (#","extra":{"deep":[1,{"payload":5}]},"payload":7"#, Line(payload: "7")),
        (#","PayLoad":"a,}b""#, Line(payload: #""a,}b""#)),
        (#","RUNID":"q""#, Line(run: "q")), (#","payload":1,"payload":2"#, Line(payload: "2")),
        (#","wallTimeMs":null,"tags":null,"channel":null,"frameIndex":null,"simTime":null"#, Line()),
        (#","simTime":"Infinity""#, Line(time: .infinity)), (#","simTime":3"#, Line(time: 3)), (#","tags":{}"#, Line()),
        (#","payload":1e999"#, Line(payload: "1e999")), (#","payload":"\ud800""#, Line(payload: #""\ufffd""#)),
        (#","tags":{"a":"\u0001\"<"}"#, Line(tags: #"{"a":"\u0001\"\u003c"}"#)), (#","v":-5"#, Line()),
    ])
    private func whatIsAccepted(_ more: String, _ expected: Line) throws { #expect(try read(Self.line(more)).get() == expected) }

    @Test(arguments: [
        (#"{"runId":"r","sourceId":"s"}"#, TELTEL_JSON_EVENT_VERSION),
        (#"{"v":0,"runId":"r","sourceId":"s"}"#, TELTEL_JSON_EVENT_VERSION),
        (#"{"v":1.0,"runId":"r","sourceId":"s"}"#, TELTEL_JSON_EVENT_VERSION),
        (#"{"v":"1","runId":"r","sourceId":"s"}"#, TELTEL_JSON_EVENT_VERSION),
        (#"{"v":1,"sourceId":"s"}"#, TELTEL_JSON_EVENT_RUN_ID), (#"{"v":1,"runId":"","sourceId":"s"}"#, TELTEL_JSON_EVENT_RUN_ID),
        (#"{"v":1,"runId":5,"sourceId":"s"}"#, TELTEL_JSON_EVENT_RUN_ID), (#"{"v":1,"runId":"r"}"#, TELTEL_JSON_EVENT_SOURCE_ID),
        (#"[1]"#, TELTEL_JSON_EVENT_NOT_AN_OBJECT), (#"5"#, TELTEL_JSON_EVENT_NOT_AN_OBJECT),
        (#"{"v":1"#, TELTEL_JSON_EVENT_INVALID_JSON),
        (#"{"v":1}{"v":1}"#, TELTEL_JSON_EVENT_INVALID_JSON), ("", TELTEL_JSON_EVENT_INVALID_JSON),
    ])
    func whatEveryLineNeeds(_ line: String, _ error: teltel_json_event_error) {
        #expect(read(Array(line.utf8)) == .failure(LineError(code: error.rawValue)))
    }

    @Test(arguments: [
        (#","channel":1"#, TELTEL_JSON_EVENT_CHANNEL), (#","type":[]"#, TELTEL_JSON_EVENT_TYPE),
        (#","frameIndex":-1"#, TELTEL_JSON_EVENT_FRAME_INDEX), (#","frameIndex":1.5"#, TELTEL_JSON_EVENT_FRAME_INDEX),
        (#","frameIndex":4294967296"#, TELTEL_JSON_EVENT_FRAME_TOO_LARGE),
        (#","frameIndex":1e999"#, TELTEL_JSON_EVENT_FRAME_INDEX),
        (#","simTime":-0.1"#, TELTEL_JSON_EVENT_SIM_TIME), (#","simTime":"soon""#, TELTEL_JSON_EVENT_SIM_TIME),
        (#","simTime":1e999"#, TELTEL_JSON_EVENT_SIM_TIME), (#","wallTimeMs":1.5"#, TELTEL_JSON_EVENT_WALL_TIME),
        (#","tags":{"a":1}"#, TELTEL_JSON_EVENT_TAGS), (#","tags":[]"#, TELTEL_JSON_EVENT_TAGS),
        (#","x":NaN"#, TELTEL_JSON_EVENT_INVALID_JSON), (#","x":01"#, TELTEL_JSON_EVENT_INVALID_JSON),
    ])
    func whatIsRefused(_ more: String, _ error: teltel_json_event_error) {
        #expect(read(Self.line(more)) == .failure(LineError(code: error.rawValue)))
    }

    @Test func bytesThatAreNoTextAreReplaced() throws {
        let bytes = Self.line(#","payload":"a"#).dropLast() + [0xFF, 0xC3, 0x28] + Array(#""}"#.utf8)
        #expect(try read(Array(bytes)).get() == Line(payload: "\"a\u{FFFD}\u{FFFD}(\""))
        #expect(read([0xEF, 0xBB, 0xBF] + Self.line("")) == .failure(LineError(code: TELTEL_JSON_EVENT_INVALID_JSON.rawValue)))
    }

    @Test func manyTagsAreReadInTime() throws {
        let tags = (0..<50_000).map { "\"k\($0 % 25_000)\":\"\($0)\"" }.joined(separator: ",")
        let line = try read(Self.line(",\"tags\":{\(tags)}")).get()
        #expect(line.tags.hasPrefix(#"{"k0":"25000","#))
        #expect(line.tags.utf8.count { $0 == UInt8(ascii: ",") } == 24_999)
    }
}

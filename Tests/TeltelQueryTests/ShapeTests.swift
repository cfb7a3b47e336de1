import TeltelAnalysis
import TeltelQuery
import Testing

/// ClickHouse's RowBinary.
private struct Row {
    var bytes: [UInt8] = []
    func integer(_ value: UInt64) -> Row { adding(withUnsafeBytes(of: value.littleEndian) { Array($0) }) }
    func number(_ value: Double) -> Row { integer(value.bitPattern) }
    func text(_ text: String) -> Row { adding([UInt8(text.utf8.count)] + text.utf8) }
    func null(_ isNull: Bool) -> Row { adding([isNull ? 1 : 0]) }
    private func adding(_ more: [UInt8]) -> Row { Row(bytes: bytes + more) }
}

/// The answer, however ClickHouse's is cut into pieces.
private func shaped(_ shape: some AnswerShape, _ bytes: [UInt8], pieces: Int) throws -> String {
    var shape = shape
    var out: [UInt8] = []
    for begin in stride(from: 0, to: bytes.count, by: pieces) {
        out += try shape.take(Array(bytes[begin..<min(begin + pieces, bytes.count)]))
    }
    return String(decoding: out + (try shape.finish()), as: UTF8.self)
}

@Suite struct JSONRowsTests {
    private static let columns = [
        AnswerColumn("frame_index", .natural), AnswerColumn("x", .number, isNullable: true), AnswerColumn("id", .exact),
        AnswerColumn("name", .text), AnswerColumn("payload", .json),
    ]

    @Test(arguments: [1, 3, 1_000]) func `rows become lines, wherever the answer is cut`(pieces: Int) throws {
        let row = Row().integer(7).null(false).number(.nan).null(false).number(1e18).text("1000000000000000001").text("a\"<\n")
            .text("{ \"k\" : [1] }")
        let missing = Row().integer(.max).null(true).null(true).text("").text("").text("null")
        #expect(
            try shaped(JSONRows(Self.columns), row.bytes + missing.bytes, pieces: pieces) == """
                {"frame_index":7,"x":"NaN","id":"1000000000000000001","name":"a\\"\\u003c\\n","payload":{"k":[1]}}
                {"frame_index":18446744073709551615,"x":null,"id":null,"name":"","payload":null}

                """)
    }

    @Test func `half a row is no answer`() {
        #expect(throws: QueryError.self) { try shaped(JSONRows(Self.columns), Row().integer(1).bytes, pieces: 100) }
    }
}

@Suite struct PayloadJSONTests {
    @Test(arguments: [
        (#"{"a": 1, "b": [1.50, -2e3]}"#, #"{"a":1,"b":[1.50,-2e3]}"#), ("9007199254740991", "9007199254740991"),
        ("9007199254740992", #""9007199254740992""#), ("-18446744073709551616", #""-18446744073709551616""#),
        ("9007199254740992.5", "9007199254740992.5"), ("9e15", "9e15"),
        (#"" 9007199254740993 \" & <""#, #"" 9007199254740993 \" \u0026 \u003c""#),
        (#"{"9007199254740993":9007199254740993}"#, #"{"9007199254740993":"9007199254740993"}"#), ("", ""), ("\"\\", "\"\\"),
    ]) func `integers that no double holds become texts, and nothing else changes`(json: String, answer: String) {
        var out: [UInt8] = []
        PayloadJSON.append(Array(json.utf8)[...], to: &out)
        #expect(String(decoding: out, as: UTF8.self) == answer)
    }
}

@Suite struct EventPageTests {
    private static func event(_ frame: UInt64) -> [UInt8] {
        Row().integer(frame).number(0.5).null(true).text("c").text("t").text("s").text("{}").bytes
    }
    private static func next(_ frames: [UInt64], limit: Int, start: PageStart = PageStart(frame: 0, skipping: 0)) throws -> String
    {
        let answer = try shaped(EventPage(limit: limit, start: start), frames.flatMap(event), pieces: 5)
        return String(answer.split(separator: "\n").last ?? "")
    }

    @Test func `one row more shows that there is more`() throws {
        #expect(try Self.next([1, 1, 2], limit: 3) == #""truncated":false,"next":""}"#)
        #expect(try Self.next([1, 1, 2], limit: 2) == #""truncated":true,"next":"1.2"}"#)
        #expect(try Self.next([1, 2, 2], limit: 2) == #""truncated":true,"next":"2.1"}"#)
        // Of the frame that the page before has begun, those count as well.
        #expect(
            try Self.next([2, 2, 2], limit: 2, start: PageStart(frame: 2, skipping: 1)) == #""truncated":true,"next":"2.3"}"#)
        #expect(try Self.next([], limit: 2) == #""truncated":false,"next":""}"#)
    }

    @Test func `the start of a page reads back`() {
        for start in [PageStart(frame: 0, skipping: 0), PageStart(frame: .max, skipping: 12)] {
            #expect(PageStart(start.text) == start)
        }
        for text in ["", "1", "1.", ".1", "1.2.3", "-1.0", "1.-1", "18446744073709551616.0", "1.9999999999", "a.b"] {
            #expect(PageStart(text) == nil)
        }
    }
}

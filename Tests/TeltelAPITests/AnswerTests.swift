import Foundation
import TeltelAPI
import TeltelEvents
import Testing

@Suite struct AnswerTests {
    private static let run = RunAnswer(
        runId: "r", name: "n", size: 1, created: "2026-01-01T00:00:00.000Z", status: "running", seed: .max, channels: ["physics"],
        lastFrame: .max, lastSimTime: .nan, ratePerSecond: .infinity, accepted: 5, refused: 1, lost: 2, dropped: 3, stored: 4,
        unstored: 0, rejected: 0, lateEvents: 0, receivedAt: "2026-01-01T00:00:00.000Z", warnings: [])

    @Test func `what one side writes the other one reads, whatever the numbers are`() throws {
        let data = try APICoding.encoder.encode(Self.run)
        let read = try APICoding.decoder.decode(RunAnswer.self, from: data)
        #expect(read.lastSimTime.isNaN && read.ratePerSecond == .infinity && read.lastFrame == .max && read.seed == .max)
        #expect(read.note == nil && !String(decoding: data, as: UTF8.self).contains("note"))
    }

    @Test func `the details of a run stand beside its other members`() throws {
        let answer = RunDetailAnswer(
            Self.run,
            .init(
                sources: ["s"], types: [], writers: [], refusedByReason: [:], lostByReason: ["rings_gone": 2],
                rejectedByCode: [:],
                refusedByType: [], rejectedLines: [], losses: [], missedBytes: 0))
        let data = try APICoding.encoder.encode(answer)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["runId"] as? String == "r" && object["lostByReason"] as? [String: Int] == ["rings_gone": 2])
        #expect(object["config"] == nil && object["run"] == nil && object["details"] == nil)
        #expect(try APICoding.decoder.decode(RunDetailAnswer.self, from: data).details == answer.details)
    }

    @Test func `a field says what it is; of an older collector's it is not known`() throws {
        let type = RunDetailAnswer.TypeDetail(
            sourceId: "s", channel: "c", type: "t", accepted: 1,
            fields: [.init(name: "x", kind: "f64", unit: "", key: false, input: true, labels: [])])
        let data = try APICoding.encoder.encode(type)
        #expect(try APICoding.decoder.decode(RunDetailAnswer.TypeDetail.self, from: data) == type)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let field = try #require((object["fields"] as? [[String: Any]])?.first)
        #expect(["key", "input", "measured"].map { field[$0] as? Bool } == [false, true, false])
        let old = #"{"name":"x","kind":"f64","unit":"","key":true,"labels":[]}"#
        let answer = #"{"sourceId":"s","channel":"c","type":"t","accepted":1,"fields":[\#(old)]}"#
        let read = try APICoding.decoder.decode(RunDetailAnswer.TypeDetail.self, from: Data(answer.utf8)).fields
        #expect(read.map { [$0.key, $0.input, $0.measured] } == [[true, false, false]])
    }

    @Test func `a listed run is read with its tags and types, keys that Unicode calls equal included`() throws {
        var text = String(decoding: try APICoding.encoder.encode(Self.run), as: UTF8.self)
        text.removeLast()
        text += #","tags":{"\u00e9":"one","e\u0301":"two"},"types":[{"channel":"physics","type":"t"}]}"#
        let listed = try APICoding.decoder.decode(ListedRun.self, from: Data(text.utf8))
        #expect(listed.types.map(\.type) == ["t"])
        #expect(listed.run.runId == "r" && !listed.tags.isEmpty)
    }

    @Test func `a change says what it leaves alone, and what it takes away`() throws {
        let change = try APICoding.decoder.decode(RunChange.self, from: Data(#"{"tags":{"a":null,"b":"1"}}"#.utf8))
        #expect(change.name == nil && change.tags?["b"] == .some("1") && change.tags?["a"] == .some(nil) && !change.isEmpty)
        #expect(RunChange().isEmpty && !RunChange(note: "").isEmpty)
    }

    @Test func `answers of another version are read as far as they go`() throws {
        let problem = try APICoding.decoder.decode(
            ProblemAnswer.self, from: Data(#"{"error":{"code":"c","message":"m","hint":"h"}}"#.utf8))
        #expect(problem.code == "c" && problem.detail == "m" && problem.error.hint == "h")
        let ready = try APICoding.decoder.decode(
            ReadyAnswer.self, from: Data(#"{"status":"degraded","storage":{"state":"asleep","detail":""},"more":1}"#.utf8))
        #expect(ready.storage.state == .failed)
    }

    @Test func `a time is never a millisecond early`() throws {
        #expect(TimeText.of(0) == "1970-01-01T00:00:00.000Z")
        #expect(TimeText.of(-1) == "1969-12-31T23:59:59.999Z")
        for rest in 0..<1_000 as Range<Int64> {
            #expect(TimeText.of(1_796_000_000_000 + rest).hasSuffix(".\(String(rest + 1_000).dropFirst())Z"))
        }
    }

    @Test func `a problem keeps the error object of former answers`() throws {
        let problem = ProblemAnswer(
            title: "Not Found", status: 404, detail: "no run", code: "unknown-run", hint: "list them", instance: "/api/run",
            requestID: "7")
        let object = try #require(
            try JSONSerialization.jsonObject(with: APICoding.encoder.encode(problem)) as? [String: Any])
        #expect(object["request_id"] as? String == "7" && object["type"] as? String == "about:blank")
        #expect(object["error"] as? [String: String] == ["code": "unknown-run", "message": "no run", "hint": "list them"])
    }
}

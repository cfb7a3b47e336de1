import TeltelAnalysis
import TeltelEvents
import Testing

private let body = StoredTable(
    name: "events_body", channel: "physics", type: "body.state",
    columns: [
        .init(path: "pos.x", name: "payload.pos/x", type: "Float64"),
        .init(path: "pos.x", name: "payload.pos/x:i64", type: "Nullable(Int64)"),
        .init(path: "name", name: "payload.name", type: "String"), .init(path: "id", name: "payload.id", type: "Int32"),
        .init(path: "samples", name: "payload/samples", type: "Array(Float32)"),
    ], hasText: false)
private let other = StoredTable(name: "events_other", channel: nil, type: nil, columns: [])

private func question(path: String, channel: Name = .empty, points: Int? = nil) -> SeriesQuestion {
    SeriesQuestion(
        runID: "r' OR 1=1 --", sourceID: "s", eventType: "body.state", channel: channel, path: path, keyFields: ["id"],
        points: points)
}

@Suite struct SeriesQuestionTests {
    @Test func `values are parameters, never text`() throws {
        let statement = try #require(question(path: "pos.x").statement([body]))
        #expect(!statement.sql.contains("OR 1=1"))
        #expect(statement.parameters.contains { $0 == ("run", "r' OR 1=1 --") })
    }

    @Test func `a path with several kinds reads all its columns`() throws {
        let sql = try #require(question(path: "pos.x").statement([body])).sql
        #expect(sql.contains("coalesce(toNullable(toFloat64(`payload.pos/x`)), toNullable(toFloat64(`payload.pos/x:i64`)))"))
    }

    @Test func `an element of a long array is one of its column`() throws {
        let sql = try #require(question(path: "samples[16]").statement([body])).sql
        #expect(sql.contains("if(length(`payload/samples`) > 16, toNullable(`payload/samples`[17]), NULL)"))
    }

    @Test func `each way to read a path is looked at in texts, members first`() throws {
        let statement = try #require(question(path: "a.b[2]").statement([other]))
        let read = statement.sql.matches(of: /JSONExtractRaw\(payload_json, ([^)]*)\)/).map { match in
            match.output.1.split(separator: ", ").map { argument in
                let name = argument.dropFirst().prefix { $0 != ":" }
                return statement.parameters.first { $0.name == name }?.value ?? String(argument)
            }
        }
        #expect(read.filter { $0 != ["id"] }.prefix(4) == [["a", "b", "3"], ["a.b", "3"], ["a", "b[2]"], ["a.b[2]"]])
    }

    @Test func `a missing or textual value is NULL`() throws {
        for path in ["pos.y", "name", "pos"] {
            #expect(try #require(question(path: path).statement([body])).sql.contains("CAST(NULL, 'Nullable(Float64)') AS value"))
        }
    }

    @Test func `hostile paths cannot leave their quotes`() throws {
        let tables = [
            other,
            StoredTable(
                name: "t", channel: "c", type: "body.state", columns: [.init(path: "a`b", name: "payload.a`b", type: "Float64")]),
        ]
        let sql = try #require(question(path: "a`b").statement(tables)).sql
        #expect(sql.contains("`payload.a\\`b`"))
        let asked = try #require(question(path: "x'), sleep(3), ('").statement([other]))
        #expect(!asked.sql.contains("sleep") && asked.parameters.contains { $0.value == "x'), sleep(3), ('" })
    }

    @Test func `other channels are left out`() {
        #expect(question(path: "pos.x", channel: "aero").statement([body]) == nil)
        #expect(question(path: "pos.x", channel: "physics").statement([body]) != nil)
    }

    @Test func `reducing keeps what is no number`() throws {
        let statement = try #require(question(path: "pos.x", points: 100).statement([body]))
        #expect(statement.sql.contains("WHERE NOT isFinite"))
        #expect(statement.parameters.contains { $0 == ("buckets", "50") })
    }
}

@Suite struct RunsQuestionTests {
    @Test func `each filter works alone`() {
        #expect(RunsQuestion().statement().sql.contains("source_id = {") == false)
        #expect(RunsQuestion(sourceID: "s").statement().parameters.map(\.name) == ["days", "source"])
        let byStatus = RunsQuestion(statuses: ["failed", "it's"]).statement()
        #expect(byStatus.parameters.contains { $0 == ("statuses", #"['failed','it\'s']"#) })
    }
}

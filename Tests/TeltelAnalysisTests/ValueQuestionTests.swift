import TeltelAnalysis
import TeltelEvents
import Testing

private let body = StoredTable(
    name: "events_body", channel: "physics", type: "body.state",
    columns: [
        .init(path: "pos.x", name: "payload.pos/x", type: "Float64"),
        .init(path: "id", name: "payload.id", type: "Nullable(UInt64)"),
    ])
private let wheel = StoredTable(
    name: "events_wheel", channel: "physics", type: "wheel.force",
    columns: [.init(path: "load", name: "payload.load", type: "Float64")], hasText: false)
private let other = StoredTable(name: "events_other", channel: nil, type: nil, columns: [])
private let hostile = "r' OR 1=1 --"

private func scope(_ type: Name? = "body.state", source: String? = nil) -> EventScope {
    EventScope(runID: hostile, sourceID: source, eventType: type)
}
private func value(_ path: String = "pos.x", source: String? = nil) -> ValueQuestion {
    ValueQuestion(scope(source: source), AskedField(path))
}

@Suite struct ValueQuestionTests {
    /// Every question about values, with names that would like to be SQL.
    private static var all: [(name: String, statement: Statement?)] {
        let tables = [body, wheel, other]
        let question = ValueQuestion(
            EventScope(
                runID: hostile, sourceID: hostile, channel: Name(hostile), eventType: Name(hostile), keyFields: [hostile, "b"],
                key: hostile, frames: 1...2, times: 0.5...1), AskedField(hostile))
        let events = RunEventsQuestion(question.scope)
        let pair = CorrelationQuestion(question.scope, question.field, question.field)
        let state = StateQuestion(
            question.scope, frame: 7, known: [.init(channel: Name(hostile), type: Name(hostile), keyFields: [hostile])])
        return [
            ("outliers", question.outliers(tables, min: 1, max: 2)), ("spikes", question.spikes(tables, threshold: 1)),
            ("nan", question.notFinite(tables)), ("buckets", question.buckets(tables, count: 3)),
            ("histogram", question.histogram(tables, bins: 3, low: 0, high: 1)),
            ("quantiles", question.quantiles(tables, levels: [0.5])), ("pairs", pair.statement(tables)),
            ("coefficient", pair.coefficient(tables)), ("stats", events.stats(tables)), ("frames", events.frames(tables)),
            ("types", events.types(tables)), ("events", events.events(tables, limit: 3, skipping: 1)),
            ("state", state.statement(tables)), ("frame ends", MultiSeriesQuestion.frameEnds(question.scope, tables)),
            (
                "several",
                MultiSeriesQuestion([.init(question.scope, [("x", question.field)])]).statement(tables, columns: ["x"])
            ), ("tags", TaggedRunsQuestion(tag: hostile, value: hostile).statement()),
        ]
    }

    @Test func `values are parameters, and never text of a statement`() throws {
        for (name, statement) in Self.all {
            let statement = try #require(statement)
            #expect(!statement.sql.contains("OR 1=1"), "\(name)")
            #expect(statement.parameters.contains { $0.value == hostile }, "\(name)")
            // The host of the embedded ClickHouse looks at words inside of texts, too, where one of these is in a statement.
            #expect(!statement.sql.contains("$") && !statement.sql.contains("#"), "\(name)")
            #expect(Set(statement.parameters.map(\.name)).count == statement.parameters.count, "\(name)")
            for parameter in statement.parameters { #expect(statement.sql.contains("{\(parameter.name):"), "\(name)") }
        }
    }

    @Test func `each bound of outliers works alone`() throws {
        let above = try #require(value().outliers([body], min: nil, max: 5))
        #expect(above.sql.contains("WHERE v > {max:Float64}\n") && above.parameters.contains { $0 == ("max", "5.0") })
        #expect(try #require(value().outliers([body], min: 1, max: nil)).sql.contains("WHERE v < {min:Float64}\n"))
    }

    @Test func `what a question leaves open is told in its answer`() throws {
        func names(_ question: ValueQuestion) throws -> [String] {
            try #require(question.outliers([body], min: 0, max: nil)).columns.map(\.name)
        }
        #expect(try names(value(source: "s")) == ["frame_index", "sim_time", "value"])
        #expect(try names(value()) == ["frame_index", "sim_time", "value", "source_id"])
        var keyed = value()
        keyed.scope.keyFields = ["id"]
        #expect(try names(keyed) == ["frame_index", "sim_time", "value", "source_id", "key"])
    }

    @Test func `tables of other types are left out`() throws {
        #expect(value().notFinite([wheel]) == nil)
        #expect(try #require(value().notFinite([body, wheel])).sql.contains("events_wheel") == false)
        #expect(try #require(RunEventsQuestion(scope(nil)).stats([body, wheel])).sql.contains("events_wheel"))
    }

    @Test func `a range of time is one of simulated time`() throws {
        var question = value()
        question.scope.times = 0.25...1e-7.magnitude.nextUp + 1
        let statement = try #require(question.buckets([body], count: 2))
        #expect(statement.sql.contains("t.sim_time BETWEEN {from_time:Float64} AND {to_time:Float64}"))
        #expect(statement.parameters.first { $0.name == "from_time" }?.value == "0.25")
    }
}

@Suite struct MultiSeriesQuestionTests {
    @Test(arguments: [
        (["pos.x", "vel.x"], [], ["pos_x", "vel_x"]),
        (["a.b", "a_b", "a b", "a_b_2"], [], ["a_b", "a_b_2", "a_b_3", "a_b_2_2"]),
        (["sim.time", "é", "e\u{301}", ""], ["sim_time"], ["sim_time_2", "_", "e_", "__2"]), (["gear[2]"], [], ["gear_2_"]),
    ]) func `a path is its column's name, as far as it can be`(paths: [String], taken: [String], names: [String]) {
        #expect(MultiSeriesQuestion.columnNames(paths, besides: taken) == names)
    }

    @Test func `what differs between values is told with each row`() {
        func identity(_ scopes: [EventScope]) -> [String] { MultiSeriesQuestion(scopes.map { .init($0, []) }).identity }
        #expect(identity([scope(source: "a")]) == [])
        #expect(identity([scope(source: "a"), scope(source: "b")]) == ["source_id"])
        #expect(identity([scope(), scope("wheel.force")]) == ["type", "source_id"])
    }

    @Test func `values that are not of an arm's events are NULL there`() throws {
        let question = MultiSeriesQuestion([
            .init(scope(source: "s"), [("x", AskedField("pos.x"))]),
            .init(scope("wheel.force", source: "s"), [("load", AskedField("load", kind: .f64))]),
        ])
        let sql = try #require(question.statement([body, wheel], columns: ["x", "load"])).sql
        #expect(sql.contains("CAST(NULL, 'Nullable(Float64)') AS v1") && sql.contains("CAST(NULL, 'Nullable(Float64)') AS v0"))
        #expect(sql.contains("{type:String}") && sql.contains("{type_2:String}"))
    }
}

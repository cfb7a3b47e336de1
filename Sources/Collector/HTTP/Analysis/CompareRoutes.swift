/// GET /api/analysis/compare, first-divergence, same-as: runs against each other.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TeltelAPI
import TeltelAnalysis
import TeltelAnswers
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelQuery

struct CompareRoutes: Sendable {
    let answers: AnalysisAnswers
    /// One answer takes no longer; what was not looked at then is said.
    private static let longest = Duration.seconds(600)

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(CompareEndpoints.compare) { request, context in
            if request.text(CompareEndpoints.jsonPath) != nil { return try await rows(request, context) }
            return try await document(request, context, .everything)
        }
        router.on(CompareEndpoints.compareByRules) { request, context in
            let rules = String(buffer: try await body(request))
            return try await document(request, context, .everything, rules: rules.isEmpty ? nil : rules)
        }
        router.on(CompareEndpoints.firstDivergence) { request, context in try await document(request, context, .first) }
        several(CompareEndpoints.groups, CompareEndpoints.groupsOfMany, router) { queries, tables, runs throws(QueryError) in
            try await RunGrouper(queries, tables: tables).group(runs)
        }
        several(CompareEndpoints.fingerprints, CompareEndpoints.fingerprintsOfMany, router) {
            queries, tables, runs throws(QueryError) in
            try await FingerprintReader(queries, tables: tables).read(runs)
        }
        router.on(CompareEndpoints.sameAs) { request, context in try await sameAs(request, context) }
    }

    // MARK: the document

    private func document(
        _ request: Request, _ context: ConnectionContext, _ depth: CompareQuestion.Depth, rules: String? = nil
    ) async throws -> Response {
        var scope = try scope(request)
        let reference = try await reference(scope)
        scope.first = reference.runID
        var question = try CompareQuestion(request, scope, rules: rules, of: reference.baseline)
        question.depth = request.text(CompareEndpoints.depth) == "first" ? .first : depth
        let queries = RunQueries(try answers.ready().queries)
        context.whenClientLeaves { queries.abandon() }
        let runs = [try await run(question.scope.first), try await run(question.scope.second)]
        let tables = try await answers.storedTables()
        let end = ContinuousClock.now + Self.longest
        let isOverdue: @Sendable () -> Bool = { ContinuousClock.now >= end }
        guard Self.wantsLines(request) else {
            let comparer = RunComparer(queries, tables: tables, question, runs: runs, isOverdue: isOverdue)
            return try JSONAnswer.response(try await Self.found { () throws(QueryError) in try await comparer.compare() })
        }
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody { [question] writer in
                let lines = ComparisonLines()
                let comparer = RunComparer(
                    queries, tables: tables, question, runs: runs, isOverdue: isOverdue, tell: { lines.add($0) })
                let answering = Task(executorPreference: AnswerExecutor.shared) { () async -> [UInt8] in
                    defer { lines.finish() }
                    do throws(QueryError) { return ComparisonLines.end(try await comparer.compare()) } catch {
                        return ComparisonLines.failed(APIError(error))
                    }
                }
                for await line in lines.stream { try await writer.write(ByteBuffer(bytes: line)) }
                try await writer.write(ByteBuffer(bytes: await answering.value))
                try await writer.finish(nil)
            })
    }

    /// Worked out beside the threads that serve connections.
    private static func found<Answer: Sendable>(
        _ work: @escaping @Sendable () async throws(QueryError) -> Answer
    ) async throws -> Answer {
        let result = await AnswerExecutor.shared.run { () async -> Result<Answer, QueryError> in
            do throws(QueryError) { return .success(try await work()) } catch { return .failure(error) }
        }
        do throws(QueryError) { return try result.get() } catch { throw APIError(error) }
    }

    private static func wantsLines(_ request: Request) -> Bool {
        request.headers[values: .accept].contains { $0.lowercased().contains("application/x-ndjson") }
    }

    /// The first run may stand behind the name of a baseline.
    private func reference(_ scope: CompareScope) async throws -> (runID: String, baseline: Baseline?) {
        guard case .baseline(let name) = RunReference(scope.first), try await !answers.catalogue.knows(Name(scope.first)) else {
            return (scope.first, nil)
        }
        guard name == "auto" else {
            guard let baseline = try await answers.catalogue.baseline(name) else { throw BaselineRoutes.unknown(name) }
            return (baseline.runID.text, baseline)
        }
        guard let record = await answers.catalogue.run(Name(scope.second))?.record else {
            throw RunRoutes.unknown(Name(scope.second))
        }
        switch try await Baselines(answers.catalogue).auto(for: record) {
        case .baseline(let baseline): return (baseline.runID.text, baseline)
        case .earlier(let runID): return (runID.text, nil)
        case .none(let choices):
            throw APIError(
                .notFound, "no-baseline",
                "there is no baseline for \(scope.second): none is named by its tag \(Baselines.tag), and no earlier run of its source with its tags is completed",
                hint: choices.isEmpty
                    ? "PUT /api/baselines/NAME sets one" : "baselines are \(choices.prefix(20).joined(separator: ", "))")
        }
    }

    private func body(_ request: Request) async throws -> ByteBuffer {
        do { return try await request.body.collect(upTo: CompareEndpoints.rulesBytesMax) } catch {
            throw APIError(
                .contentTooLarge, "body-too-large", "a body may have \(CompareEndpoints.rulesBytesMax) bytes here")
        }
    }

    private func scope(_ request: Request) throws -> CompareScope {
        var scope = CompareScope(
            try request.required(CompareEndpoints.runID1), try request.required(CompareEndpoints.runID2))
        scope.type = request.text(AnalysisEndpoints.anyEventType).map { Name($0) }
        scope.channel = request.text(AnalysisEndpoints.channel).map { Name($0) }
        scope.source = request.text(AnalysisEndpoints.anySourceID).map { Name($0) }
        scope.frames = try answers.frames(request)
        return scope
    }

    private func run(_ runID: String) async throws -> ComparedRun {
        guard let record = await answers.catalogue.run(Name(runID))?.record else {
            throw APIError(.notFound, "unknown-run", "there is no run \(runID)", hint: "GET /api/runs lists the runs")
        }
        return ComparedRun(record)
    }

    // MARK: rows

    private func rows(_ request: Request, _ context: ConnectionContext) async throws -> Response {
        var scope = try scope(request)
        scope.first = try await reference(scope).runID
        scope.source = Name(try request.required(AnalysisEndpoints.sourceID))
        scope.type = Name(try request.required(AnalysisEndpoints.eventType, mayBeEmpty: true))
        let path = try request.required(CompareEndpoints.jsonPath, mayBeEmpty: true)
        var of = EventScope(runID: scope.second, sourceID: scope.source?.text, channel: scope.channel, eventType: scope.type)
        let types = [await RunTypes(scope.first, answers.catalogue), await RunTypes(scope.second, answers.catalogue)]
        of.keyFields = types.map { $0.keyFields(of) }.max { $0.count < $1.count } ?? []
        let kinds = Set(types.map { $0.field(path, of).kind })
        let question = PairedSeriesQuestion(
            scope, path: path, kind: kinds.count == 1 ? kinds.first ?? nil : nil, keyFields: of.keyFields)
        return try await answers.rows(request, context) { question.statement($0) }
    }

    // MARK: equal runs

    /// A question to some runs, which stand in parameters or in a body.
    private func several<Answer: Encodable & Sendable>(
        _ short: Endpoint, _ long: Endpoint, _ router: EndpointRouter<ConnectionContext>,
        _ find: @escaping @Sendable (RunQueries, [StoredTable], [ComparedRun]) async throws(QueryError) -> Answer
    ) {
        @Sendable func answer(_ runIDs: [String], _ context: ConnectionContext) async throws -> Response {
            let runs = try await self.runs(runIDs)
            let queries = RunQueries(try answers.ready().queries)
            context.whenClientLeaves { queries.abandon() }
            let tables = try await answers.storedTables()
            return try JSONAnswer.response(
                try await Self.found { () throws(QueryError) in try await find(queries, tables, runs) })
        }
        router.on(short) { request, context in try await answer(request.texts(CompareEndpoints.runIDs), context) }
        router.on(long) { request, context in
            guard let runs = try? JSONDecoder().decode(SeveralRuns.self, from: Data(buffer: try await body(request))) else {
                throw APIError(.badRequest, "bad-body", "the body is no {\"runIds\": [\"…\"]}")
            }
            return try await answer(runs.runIds, context)
        }
    }

    private struct SeveralRuns: Decodable { let runIds: [String] }

    private func runs(_ runIDs: [String]) async throws -> [ComparedRun] {
        guard runIDs.count <= RunGrouper.runsMost else {
            throw APIError(
                .badRequest, "bad-parameter", "\(runIDs.count) runs are asked for, \(RunGrouper.runsMost) are the most")
        }
        var seen: Set<Name> = []
        var names: [Name] = []
        for text in runIDs {
            // In a body nobody has resolved what stands for a run.
            let name = try await answers.references.id(text)
            if seen.insert(name).inserted { names.append(name) }
        }
        guard !names.isEmpty else { throw APIError.missingParameter(CompareEndpoints.runIDs.name) }
        var runs: [ComparedRun] = []
        for name in names { runs.append(try await run(name.text)) }
        return runs
    }

    private func sameAs(_ request: Request, _ context: ConnectionContext) async throws -> Response {
        let runID = try request.required(AnalysisEndpoints.runID)
        let queries = RunQueries(try answers.ready().queries)
        context.whenClientLeaves { queries.abandon() }
        let finder = SameRunFinder(queries, tables: try await answers.storedTables())
        let run = try await run(runID)
        guard let answer = try await Self.found({ () throws(QueryError) in try await finder.find(run) }) else {
            throw APIError(.notFound, "nothing-stored", "of \(runID) nothing is stored that has a fingerprint")
        }
        return try JSONAnswer.response(answer)
    }
}

extension CompareQuestion {
    /// - Parameter baseline: its rules count where the question has none.
    fileprivate init(_ request: Request, _ scope: CompareScope, rules text: String?, of baseline: Baseline?) throws {
        self.init(scope)
        self.baseline = baseline?.name
        let isSaid = [CompareEndpoints.mode, CompareEndpoints.ulp, CompareEndpoints.absolute, CompareEndpoints.relative].contains
        {
            request.text($0) != nil
        }
        rules = try Self.rules(request, text ?? request.text(CompareEndpoints.rules) ?? (isSaid ? nil : baseline?.rules))
        fields = request.texts(CompareEndpoints.field)
        offset = Int64(try request.integer(CompareEndpoints.offset) ?? 0)
        isOverlapOnly = request.flag(CompareEndpoints.overlap)
        persistence = try request.integer(CompareEndpoints.persistence) ?? persistence
    }

    private static func rules(_ request: Request, _ file: String?) throws -> ComparisonRules {
        let words = request.text(CompareEndpoints.mode)
        let mode = words.flatMap { ComparisonRules.Mode(rawValue: $0) }
        if let words, mode == nil {
            throw APIError(.badRequest, "bad-parameter", "mode=\(words) is none of bits, ulp and tolerance")
        }
        let ulp = request.text(CompareEndpoints.ulp)
        if let ulp, UInt64(ulp) == nil {
            throw APIError(.badRequest, "bad-parameter", "ulp=\(ulp) is not a whole number from 0 on")
        }
        let general = ComparisonRule(
            absolute: try request.number(CompareEndpoints.absolute), relative: try request.number(CompareEndpoints.relative),
            nominal: try request.number(CompareEndpoints.nominal), ulp: ulp.flatMap { UInt64($0) })
        do throws(ComparisonRules.Fault) {
            let file: ComparisonRules.File? = try file.map { text throws(ComparisonRules.Fault) in
                try ComparisonRules.File.read(text)
            }
            return try ComparisonRules(mode: mode, general: general, file: file)
        } catch {
            throw APIError(.badRequest, "bad-rules", "\(error)", hint: "the documentation of answers describes rules")
        }
    }
}

/// GET /api/analysis/…: questions to stored runs (contract §1). Every answer carries its SQL.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TeltelAnalysis
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelQuery
import TeltelRuns
import TeltelStorage

struct AnalysisRoutes: Sendable {
    let storage: Storage?
    /// nil without storage.
    let queries: QueryService?
    let catalogue: RunCatalogue
    private let statements = StatementHeaders()
    private let work: StorageWork

    init(storage: Storage?, queries: QueryService?, catalogue: RunCatalogue, work: StorageWork) {
        self.work = work
        self.storage = storage
        self.queries = queries
        self.catalogue = catalogue
    }

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(AnalysisEndpoints.runs) { request, context in
            let question = RunsQuestion(
                sourceID: request.text(AnalysisEndpoints.anySourceID) ?? "",
                statuses: (request.text(AnalysisEndpoints.status) ?? "").split(separator: ",").map(String.init),
                daysBack: try request.integer(AnalysisEndpoints.daysBack) ?? 30)
            return try await answer(request, context, question.statement())
        }
        router.on(AnalysisEndpoints.run) { request, context in
            let runID = context.parameters.getCatchAll().joined(separator: "/")
            guard let runID = runID.removingPercentEncoding, !runID.isEmpty else { throw APIError.missingParameter("run id") }
            let response = try await answer(request, context, RunQuestion(runID: runID).statement(), mustHaveRows: true)
            return response
        }
        router.on(AnalysisEndpoints.series) { request, context in
            let question = try await series(request)
            let shape = SeriesRows(withKey: !question.keyFields.isEmpty, withWallTime: request.flag(AnalysisEndpoints.wallTime))
            return try await answer(request, context, format: "RowBinary", shape) { question.statement($0) }
        }
        router.on(AnalysisEndpoints.texts) { request, context in
            let question = try await series(request)
            return try await answer(request, context) { question.texts($0) }
        }
        router.on(AnalysisEndpoints.sizes) { request, context in
            let question = SizeQuestion(runID: request.text(AnalysisEndpoints.anyRunID))
            return try await answer(request, context) { question.statement($0) }
        }
        router.on(AnalysisEndpoints.statement) { _, context in
            try statements.response(try context.parameters.require("id"))
        }
        router.on(AnalysisEndpoints.fields) { request, _ in try await fields(request) }
        router.on(AnalysisEndpoints.summary) { request, context in
            let question = try await series(request)
            return try await answer(request, context) { question.summary($0) }
        }
    }

    /// Asks what depends on the tables that there are.
    private func answer(
        _ request: Request, _ context: ConnectionContext, format: String = "JSONEachRow",
        _ shape: some AnswerShape = PlainShape(),
        _ statement: ([StoredTable]) -> Statement?
    ) async throws -> Response {
        guard let statement = statement(try await storedTables()) else {
            // No such type was ever stored: no rows, as the contract answers.
            if request.flag(AnalysisEndpoints.explain) { return try JSONAnswer.response(Explained(sql: "", parameters: [:])) }
            return JSONAnswer.response(bytes: ByteBuffer())
        }
        return try await answer(request, context, statement, format: format, shape)
    }

    /// What of a run, or of one of its sources, can be asked for as a series or a text.
    private func fields(_ request: Request) async throws -> Response {
        let runID = try request.required(AnalysisEndpoints.runID)
        let sourceID = request.text(AnalysisEndpoints.anySourceID).flatMap { $0.isEmpty ? nil : $0 }
        let source = sourceID.map { Name($0) }
        let types = await catalogue.run(Name(runID))?.record.types.filter { source == nil || $0.sourceID == source }
        let tables = try await storedTables().filter { table in
            guard let types, !types.isEmpty, let channel = table.channel, let type = table.type else { return true }
            return types.contains { $0.channel == channel && $0.type == type }
        }
        let question = FieldsQuestion(runID: runID, sourceID: sourceID)
        var fields = StoredFields()
        let (columns, texts) = (question.columns(tables), question.texts(tables))
        for row in try await rows(StoredFields.Present.self, columns) { fields.add(row, of: tables) }
        for row in try await rows(StoredFields.Payload.self, texts) {
            let type = types?.first { $0.channel == Name(row.channel) && $0.type == Name(row.type) }
            fields.add(row) { path in Self.kind(path, of: type)?.clickHouseType }
        }
        let body = try fields.lines.reduce(into: [UInt8]()) { body, row in
            body += try JSONEncoder().encode(row) + [UInt8(ascii: "\n")]
        }
        var response = JSONAnswer.response(bytes: ByteBuffer(bytes: body))
        statements.add([columns, texts].compactMap { $0 }.map(SQLText.reproducible).joined(separator: ";\n"), to: &response)
        return response
    }

    private func rows<Row: Decodable & Sendable>(_: Row.Type, _ statement: Statement?) async throws -> [Row] {
        guard let statement else { return [] }
        let queries = try ready().queries
        let lines: [UInt8]
        do throws(QueryError) { lines = try await queries.collect(statement, format: "JSONEachRow") } catch {
            throw APIError(error)
        }
        return try lines.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Row.self, from: Data($0)) }
    }

    /// The kind of the engine's field at a path: `gear[2]` is one of `gear`.
    private static func kind(_ path: String, of type: RunRecord.EventType?) -> FieldKind? {
        let field = type?.fields.first { field in
            let (path, name) = (path.utf8, field.name.utf8)
            guard path.starts(with: name) else { return false }
            return path.count == name.count || path.dropFirst(name.count).first == UInt8(ascii: "[")
        }
        // The record says `f32[3]` of an array.
        let kind = field?.kind.prefix { $0 != "[" }
        return kind.flatMap { kind in FieldKind.allCases.first { $0.name == kind } }
    }

    private func series(_ request: Request) async throws -> SeriesQuestion {
        var question = SeriesQuestion(
            runID: try request.required(AnalysisEndpoints.runID), sourceID: try request.required(AnalysisEndpoints.sourceID),
            eventType: Name(try request.required(AnalysisEndpoints.eventType, mayBeEmpty: true)),
            channel: Name(request.text(AnalysisEndpoints.channel) ?? ""),
            path: try request.required(AnalysisEndpoints.jsonPath, mayBeEmpty: true),
            key: request.text(AnalysisEndpoints.key), points: try request.integer(AnalysisEndpoints.points))
        let type = await catalogue.run(Name(question.runID))?.record.types.first {
            $0.sourceID == Name(question.sourceID) && $0.type == question.eventType
                && (question.channel.isEmpty || $0.channel == question.channel)
        }
        question.keyFields = Self.keyFields(question, type)
        question.kind = Self.kind(question.path, of: type)
        question.frames = try frames(request)
        return question
    }

    private func frames(_ request: Request) throws -> ClosedRange<UInt64>? {
        let (first, last) = (try request.frame(AnalysisEndpoints.fromFrame), try request.frame(AnalysisEndpoints.toFrame))
        guard first != nil || last != nil else { return nil }
        let (from, to) = (first ?? 0, last ?? .max)
        guard from <= to else {
            throw APIError(.badRequest, "bad-parameter", "fromFrame=\(from) is greater than toFrame=\(to)")
        }
        return from...to
    }

    /// The fields that tell instances of the type apart: declared by the engine, or the contract's own for `wheel.force`.
    private static func keyFields(_ question: SeriesQuestion, _ type: RunRecord.EventType?) -> [String] {
        let declared = type?.fields.filter(\.key).map(\.name.text) ?? []
        return declared.isEmpty && question.eventType == "wheel.force" ? ["wheelId"] : declared
    }

    // MARK: asking

    private func ready() throws -> (storage: Storage, queries: QueryService) {
        guard let storage, let queries else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector runs without storage", hint: "start it without --no-storage")
        }
        return (storage, queries)
    }

    private struct Explained: Encodable {
        let sql: String
        let parameters: [String: String]
    }

    private func answer(
        _ request: Request, _ context: ConnectionContext, _ statement: Statement, format: String = "JSONEachRow",
        _ shape: some AnswerShape = PlainShape(),
        mustHaveRows: Bool = false
    ) async throws -> Response {
        let queries = try ready().queries
        if request.flag(AnalysisEndpoints.explain) {
            let parameters = Dictionary(statement.parameters.map { ($0.name, $0.value) }) { first, _ in first }
            return try JSONAnswer.response(Explained(sql: statement.sql, parameters: parameters))
        }
        let answer: QueryAnswer
        do throws(QueryError) {
            answer = try queries.ask(statement, format: format, shape: shape)
            context.whenClientLeaves { [weak answer] in answer?.abandon() }
            try await answer.begin()
        } catch { throw APIError(error) }
        if mustHaveRows, answer.isEmpty {
            throw APIError(.notFound, "unknown-run", "this run is not stored", hint: "GET /api/analysis/runs")
        }
        var response = Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody { writer in
                for try await piece in answer { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
        statements.add(SQLText.reproducible(statement), to: &response)
        return response
    }

    private func storedTables() async throws -> [StoredTable] {
        let storage = try ready().storage
        do {
            return try await work.look { try storage.storedTables() }
        } catch let error as ClickHouseError {
            throw APIError(
                .serviceUnavailable, "storage-failed", "ClickHouse: \(error)", hint: "GET /api/ready shows the state of storage",
                retryAfterSeconds: 1)
        }
    }
}

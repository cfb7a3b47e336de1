/// How all questions to stored runs are asked and answered: every answer carries its SQL.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TeltelAnalysis
import TeltelBooks
import TeltelEvents
import TeltelHTTP
import TeltelQuery
import TeltelStorage

struct AnalysisAnswers: Sendable {
    let storage: Storage?
    /// nil without storage.
    let queries: QueryService?
    let catalogue: RunCatalogue
    /// Parameters have been through it before they come here.
    let references: RunReferences
    let work: StorageWork
    let statements = StatementHeaders()

    func ready() throws -> (storage: Storage, queries: QueryService) {
        guard let storage, let queries else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector runs without storage", hint: "start it without --no-storage")
        }
        return (storage, queries)
    }

    func storedTables() async throws -> [StoredTable] {
        let storage = try ready().storage
        do {
            return try await work.look { try storage.storedTables() }
        } catch let error as ClickHouseError {
            throw APIError(
                .serviceUnavailable, "storage-failed", "ClickHouse: \(error)", hint: "GET /api/ready shows the state of storage",
                retryAfterSeconds: 1)
        }
    }

    private struct Explained: Encodable {
        let sql: String
        let parameters: [String: String]
    }

    /// Asks what depends on the tables that there are. No such type was ever stored: no rows, as the contract answers.
    func answer(
        _ request: Request, _ context: ConnectionContext, format: String = "JSONEachRow",
        _ shape: some AnswerShape = PlainShape(), _ statement: ([StoredTable]) -> Statement?
    ) async throws -> Response {
        guard let statement = statement(try await storedTables()) else {
            if request.flag(AnalysisEndpoints.explain) { return try explained([]) }
            var shape = shape
            return JSONAnswer.response(bytes: ByteBuffer(bytes: try shape.finish()))
        }
        return try await answer(request, context, statement, format: format, shape)
    }

    /// The same for rows of columns that the statement names.
    func rows(_ request: Request, _ context: ConnectionContext, _ statement: ([StoredTable]) -> Statement?) async throws
        -> Response
    {
        guard let statement = statement(try await storedTables()) else {
            return request.flag(AnalysisEndpoints.explain) ? try explained([]) : JSONAnswer.response(bytes: ByteBuffer())
        }
        return try await answer(request, context, statement, format: "RowBinary", JSONRows(statement.columns))
    }

    func answer(
        _ request: Request, _ context: ConnectionContext, _ statement: Statement, format: String = "JSONEachRow",
        _ shape: some AnswerShape = PlainShape(), mustHaveRows: Bool = false
    ) async throws -> Response {
        let queries = try ready().queries
        if request.flag(AnalysisEndpoints.explain) { return try explained([statement]) }
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
        statements.add(statement.reproducible, to: &response)
        return response
    }

    func explained(_ all: [Statement]) throws -> Response {
        let parameters = all.flatMap(\.parameters)
        return try JSONAnswer.response(
            Explained(
                sql: all.map(\.sql).joined(separator: ";\n"),
                parameters: Dictionary(parameters.map { ($0.name, $0.value) }) { first, _ in first }))
    }

    /// Rows of a question that is asked on the way to an answer.
    func decoded<Row: Decodable & Sendable>(_: Row.Type, _ statement: Statement?) async throws -> [Row] {
        guard let statement else { return [] }
        let queries = try ready().queries
        let lines: [UInt8]
        do throws(QueryError) { lines = try await queries.collect(statement, format: "JSONEachRow") } catch {
            throw APIError(error)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try lines.split(separator: UInt8(ascii: "\n")).map { try decoder.decode(Row.self, from: Data($0)) }
    }

    /// An answer that was put together from those of several questions.
    func lines(_ lines: [some Encodable], _ asked: [Statement?]) throws -> Response {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let body = try lines.reduce(into: [UInt8]()) { body, line in body += try encoder.encode(line) + [UInt8(ascii: "\n")] }
        var response = JSONAnswer.response(bytes: ByteBuffer(bytes: body))
        statements.add(asked.compactMap { $0 }.map(\.reproducible).joined(separator: ";\n"), to: &response)
        return response
    }

    // MARK: parameters that many questions have

    /// What of the run, the source, the channel, the type and the ranges is there; without keys.
    func scope(_ request: Request, mustHaveRun: Bool = true) throws -> EventScope {
        func given(_ parameter: Parameter) -> String? { request.text(parameter).flatMap { $0.isEmpty ? nil : $0 } }
        return EventScope(
            runID: mustHaveRun ? try request.required(AnalysisEndpoints.runID) : given(AnalysisEndpoints.anyRunID),
            sourceID: given(AnalysisEndpoints.anySourceID), channel: given(AnalysisEndpoints.channel).map { Name($0) },
            // A type may be empty.
            eventType: request.text(AnalysisEndpoints.anyEventType).map { Name($0) }, frames: try frames(request),
            times: try times(request))
    }

    func frames(_ request: Request) throws -> ClosedRange<UInt64>? {
        let (first, last) = (AnalysisEndpoints.fromFrame, AnalysisEndpoints.toFrame)
        return try request.range(first, request.frame(first), last, request.frame(last), in: 0...UInt64.max)
    }

    func times(_ request: Request) throws -> ClosedRange<Double>? {
        let (first, last) = (AnalysisEndpoints.fromTime, AnalysisEndpoints.toTime)
        let all = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        return try request.range(first, request.number(first), last, request.number(last), in: all)
    }

    /// A scope with its type and the keys of its instances.
    func typeScope(_ request: Request) async throws -> (scope: EventScope, types: RunTypes) {
        var scope = try scope(request)
        scope.eventType = Name(try request.required(AnalysisEndpoints.eventType, mayBeEmpty: true))
        scope.key = request.text(AnalysisEndpoints.key)
        let types = await RunTypes(scope.runID ?? "", catalogue)
        scope.keyFields = types.keyFields(scope)
        return (scope, types)
    }
}

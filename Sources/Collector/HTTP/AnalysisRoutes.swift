/// GET /api/analysis/…: questions to stored runs (contract §1). Every answer carries its SQL.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix
import TeltelAnalysis
import TeltelControl
import TeltelEvents
import TeltelStorage

struct AnalysisRoutes: Sendable {
    let storage: Storage?
    let registry: RunRegistry

    func add(to router: Router<ConnectionContext>) {
        router.get("api/analysis/runs") { request, _ in
            let question = RunsQuestion(
                sourceID: request.text("sourceId") ?? "",
                statuses: (request.text("status") ?? "").split(separator: ",").map(String.init),
                daysBack: try request.integer("daysBack", 0...36_500) ?? 30)
            return try await answer(request, question.statement(), .json)
        }
        router.get("api/analysis/run/**") { request, context in
            let runID = context.parameters.getCatchAll().joined(separator: "/")
            guard let runID = runID.removingPercentEncoding, !runID.isEmpty else { throw APIError.missingParameter("run id") }
            let response = try await answer(request, RunQuestion(runID: runID).statement(), .json, mustHaveRows: true)
            return response
        }
        router.get("api/analysis/run") { _, _ -> Response in throw APIError.missingParameter("run id") }
        router.get("api/analysis/series") { request, _ in
            let question = try series(request)
            let shape = Shape.series(hasKey: !question.keyFields.isEmpty, hasWallTime: request.text("wallTime") == "1")
            return try await answer(request, shape) { question.statement($0) }
        }
        router.get("api/analysis/texts") { request, _ in
            let question = try series(request)
            return try await answer(request, .json) { question.texts($0) }
        }
        router.get("api/analysis/sizes") { request, _ in
            let question = SizeQuestion(runID: request.text("runId"))
            return try await answer(request, .json) { question.statement($0) }
        }
        router.get("api/analysis/fields") { request, _ in try await fields(request) }
        router.get("api/analysis/summary") { request, _ in
            let question = try series(request)
            return try await answer(request, .json) { question.summary($0) }
        }
    }

    /// Asks what depends on the tables that there are.
    private func answer(_ request: Request, _ shape: Shape, _ statement: ([StoredTable]) -> Statement?) async throws -> Response {
        let storage = try ready()
        guard let statement = statement(try await Self.offLoop { try storage.storedTables() }) else {
            // No such type was ever stored: no rows, as the contract answers.
            if request.text("explain") == "1" { return try JSONAnswer.response(Explained(sql: "", parameters: [:])) }
            return JSONAnswer.response(bytes: ByteBuffer())
        }
        return try await answer(request, statement, shape)
    }

    /// What of a run, or of one of its sources, can be asked for as a series or a text.
    private func fields(_ request: Request) async throws -> Response {
        guard let runID = request.text("runId"), !runID.isEmpty else { throw APIError.missingParameter("runId") }
        let storage = try ready()
        let sourceID = request.text("sourceId").flatMap { $0.isEmpty ? nil : $0 }
        let source = sourceID.map { Name($0) }
        let types = registry.snapshot(Name(runID))?.record.types.filter { source == nil || $0.sourceID == source }
        let tables = try await Self.offLoop { try storage.storedTables() }.filter { table in
            guard let types, let channel = table.channel, let type = table.type else { return true }
            return types.contains { $0.channel == channel && $0.type == type }
        }
        let question = FieldsQuestion(runID: runID, sourceID: sourceID)
        var fields = StoredFields()
        for row in try await rows(StoredFields.Present.self, question.columns(tables), storage) { fields.add(row, of: tables) }
        for row in try await rows(StoredFields.Payload.self, question.texts(tables), storage) {
            let type = types?.first { $0.channel == Name(row.channel) && $0.type == Name(row.type) }
            fields.add(row) { path in Self.kind(path, of: type)?.clickHouseType }
        }
        let body = try fields.lines.reduce(into: [UInt8]()) { body, row in
            body += try JSONEncoder().encode(row) + [UInt8(ascii: "\n")]
        }
        return JSONAnswer.response(bytes: ByteBuffer(bytes: body))
    }

    private func rows<Row: Decodable & Sendable>(_: Row.Type, _ statement: Statement?, _ storage: Storage) async throws -> [Row] {
        guard let statement else { return [] }
        let parameters = Dictionary(statement.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        let lines = try await Self.offLoop { try storage.query(statement.sql, parameters, format: "JSONEachRow") }
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

    private func series(_ request: Request) throws -> SeriesQuestion {
        func required(_ name: String, mayBeEmpty: Bool = false) throws -> String {
            guard let value = request.text(name), mayBeEmpty || !value.isEmpty else { throw APIError.missingParameter(name) }
            return value
        }
        var question = SeriesQuestion(
            runID: try required("runId"), sourceID: try required("sourceId"),
            eventType: Name(try required("eventType", mayBeEmpty: true)),
            channel: Name(request.text("channel") ?? ""), path: try required("jsonPath", mayBeEmpty: true),
            key: request.text("key"),
            points: try request.integer("points", 2...10_000_000))
        let type = registry.snapshot(Name(question.runID))?.record.types.first {
            $0.sourceID == Name(question.sourceID) && $0.type == question.eventType
                && (question.channel.isEmpty || $0.channel == question.channel)
        }
        question.keyFields = Self.keyFields(question, type)
        question.kind = Self.kind(question.path, of: type)
        question.frames = try frames(request)
        return question
    }

    private func frames(_ request: Request) throws -> ClosedRange<UInt64>? {
        func frame(_ name: String, _ standard: UInt64) throws -> UInt64 {
            guard let text = request.text(name) else { return standard }
            guard let frame = UInt64(text) else {
                throw APIError(.badRequest, "bad-parameter", "\(name)=\(text) is not the number of a frame")
            }
            return frame
        }
        guard request.text("fromFrame") != nil || request.text("toFrame") != nil else { return nil }
        let (from, to) = (try frame("fromFrame", 0), try frame("toFrame", .max))
        guard from <= to else {
            throw APIError(.badRequest, "bad-parameter", "fromFrame=\(from) lies behind toFrame=\(to)")
        }
        return from...to
    }

    /// The fields that tell instances of the type apart: declared by the engine, or the contract's own for `wheel.force`.
    private static func keyFields(_ question: SeriesQuestion, _ type: RunRecord.EventType?) -> [String] {
        let declared = type?.fields.filter(\.key).map(\.name.text) ?? []
        return declared.isEmpty && question.eventType == "wheel.force" ? ["wheelId"] : declared
    }

    // MARK: asking

    private enum Shape {
        /// As ClickHouse writes it.
        case json
        /// frame_index, sim_time, value and perhaps wall_time_ms and key.
        case series(hasKey: Bool, hasWallTime: Bool)
    }

    private func ready() throws -> Storage {
        guard let storage else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector keeps nothing", hint: "start it without --no-storage")
        }
        return storage
    }

    private struct Explained: Encodable {
        let sql: String
        let parameters: [String: String]
    }

    private func answer(_ request: Request, _ statement: Statement, _ shape: Shape, mustHaveRows: Bool = false) async throws
        -> Response
    {
        let storage = try ready()
        let parameters = Dictionary(statement.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        if request.text("explain") == "1" {
            return try JSONAnswer.response(Explained(sql: statement.sql, parameters: parameters))
        }
        var body: [UInt8]
        switch shape {
        case .json: body = try await Self.offLoop { try storage.query(statement.sql, parameters, format: "JSONEachRow") }
        case .series(let hasKey, let hasWallTime):
            let rows = try await Self.offLoop { try storage.query(statement.sql, parameters, format: "RowBinary") }
            body = try SeriesRows.json(rows, withKey: hasKey, withWallTime: hasWallTime)
        }
        if mustHaveRows, body.isEmpty {
            throw APIError(.notFound, "unknown-run", "this run is not stored", hint: "GET /api/analysis/runs")
        }
        var response = JSONAnswer.response(bytes: ByteBuffer(bytes: body))
        let reproducible =
            parameters.sorted { $0.key < $1.key }.map { "-- param_\($0.key)=\($0.value)\n" }.joined() + statement.sql
        let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_.!~*'()"))
        response.headers[.init("X-Teltel-SQL")!] = reproducible.addingPercentEncoding(withAllowedCharacters: unreserved)
        return response
    }

    /// Queries block: they run on threads that may.
    private static func offLoop<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        do {
            return try await NIOThreadPool.singleton.runIfActive(body)
        } catch let error as ClickHouseError {
            throw APIError(
                .serviceUnavailable, "storage-failed", "ClickHouse: \(error)", hint: "GET /api/ready shows the state of storage")
        }
    }
}

extension Request {
    func text(_ name: String) -> String? { FormQuery(uri.query).value(of: name) }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = text(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw APIError(
                .badRequest, "bad-parameter", "\(name)=\(text) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

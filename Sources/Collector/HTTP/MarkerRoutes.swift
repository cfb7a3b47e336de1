/// /api/markers: places in runs that somebody or some rule has marked; and /api/run-id.
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix
import TeltelAPI
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelHTTP

struct MarkerRoutes: Sendable {
    /// nil: this collector keeps nothing.
    let store: ControlStore?
    let catalogue: RunCatalogue
    let references: RunReferences

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(MarkerEndpoints.list) { request, _ in try await list(request) }
        router.on(MarkerEndpoints.add) { request, _ in try await add(request) }
        router.on(MarkerEndpoints.remove) { _, context in
            let id = try context.parameters.require("id")
            guard let id = id.removingPercentEncoding, try await asking({ try $0.removeMarker(id) }) else {
                throw APIError(
                    .notFound, "unknown-marker", "there is no marker \(id)", hint: "GET /api/markers lists those of a run")
            }
            return try JSONAnswer.response(MarkerRemovedAnswer(id: id))
        }
        router.on(MarkerEndpoints.removeSome) { request, _ in
            let runID = Name(try request.required(MarkerEndpoints.runID))
            let selection = try Self.selection(request)
            // Not all that people have said about a run, by one word that was forgotten.
            guard selection.origin != nil || !selection.kinds.isEmpty else { throw APIError.missingParameter("origin or kind") }
            let removed = try await asking { try $0.removeMarkers(of: runID, selection) }
            return try JSONAnswer.response(MarkersRemovedAnswer(runId: runID, removed: removed))
        }
        router.on(MarkerEndpoints.resolve) { request, _ in
            let asked = try request.required(MarkerEndpoints.reference)
            let runID = try await references.id(asked)
            try await mustBeKnown(runID)
            return try JSONAnswer.response(RunReferenceAnswer(asked: asked, runId: runID))
        }
    }

    // MARK: reading

    private func list(_ request: Request) async throws -> Response {
        let runID = Name(try request.required(MarkerEndpoints.runID))
        let selection = try Self.selection(request)
        let format = request.text(MarkerEndpoints.format) ?? "json"
        guard ["json", "jsonl", "csv"].contains(format) else {
            throw APIError(.badRequest, "bad-parameter", "format=\(format) is none of json, jsonl and csv")
        }
        try await mustBeKnown(runID)
        if format != "json" {
            let all = try await asking { try $0.markers(of: runID, selection) }.map(MarkerAnswer.init)
            return try Self.file(all, format)
        }
        let limit = try request.integer(MarkerEndpoints.limit) ?? 1_000
        let place = try request.text(MarkerEndpoints.after).flatMap { $0.isEmpty ? nil : $0 }.map { text in
            guard let place = MarkerPlace(text) else {
                throw APIError(
                    .badRequest, "bad-parameter", "after=\(text) is not the `next` of an answer to this question",
                    hint: "ask without it for the first markers")
            }
            return place
        }
        let (found, total) = try await asking { store in
            (try store.markers(of: runID, selection, after: place, limit: limit + 1), try store.markerCount(of: runID, selection))
        }
        let shown = found.prefix(limit)
        let next = found.count > limit ? shown.last.map { MarkerPlace($0).text } : nil
        return try JSONAnswer.response(
            MarkersAnswer(runId: runID, markers: shown.map(MarkerAnswer.init), total: total, next: next ?? ""))
    }

    private static func file(_ markers: [MarkerAnswer], _ format: String) throws -> Response {
        if format == "csv" {
            let text = CSVLine.of(MarkerAnswer.columns) + markers.map { CSVLine.of($0.cells) }.joined()
            return Response(
                status: .ok, headers: [.contentType: "text/csv; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: text))
            )
        }
        let lines = try markers.map { try JSONAnswer.text($0) + "\n" }
        return Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: .init(byteBuffer: ByteBuffer(string: lines.joined())))
    }

    static func selection(_ request: Request) throws -> MarkerSelection {
        func given(_ parameter: Parameter) -> String? { request.text(parameter).flatMap { $0.isEmpty ? nil : $0 } }
        func words(_ parameter: Parameter) -> [String] {
            given(parameter)?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
        }
        func known<Word: RawRepresentable<String> & CaseIterable>(_ parameter: Parameter, _ text: String, _: Word.Type) throws
            -> Word
        {
            guard let word = Word(rawValue: text) else {
                let all = Word.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError(.badRequest, "bad-parameter", "\(parameter.name)=\(text) is none of \(all)")
            }
            return word
        }
        var selection = MarkerSelection()
        selection.kinds = words(MarkerEndpoints.kind)
        selection.severities = try words(MarkerEndpoints.severity).map { try known(MarkerEndpoints.severity, $0, Severity.self) }
        selection.origin = try given(MarkerEndpoints.origin).map { try known(MarkerEndpoints.origin, $0, Marker.Origin.self) }
        selection.sourceID = given(AnalysisEndpoints.anySourceID).map { Name($0) }
        selection.channel = given(AnalysisEndpoints.channel).map { Name($0) }
        selection.type = given(MarkerEndpoints.eventType).map { Name($0) }
        selection.field = given(MarkerEndpoints.field).map { Name($0) }
        let (first, last) = (AnalysisEndpoints.fromFrame, AnalysisEndpoints.toFrame)
        selection.frames = try request.range(first, request.frame(first), last, request.frame(last), in: 0...UInt64.max)
        return selection
    }

    // MARK: making

    private func add(_ request: Request) async throws -> Response {
        let key = try IngestRoutes.key(request.headers)
        let asked = try await Self.content(request)
        let runID = try await references.id(asked.runId)
        try await mustBeKnown(runID)
        let id = "m-" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
        let marker = asked.marker(of: runID, id: id, nowMs: Int64(Date().timeIntervalSince1970 * 1_000))
        switch try await asking({ try $0.add(marker, key: key) }) {
        case .done(let marker): return try JSONAnswer.response(MarkerAnswer(marker))
        case .madeBefore(let marker):
            var response = try JSONAnswer.response(MarkerAnswer(marker))
            response.headers[IngestRoutes.replayedName] = "true"
            return response
        case .tooMany:
            throw APIError(
                .conflict, "too-many-markers", "the run has \(MarkerLimits.perRun) markers already",
                hint: "delete some: DELETE /api/markers?runId=…&origin=rule")
        }
    }

    private static func content(_ request: Request) async throws -> MarkerRequest {
        let hint =
            #"send {"runId": "…", "fromFrame": 120, "text": "…"}; with toFrame, simTime, kind, field, severity, …, if you like"#
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Endpoints.bodyBytesMax)
        } catch {
            throw APIError(.contentTooLarge, "body-too-large", "the body must not exceed 64 KiB", hint: hint)
        }
        let asked: MarkerRequest
        do { asked = try APICoding.decoder.decode(MarkerRequest.self, from: Data(buffer: body)) } catch {
            throw APIError(.badRequest, "bad-marker", "the body is no marker: \(reason(error))", hint: hint)
        }
        let problem = asked.runId.isEmpty ? "runId is empty" : asked.problem
        if let problem { throw APIError(.badRequest, "bad-marker", problem, hint: hint) }
        return asked
    }

    /// What of the body is wrong, without the words of the decoder.
    private static func reason(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case DecodingError.keyNotFound(let key, _): return "\(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            return context.codingPath.isEmpty ? "it is no JSON object" : "\(place(context.codingPath)) is of another kind"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "\(place(context.codingPath)) is none of its values"
        case DecodingError.dataCorrupted:
            // The decoder does not say where a number stands that it cannot take.
            return "it is no JSON object, or fromFrame or toFrame is no whole number from 0 to 2^64-1"
        default: return "it is no JSON object"
        }
    }

    // MARK: the store

    private func mustBeKnown(_ runID: Name) async throws {
        guard await catalogue.run(runID) != nil else { throw RunRoutes.unknown(runID) }
    }

    /// The disk is never waited for on an event loop.
    private func asking<Answer: Sendable>(_ body: @escaping @Sendable (ControlStore) throws -> Answer) async throws -> Answer {
        guard let store else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector could not use its data folder, so it keeps no markers",
                hint: "its log says why; choose another with --data-dir")
        }
        do {
            return try await NIOThreadPool.singleton.runIfActive { try body(store) }
        } catch let error as ControlStoreError {
            throw APIError(
                .internalServerError, "markers-failed", error.description, hint: "try again once that is fixed")
        }
    }
}

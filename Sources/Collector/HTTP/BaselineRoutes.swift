/// /api/baselines: runs that others are compared with, by name.
import Foundation
import Hummingbird
import NIOPosix
import TeltelAPI
import TeltelAnalysis
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelHTTP

struct BaselineRoutes: Sendable {
    /// nil: this collector could not use its data folder.
    let store: ControlStore?
    let catalogue: RunCatalogue
    let references: RunReferences

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(BaselineEndpoints.list) { _, _ in
            try JSONAnswer.response(try await asking { try $0.baselines() }.map { BaselineAnswer($0) })
        }
        router.on(BaselineEndpoints.read) { _, context in
            let name = try Self.name(context)
            guard let found = try await asking({ try $0.baseline(name) }) else { throw Self.unknown(name) }
            return try JSONAnswer.response(BaselineAnswer(found))
        }
        router.on(BaselineEndpoints.set) { request, context in
            try await set(try Self.name(context), try await Self.change(request))
        }
        router.on(BaselineEndpoints.remove) { _, context in
            let name = try Self.name(context)
            let now = Self.nowMs()
            guard try await asking({ try $0.removeBaseline(name, atMs: now) }) else { throw Self.unknown(name) }
            return try JSONAnswer.response(BaselineRemovedAnswer(name: name))
        }
        router.on(BaselineEndpoints.history) { _, context in
            let name = try Self.name(context)
            let all = try await asking { try $0.baselineHistory(name) }
            if all.isEmpty { throw Self.unknown(name) }
            return try JSONAnswer.response(all.map { BaselineAnswer($0.baseline, endedMs: $0.endedMs) })
        }
    }

    private func set(_ name: String, _ change: BaselineChangeRequest) async throws -> Response {
        let runID = try await references.id(change.runId)
        guard let run = await catalogue.run(runID)?.record else { throw RunRoutes.unknown(runID) }
        guard run.status != .running else {
            throw APIError(
                .conflict, "run-is-running", "\(runID) is still running: what others are compared with must have ended",
                hint: "end its engine, or post its run.end")
        }
        if let rules = change.rules {
            do throws(ComparisonRules.Fault) {
                _ = try ComparisonRules(mode: nil, general: ComparisonRule(), file: try ComparisonRules.File.read(rules))
            } catch { throw APIError(.badRequest, "bad-rules", "\(error)") }
        }
        let baseline = Baseline(name: name, runID: runID, rules: change.rules, note: change.note, setMs: Self.nowMs())
        switch try await asking({ try $0.set(baseline) }) {
        case .done(let before):
            return try JSONAnswer.response(
                BaselineSetAnswer(baseline: BaselineAnswer(baseline), before: before.map { BaselineAnswer($0) }))
        case .tooMany:
            throw APIError(
                .conflict, "too-many-baselines", "there are \(ControlStore.baselinesMost) baselines already",
                hint: "DELETE one that nobody needs")
        }
    }

    private static func change(_ request: Request) async throws -> BaselineChangeRequest {
        guard let body = try? await request.body.collect(upTo: BaselineEndpoints.bytesMax),
            let change = try? JSONDecoder().decode(BaselineChangeRequest.self, from: Data(buffer: body)), !change.runId.isEmpty
        else {
            throw APIError(
                .badRequest, "bad-body", "the body is no {\"runId\": \"…\"}, with rules as JSON text and a note if there are any",
                hint: "at most \(BaselineEndpoints.bytesMax >> 10) KiB")
        }
        return change
    }

    private static func nowMs() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// `auto` is what is compared with where nobody names it.
    static func isName(_ name: String) -> Bool {
        (1...100).contains(name.unicodeScalars.count) && name != "auto" && !name.contains("/")
            && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
            && name.contains { !$0.isWhitespace }
    }

    private static func name(_ context: ConnectionContext) throws -> String {
        guard let name = try context.parameters.require("name").removingPercentEncoding, isName(name) else {
            throw APIError(
                .badRequest, "bad-baseline-name",
                "a baseline's name has 1 to 100 characters, no slash and no control character, and is not auto")
        }
        return name
    }

    static func unknown(_ name: String) -> APIError {
        APIError(.notFound, "unknown-baseline", "there is no baseline \(name)", hint: "GET /api/baselines lists them")
    }

    /// The disk is never waited for on an event loop.
    private func asking<Answer: Sendable>(_ body: @escaping @Sendable (ControlStore) throws -> Answer) async throws -> Answer {
        guard let store else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector could not use its data folder, so it keeps no baselines",
                hint: "its log says why; choose another with --data-dir")
        }
        do {
            return try await NIOThreadPool.singleton.runIfActive { try body(store) }
        } catch let error as ControlStoreError {
            throw APIError(.internalServerError, "baselines-failed", error.description, hint: "try again once that is fixed")
        }
    }
}

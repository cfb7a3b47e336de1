/// Runs may be named by the beginning of their id, or as the latest one, wherever a question has a parameter for a run.
import HTTPTypes
import Hummingbird
import TeltelBooks
import TeltelEvents
import TeltelHTTP

/// What stands behind it sees whole ids only. An answer to a question that had another text says which run it is about.
struct RunReferenceMiddleware: RouterMiddleware {
    let references: RunReferences

    /// Parameters that name a run.
    private static let names: Set<String> = ["runId", "runId1", "runId2", "baseline"]
    static let header = HTTPField.Name("X-Teltel-Run-Id")!

    func handle(
        _ request: Request, context: ConnectionContext, next: (Request, ConnectionContext) async throws -> Response
    ) async throws -> Response {
        guard let query = request.uri.query, !query.isEmpty else { return try await next(request, context) }
        var resolved: [String] = []
        var parts: [Substring] = []
        for part in query.split(separator: "&", omittingEmptySubsequences: false) {
            let name = part.prefix { $0 != "=" }
            guard Self.names.contains(String(name)), let asked = FormQuery(String(part)).value(of: String(name)), !asked.isEmpty
            else {
                parts.append(part)
                continue
            }
            // A comparison takes the baseline's rules along.
            if name == "runId1", asked.hasPrefix(RunReference.baselineWord) {
                parts.append(part)
                continue
            }
            let runID = try await references.id(asked).text
            guard !runID.utf8.elementsEqual(asked.utf8) else {
                parts.append(part)
                continue
            }
            resolved.append(RunCommand.escaped(runID))
            parts.append("\(name)=\(RunCommand.escaped(runID))")
        }
        guard !resolved.isEmpty else { return try await next(request, context) }
        var head = request.head
        head.path = request.uri.path + "?" + parts.joined(separator: "&")
        var response = try await next(Request(head: head, body: request.body), context)
        response.headers[Self.header] = resolved.joined(separator: ", ")
        return response
    }
}

extension RunReferences {
    /// With the port's errors.
    func id(_ text: String) async throws -> Name {
        do {
            return try await resolve(text)
        } catch {
            switch error {
            case .noneFits:
                throw APIError(.notFound, "unknown-run", error.explanation, hint: "GET /api/runs lists the runs")
            case .ambiguous:
                throw APIError(.conflict, "ambiguous-run", error.explanation, hint: "give more of the id")
            }
        }
    }
}

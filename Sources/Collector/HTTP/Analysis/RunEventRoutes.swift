/// A run's events, whatever their types.
import Hummingbird
import TeltelAnalysis
import TeltelEvents
import TeltelHTTP
import TeltelQuery

struct RunEventRoutes: Sendable {
    let answers: AnalysisAnswers

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(AnalysisEndpoints.stats) { request, context in
            let question = RunEventsQuestion(try answers.scope(request, mustHaveRun: false))
            return try await answers.rows(request, context) { question.stats($0) }
        }
        router.on(AnalysisEndpoints.frames) { request, context in
            let question = RunEventsQuestion(try answers.scope(request))
            let types = await RunTypes(question.scope.runID ?? "", answers.catalogue)
            return try await answers.rows(request, context) { question.frames(types.tables($0)) }
        }
        router.on(AnalysisEndpoints.at) { request, context in
            guard let frame = try request.frame(AnalysisEndpoints.frame) else {
                throw APIError.missingParameter(AnalysisEndpoints.frame.name)
            }
            let scope = try answers.scope(request)
            let types = await RunTypes(scope.runID ?? "", answers.catalogue)
            let question = StateQuestion(scope, frame: frame, known: types.known)
            return try await answers.rows(request, context) { question.statement(types.tables($0)) }
        }
        router.on(AnalysisEndpoints.events) { request, context in try await events(request, context) }
    }

    private func events(_ request: Request, _ context: ConnectionContext) async throws -> Response {
        var question = RunEventsQuestion(try answers.scope(request))
        let limit = try request.integer(AnalysisEndpoints.limit) ?? 1_000
        var start = PageStart(frame: question.scope.frames?.lowerBound ?? 0, skipping: 0)
        if let text = request.text(AnalysisEndpoints.after), !text.isEmpty {
            let last = question.scope.frames?.upperBound ?? .max
            guard let after = PageStart(text), after.frame >= start.frame, after.frame <= last else {
                throw APIError(
                    .badRequest, "bad-parameter", "after=\(text) is not the `next` of an answer to this question",
                    hint: "ask without it for the first events")
            }
            start = after
            question.scope.frames = after.frame...last
        }
        let types = await RunTypes(question.scope.runID ?? "", answers.catalogue)
        return try await answers.answer(request, context, format: "RowBinary", EventPage(limit: limit, start: start)) {
            question.events(types.tables($0), limit: limit, skipping: start.skipping)
        }
    }
}

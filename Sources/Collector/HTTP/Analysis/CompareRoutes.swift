/// GET /api/analysis/first-divergence, same-as: runs against each other.
import Hummingbird
import TeltelAPI
import TeltelAnalysis
import TeltelAnswers
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelQuery

struct CompareRoutes: Sendable {
    let answers: AnalysisAnswers

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(CompareEndpoints.firstDivergence) { request, _ in try await firstDivergence(request) }
        router.on(CompareEndpoints.sameAs) { request, _ in try await sameAs(request) }
    }

    private func firstDivergence(_ request: Request) async throws -> Response {
        var scope = CompareScope(
            try request.required(CompareEndpoints.runID1), try request.required(CompareEndpoints.runID2))
        scope.type = request.text(AnalysisEndpoints.anyEventType).map { Name($0) }
        scope.channel = request.text(AnalysisEndpoints.channel).map { Name($0) }
        scope.source = request.text(AnalysisEndpoints.anySourceID).map { Name($0) }
        scope.frames = try answers.frames(request)
        let queries = try answers.ready().queries
        var states: [RunState] = []
        for runID in [scope.first, scope.second] { states.append(try await state(of: runID)) }
        let finder = DivergenceFinder(
            queries, tables: try await answers.storedTables(), scope: scope, states: states)
        let answer: DivergenceAnswer
        do throws(QueryError) { answer = try await finder.find() } catch { throw APIError(error) }
        return try JSONAnswer.response(answer)
    }

    private func sameAs(_ request: Request) async throws -> Response {
        let runID = try request.required(AnalysisEndpoints.runID)
        let queries = try answers.ready().queries
        let isComplete = try await state(of: runID).isComplete
        let finder = SameRunFinder(queries, tables: try await answers.storedTables())
        let answer: SameAsAnswer?
        do throws(QueryError) { answer = try await finder.find(runID, isComplete: isComplete) } catch { throw APIError(error) }
        guard let answer else {
            throw APIError(.notFound, "nothing-stored", "of \(runID) nothing is stored that has a fingerprint")
        }
        return try JSONAnswer.response(answer)
    }

    private func state(of runID: String) async throws -> RunState {
        guard let record = await answers.catalogue.run(Name(runID))?.record else {
            throw APIError(.notFound, "unknown-run", "there is no run \(runID)", hint: "GET /api/runs lists the runs")
        }
        return RunState(
            isComplete: record.status != .running && record.isAccountedFor, refused: record.refused.values.reduce(0, &+),
            lost: record.lostByReason.values.reduce(0, &+))
    }
}

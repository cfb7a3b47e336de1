/// GET /api/analysis/first-divergence: two runs against each other.
import Hummingbird
import TeltelAPI
import TeltelAnalysis
import TeltelAnswers
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelQuery
import TeltelStorage

struct CompareRoutes: Sendable {
    let storage: Storage?
    /// nil without storage.
    let queries: QueryService?
    let catalogue: RunCatalogue
    let work: StorageWork

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(CompareEndpoints.firstDivergence) { request, _ in try await firstDivergence(request) }
        router.on(CompareEndpoints.sameAs) { request, _ in try await sameAs(request) }
    }

    private func firstDivergence(_ request: Request) async throws -> Response {
        var scope = CompareScope(
            try request.required(CompareEndpoints.runID1), try request.required(CompareEndpoints.runID2))
        scope.type = request.text(CompareEndpoints.eventType).map { Name($0) }
        scope.channel = request.text(AnalysisEndpoints.channel).map { Name($0) }
        scope.source = request.text(AnalysisEndpoints.anySourceID).map { Name($0) }
        scope.frames = try request.frames(from: CompareEndpoints.fromFrame, to: CompareEndpoints.toFrame)
        let (storage, queries) = try ready()
        var areComplete: [Bool] = []
        for runID in [scope.first, scope.second] { areComplete.append(try await isComplete(runID)) }
        let finder = DivergenceFinder(
            queries, tables: try await work.tables(of: storage), scope: scope, areComplete: areComplete)
        let answer: DivergenceAnswer
        do throws(QueryError) { answer = try await finder.find() } catch { throw APIError(error) }
        return try JSONAnswer.response(answer)
    }

    private func sameAs(_ request: Request) async throws -> Response {
        let runID = try request.required(AnalysisEndpoints.runID)
        let (storage, queries) = try ready()
        let isComplete = try await isComplete(runID)
        let finder = SameRunFinder(queries, tables: try await work.tables(of: storage))
        let answer: SameAsAnswer?
        do throws(QueryError) { answer = try await finder.find(runID, isComplete: isComplete) } catch { throw APIError(error) }
        guard let answer else {
            throw APIError(.notFound, "nothing-stored", "of \(runID) nothing is stored that has a fingerprint")
        }
        return try JSONAnswer.response(answer)
    }

    private func ready() throws -> (storage: Storage, queries: QueryService) {
        guard let storage, let queries else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector runs without storage", hint: "start it without --no-storage")
        }
        return (storage, queries)
    }

    /// Whether all of its events have been stored, or are accounted for.
    private func isComplete(_ runID: String) async throws -> Bool {
        guard let run = await catalogue.run(Name(runID)) else {
            throw APIError(.notFound, "unknown-run", "there is no run \(runID)", hint: "GET /api/runs lists the runs")
        }
        return run.record.status != .running && run.record.isAccountedFor
    }
}

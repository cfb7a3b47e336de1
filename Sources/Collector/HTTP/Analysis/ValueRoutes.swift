/// What is asked of one value, or of two.
import Hummingbird
import TeltelAnalysis
import TeltelEvents
import TeltelHTTP
import TeltelQuery

struct ValueRoutes: Sendable {
    let answers: AnalysisAnswers
    private static let quantiles = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1]
    private static let quantilesMax = 100

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(AnalysisEndpoints.outliers) { request, context in
            let question = try await value(request)
            let (min, max) = try ends(request, AnalysisEndpoints.min, AnalysisEndpoints.max)
            guard min != nil || max != nil else { throw APIError.missingParameter("min or max") }
            return try await answers.rows(request, context) { question.outliers($0, min: min, max: max) }
        }
        router.on(AnalysisEndpoints.spikes) { request, context in
            let question = try await value(request)
            guard let threshold = try request.number(AnalysisEndpoints.threshold) else {
                throw APIError.missingParameter(AnalysisEndpoints.threshold.name)
            }
            return try await answers.rows(request, context) { question.spikes($0, threshold: threshold) }
        }
        router.on(AnalysisEndpoints.nan) { request, context in
            let question = try await value(request)
            return try await answers.rows(request, context) { question.notFinite($0) }
        }
        router.on(AnalysisEndpoints.buckets) { request, context in
            let question = try await value(request)
            let count = try request.integer(AnalysisEndpoints.bucketCount) ?? 1_000
            let tables = try await answers.storedTables()
            let fit = try await answers.decoded(ValueQuestion.SummaryFit.self, question.summaryFit(tables)).first
            let hasSummaries = fit?.fits(count: count) ?? false
            return try await answers.rows(request, context) {
                hasSummaries ? question.bucketsFromSummaries($0, count: count) : question.buckets($0, count: count)
            }
        }
        router.on(AnalysisEndpoints.histogram) { request, context in
            let question = try await value(request)
            let (low, high) = try ends(request, AnalysisEndpoints.low, AnalysisEndpoints.high)
            let bins = try request.integer(AnalysisEndpoints.bins) ?? 20
            return try await answers.rows(request, context) { question.histogram($0, bins: bins, low: low, high: high) }
        }
        router.on(AnalysisEndpoints.quantiles) { request, context in
            let question = try await value(request)
            let levels = try Self.levels(request)
            return try await answers.rows(request, context) { question.quantiles($0, levels: levels) }
        }
        router.on(AnalysisEndpoints.correlation) { request, context in
            let (scope, types) = try await answers.typeScope(request)
            func field(_ parameter: Parameter) throws -> AskedField {
                types.field(try request.required(parameter, mayBeEmpty: true), scope)
            }
            let question = CorrelationQuestion(
                scope, try field(AnalysisEndpoints.jsonPath1), try field(AnalysisEndpoints.jsonPath2))
            let isCoefficient = request.flag(AnalysisEndpoints.coefficient)
            return try await answers.rows(request, context) { isCoefficient ? question.coefficient($0) : question.statement($0) }
        }
    }

    private func value(_ request: Request) async throws -> ValueQuestion {
        let (scope, types) = try await answers.typeScope(request)
        return ValueQuestion(scope, types.field(try request.required(AnalysisEndpoints.jsonPath, mayBeEmpty: true), scope))
    }

    private func ends(_ request: Request, _ first: Parameter, _ last: Parameter) throws -> (Double?, Double?) {
        let (from, to) = (try request.number(first), try request.number(last))
        _ = try request.range(first, from, last, to, in: -Double.infinity...Double.infinity)
        return (from, to)
    }

    private static func levels(_ request: Request) throws -> [Double] {
        guard let text = request.text(AnalysisEndpoints.levels) else { return quantiles }
        let levels = text.split(separator: ",", omittingEmptySubsequences: false).map { Request.finiteNumber($0) }
        guard levels.count <= quantilesMax, levels.allSatisfy({ $0.map { (0...1).contains($0) } ?? false }) else {
            throw APIError(
                .badRequest, "bad-parameter",
                "\(AnalysisEndpoints.levels.name)=\(text): these are not 1 to \(quantilesMax) numbers from 0 to 1",
                hint: "0.5,0.99")
        }
        return levels.compactMap { $0 }
    }
}

/// Values over the frames of a run: one, several, and what one comes to.
import Hummingbird
import TeltelAnalysis
import TeltelEvents
import TeltelHTTP
import TeltelQuery

struct SeriesRoutes: Sendable {
    let answers: AnalysisAnswers
    private static let severalMax = 64

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(AnalysisEndpoints.series) { request, context in
            let question = try await series(request)
            let shape = SeriesRows(withKey: !question.keyFields.isEmpty, withWallTime: request.flag(AnalysisEndpoints.wallTime))
            return try await answers.answer(request, context, format: "RowBinary", shape) { question.statement($0) }
        }
        router.on(AnalysisEndpoints.summary) { request, context in
            let question = try await series(request)
            return try await answers.answer(request, context) { question.summary($0) }
        }
        router.on(AnalysisEndpoints.texts) { request, context in
            let question = try await series(request)
            return try await answers.answer(request, context) { question.texts($0) }
        }
        router.on(AnalysisEndpoints.multiSeries) { request, context in
            let (question, columns) = try await several(request)
            return try await answers.rows(request, context) { question.statement($0, columns: columns) }
        }
        router.on(AnalysisEndpoints.frameEnd) { request, context in
            let scope = try answers.scope(request)
            return try await answers.rows(request, context) { MultiSeriesQuestion.frameEnds(scope, $0) }
        }
    }

    private func series(_ request: Request) async throws -> SeriesQuestion {
        var question = SeriesQuestion(
            runID: try request.required(AnalysisEndpoints.runID), sourceID: try request.required(AnalysisEndpoints.sourceID),
            eventType: Name(try request.required(AnalysisEndpoints.eventType, mayBeEmpty: true)),
            channel: Name(request.text(AnalysisEndpoints.channel) ?? ""),
            path: try request.required(AnalysisEndpoints.jsonPath, mayBeEmpty: true),
            key: request.text(AnalysisEndpoints.key), points: try request.integer(AnalysisEndpoints.points))
        question.frames = try answers.frames(request)
        question.times = try answers.times(request)
        let (scope, types) = try await answers.typeScope(request)
        question.keyFields = scope.keyFields
        question.kind = types.field(question.path, scope).kind
        return question
    }

    /// As many values as there are paths; what else says which is there once for all of them, or once for each.
    private func several(_ request: Request) async throws -> (question: MultiSeriesQuestion, columns: [String]) {
        let paths = request.texts(AnalysisEndpoints.jsonPaths)
        guard !paths.isEmpty else { throw APIError.missingParameter(AnalysisEndpoints.jsonPaths.name) }
        guard paths.count <= Self.severalMax else {
            throw APIError(.badRequest, "bad-parameter", "\(paths.count) values are asked for, \(Self.severalMax) are the most")
        }
        func each(_ parameter: Parameter) throws -> [String?] {
            let given = request.texts(parameter)
            guard given.count > 1 else { return Array(repeating: given.first, count: paths.count) }
            guard given.count == paths.count else {
                throw APIError(
                    .badRequest, "bad-parameter",
                    "\(parameter.name) stands there \(given.count) times, for \(paths.count) values",
                    hint: "once for all values, or once for each in their order")
            }
            return given
        }
        func named(_ texts: [String?]) -> [String?] { texts.map { $0.flatMap { $0.isEmpty ? nil : $0 } } }
        let types = try each(AnalysisEndpoints.eventTypes)
        guard types.allSatisfy({ $0 != nil }) else { throw APIError.missingParameter(AnalysisEndpoints.eventTypes.name) }
        let sources = named(try each(AnalysisEndpoints.sourceIDs))
        let channels = named(try each(AnalysisEndpoints.channels))
        let keys = try each(AnalysisEndpoints.keys)
        let runID = try request.required(AnalysisEndpoints.runID)
        let (frames, times) = (try answers.frames(request), try answers.times(request))
        let known = await RunTypes(runID, answers.catalogue)

        // Values of the same events are asked together.
        var groups: [(identity: [Name?], scope: EventScope, places: [Int])] = []
        for place in paths.indices {
            let identity = [types[place], sources[place], channels[place], keys[place]].map { $0.map { Name($0) } }
            if let same = groups.firstIndex(where: { $0.identity == identity }) {
                groups[same].places.append(place)
                continue
            }
            var scope = EventScope(
                runID: runID, sourceID: sources[place], channel: identity[2], eventType: identity[0], key: keys[place],
                frames: frames, times: times)
            scope.keyFields = known.keyFields(scope)
            groups.append((identity, scope, [place]))
        }
        var question = MultiSeriesQuestion(groups.map { .init($0.scope, []) })
        let columns = MultiSeriesQuestion.columnNames(paths, besides: MultiSeriesQuestion.time + question.identity)
        for (number, group) in groups.enumerated() {
            question.groups[number].fields = group.places.map { (columns[$0], known.field(paths[$0], group.scope)) }
        }
        return (question, columns)
    }
}

/// GET /api/analysis/…: questions to stored runs (contract §1 and §10). Routes translate; what is asked stands in TeltelAnalysis.
import Foundation
import Hummingbird
import TeltelAnalysis
import TeltelBooks
import TeltelControl
import TeltelHTTP
import TeltelQuery
import TeltelStorage

struct AnalysisRoutes: Sendable {
    private let answers: AnalysisAnswers
    private let store: ControlStore?

    init(_ answers: AnalysisAnswers, store: ControlStore?) {
        self.answers = answers
        self.store = store
    }

    func add(to router: EndpointRouter<ConnectionContext>) {
        addRuns(to: router)
        SeriesRoutes(answers: answers).add(to: router)
        ValueRoutes(answers: answers).add(to: router)
        RunEventRoutes(answers: answers).add(to: router)
        SchemaRoutes(answers: answers).add(to: router)
        CompareRoutes(answers: answers).add(to: router)
        AnomalyRoutes(answers: answers, store: store).add(to: router)
        router.on(AnalysisEndpoints.statement) { _, context in
            try answers.statements.response(try context.parameters.require("id"))
        }
    }

    private func addRuns(to router: EndpointRouter<ConnectionContext>) {
        router.on(AnalysisEndpoints.runs) { request, context in
            let question = RunsQuestion(
                sourceID: request.text(AnalysisEndpoints.anySourceID) ?? "",
                statuses: (request.text(AnalysisEndpoints.status) ?? "").split(separator: ",").map(String.init),
                daysBack: try request.integer(AnalysisEndpoints.daysBack) ?? 30)
            return try await answers.answer(request, context, question.statement())
        }
        router.on(AnalysisEndpoints.runsByTag) { request, context in
            let question = TaggedRunsQuestion(
                tag: try request.required(AnalysisEndpoints.tag, mayBeEmpty: true),
                value: request.text(AnalysisEndpoints.tagValue))
            return try await answers.answer(request, context, question.statement())
        }
        router.on(AnalysisEndpoints.run) { request, context in
            let runID = context.parameters.getCatchAll().joined(separator: "/")
            guard let asked = runID.removingPercentEncoding, !asked.isEmpty else { throw APIError.missingParameter("run id") }
            // It is in the path, where no middleware sees it.
            let question = RunQuestion(runID: try await answers.references.id(asked).text)
            return try await answers.answer(request, context, question.statement(), mustHaveRows: true)
        }
        router.on(AnalysisEndpoints.sizes) { request, context in
            let question = SizeQuestion(runID: request.text(AnalysisEndpoints.anyRunID))
            return try await answers.answer(request, context) { question.statement($0) }
        }
    }
}

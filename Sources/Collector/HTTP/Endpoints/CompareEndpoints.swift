/// Questions to two runs.
import TeltelHTTP

enum CompareEndpoints {
    static let runID1 = Parameter("runId1", "the first run's id: the reference", isRequired: true)
    static let runID2 = Parameter("runId2", "the second run's id", isRequired: true)

    static let firstDivergence = Endpoint(
        .get, "/api/analysis/first-divergence", "where two runs first differ",
        parameters: [
            runID1, runID2, AnalysisEndpoints.anyEventType, AnalysisEndpoints.anySourceID, AnalysisEndpoints.channel,
            AnalysisEndpoints.fromFrame, AnalysisEndpoints.toFrame,
        ],
        answer: .init(
            "verdict, the first frame that differs and all fields that differ in it, what was compared; of runs that are not complete, as far as they are stored",
            mediaType: "application/json"))
    static let sameAs = Endpoint(
        .get, "/api/analysis/same-as", "which runs have the same data", parameters: [AnalysisEndpoints.runID],
        answer: .init("the run's fingerprint, and the runs that have the same", mediaType: "application/json"))
    static let all = [firstDivergence, sameAs]
}

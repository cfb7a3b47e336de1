/// Markers, and which run is meant.
import TeltelHTTP

enum MarkerEndpoints {
    static let runID = Parameter("runId", "the run's id", isRequired: true)
    static let kind = Parameter("kind", "only these kinds, separated by commas; default: all")
    static let severity = Parameter("severity", "only info, warning or error, or several of them; default: all")
    static let origin = Parameter("origin", "only those of a rule, or of a person; default: all")
    static let eventType = Parameter("eventType", "only of this type; default: all")
    static let field = Parameter("field", "only of this value; default: all")
    static let limit = Parameter("limit", "so many at most; default: 1000", .integer(1...10_000))
    static let after = Parameter("after", "the `next` of an answer to the same question: what comes behind it")
    static let format = Parameter("format", "json, or the whole list as jsonl or csv; default: json")

    private static let chosen = [
        runID, kind, severity, origin, AnalysisEndpoints.anySourceID, AnalysisEndpoints.channel, eventType, field,
        AnalysisEndpoints.fromFrame, AnalysisEndpoints.toFrame,
    ]
    static let list = Endpoint(
        .get, "/api/markers", "markers of a run", parameters: chosen + [limit, after, format],
        answer: .init("runId, markers, total, next; or one marker a line"))
    static let add = Endpoint(
        .post, "/api/markers", "marks frames of a run", parameters: [IngestEndpoints.idempotencyKey],
        body: .init(
            "application/json", bytesMax: Endpoints.bodyBytesMax, "runId, fromFrame and text, and what else a marker has"),
        answer: .init("the marker"))
    static let removeSome = Endpoint(
        .delete, "/api/markers", "deletes markers of a run", parameters: chosen,
        answer: .init("runId, and how many were removed"))
    static let remove = Endpoint(.delete, "/api/markers/{id}", "deletes a marker", answer: .init("its id"))

    static let reference = Parameter(
        "run", "an id, the beginning of one, latest, latest:KEY=VALUE, latest:source=ID", isRequired: true)
    static let resolve = Endpoint(
        .get, "/api/run-id", "which run is meant", parameters: [reference], answer: .init("asked, runId"))
    static let all = [list, add, removeSome, remove, resolve]
}

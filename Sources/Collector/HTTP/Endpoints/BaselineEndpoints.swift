/// Runs that others are compared with, by name.
import TeltelHTTP

enum BaselineEndpoints {
    static let bytesMax = 1 << 20
    static let list = Endpoint(
        .get, "/api/baselines", "runs that others are compared with, by name",
        answer: .init("name, runId, rules, note, setAt of each"))
    static let read = Endpoint(.get, "/api/baselines/{name}", "one of them", answer: .init("name, runId, rules, note, setAt"))
    static let set = Endpoint(
        .put, "/api/baselines/{name}", "lets a name stand for a run, which is kept from then on",
        body: .init("application/json", bytesMax: bytesMax, "runId, rules (JSON text), note"),
        answer: .init("the baseline, and what the name stood for before"))
    static let remove = Endpoint(
        .delete, "/api/baselines/{name}", "the name stands for nothing any more; the run stays", answer: .init("its name"))
    static let history = Endpoint(
        .get, "/api/baselines/{name}/history", "what a name has stood for",
        answer: .init("each with setAt and endedAt, the newest first"))
    static let all = [list, read, set, remove, history]
}

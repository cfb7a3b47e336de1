/// Runs as they are now.
import TeltelHTTP

enum RunEndpoints {
    static let runID = Parameter("runId", "the run's id", isRequired: true)
    static let after = Parameter("after", "cursor of an earlier answer: only what has changed since")

    static let limit = Parameter("limit", "so many runs, newest first, running or not", .integer(1...1_000))
    static let before = Parameter("before", "with limit: older runs than those of the answer that this comes from")

    static let list = Endpoint(
        .get, "/api/runs", "the run list", parameters: [after, limit, before],
        answer: .init(
            "all runs, newest first; with after an object of cursor, runs, removed and complete;"
                + " with limit one of cursor, before, running and runs"))
    static let read = Endpoint(
        .get, "/api/run", "one run with its types, rings and losses", parameters: [runID], answer: .init("the run"))
    static let change = Endpoint(
        .patch, "/api/run", "names a run, notes something about it, changes its tags", parameters: [runID],
        body: .init("application/json", bytesMax: Endpoints.bodyBytesMax, "name, note, tags: one or more of them"),
        answer: .init("runId, name, note, tags"))
    static let remove = Endpoint(
        .delete, "/api/run", "deletes a run that has ended", parameters: [runID], answer: .init("its id"))
    static let all = [list, read, change, remove]
}

/// Everything that the port answers but for the page's files.
import TeltelHTTP

enum Endpoints {
    static let table = EndpointTable(
        IngestEndpoints.all, RunEndpoints.all, LiveEndpoints.all, AnalysisEndpoints.all, CompareEndpoints.all,
        AnomalyEndpoints.all,
        LayoutEndpoints.all, MarkerEndpoints.all, BaselineEndpoints.all, HealthEndpoints.all,
        StorageEndpoints.all, LoginEndpoints.all)

    /// Of a body that no endpoint says otherwise about.
    static let bodyBytesMax = 64 << 10
}

enum IngestEndpoints {
    static let idempotencyKey = Parameter(
        "Idempotency-Key", "1 to 255 printable ASCII characters: a request that is sent again with it adds nothing twice",
        in: .header)
    static let post = Endpoint(
        .post, "/api/ingest", "takes events as NDJSON",
        parameters: [
            idempotencyKey,
            Parameter("Content-Encoding", "gzip, deflate, zstd or identity", in: .header),
        ],
        body: .init("application/x-ndjson", bytesMax: nil, "one event per line"),
        answer: .init(
            "how many lines were accepted, rejected and dropped, and what is wrong with the first rejected ones", status: 202))
    static let all = [post]
}

enum LiveEndpoints {
    static let socket = Endpoint(
        .get, "/ws", "events as they come, over a WebSocket",
        answer: .init("a WebSocket of the live protocol", status: 101, mediaType: ""))
    static let all = [socket]
}

enum LayoutEndpoints {
    private static let ifMatch = Parameter(
        "If-Match", "only if the layout still has this ETag, or with * if there is one: 412 otherwise", in: .header)
    static let list = Endpoint(
        .get, "/api/layouts", "names of the page's saved layouts", answer: .init("name, size, savedAt of each"))
    static let read = Endpoint(.get, "/api/layouts/{name+}", "a layout", answer: .init("the JSON object, byte for byte"))
    static let save = Endpoint(
        .put, "/api/layouts/{name+}", "saves a layout under a name", parameters: [ifMatch],
        body: .init("application/json", bytesMax: Layouts.bytesMax, "any JSON object"), answer: .init("name, size, savedAt"))
    static let remove = Endpoint(
        .delete, "/api/layouts/{name+}", "deletes a layout", parameters: [ifMatch], answer: .init("its name"))
    static let all = [list, read, save, remove]
}

enum HealthEndpoints {
    static let health = Endpoint(
        .get, "/api/health", "is the collector there", access: .everybody, takesAnyMethod: true,
        answer: .init(#"{"status":"ok"}"#))
    static let ready = Endpoint(
        .get, "/api/ready", "is storage there",
        answer: .init("status and the state of storage; the same with 503 while it is not there"))
    static let metrics = Endpoint(
        .get, "/metrics", "counters for Prometheus", answer: .init("Prometheus' text format 0.0.4", mediaType: "text/plain"))
    static let description = Endpoint(
        .get, "/api/openapi.json", "this interface as an OpenAPI document", answer: .init("OpenAPI 3.1"))
    static let all = [health, ready, metrics, description]
}

enum StorageEndpoints {
    private static let wanted = Endpoint.Body(
        "application/json", bytesMax: Endpoints.bodyBytesMax, isRequired: false,
        "retain, retainMib, dryRun; without limits those that the collector was started with")
    static let state = Endpoint(
        .get, "/api/storage", "what is stored, what waits", answer: .init("state, spool, inserts, tables"))
    static let prune = Endpoint(
        .post, "/api/storage/prune", "removes old runs", body: wanted, answer: .init("the runs that were removed, or would be"))
    static let migrate = Endpoint(
        .post, "/api/storage/migrate", "brings the reference service's tables under the view", body: wanted,
        answer: .init("how many events and runs, and the statements"))
    static let all = [state, prune, migrate]
}

enum LoginEndpoints {
    static let code = Parameter("code", "of a login URL, or the whole URL")
    static let next = Parameter("next", "path of this server to go on to")
    static let make = Endpoint(
        .post, "/api/login", "a login URL for a browser", answer: .init("url, expiresInSeconds"))
    static let redeem = Endpoint(
        .get, "/login", "turns a login URL's code into a session", parameters: [code, next], access: .everybody,
        answer: .init("the page, with the session's cookie", status: 303, mediaType: ""))
    static let all = [make, redeem]
}

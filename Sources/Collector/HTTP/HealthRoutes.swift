/// Is the collector there, and is it ready?
import HTTPTypes
import Hummingbird

/// State of storage as `/api/ready` shows it.
struct StorageReadiness: Encodable, Sendable {
    enum State: String, Encodable, Sendable { case ok, connecting, off, failed }
    let state: State
    let detail: String
}

struct HealthRoutes: Sendable {
    let storage: @Sendable () -> StorageReadiness

    private struct Health: Encodable { let status = "ok" }
    private struct Ready: Encodable {
        let status: String
        let storage: StorageReadiness
    }

    func add(to router: Router<ConnectionContext>) {
        // Any method, and independent of storage: contract §1.
        for method in [HTTPRequest.Method.get, .post, .put, .delete, .head, .options, .patch] {
            router.on("api/health", method: method) { _, _ in try JSONAnswer.response(Health()) }
        }
        router.get("api/ready") { _, _ in
            let storage = storage()
            let ready = storage.state == .ok || storage.state == .off
            return try JSONAnswer.response(
                Ready(status: ready ? "ready" : "degraded", storage: storage), status: ready ? .ok : .serviceUnavailable)
        }
    }
}

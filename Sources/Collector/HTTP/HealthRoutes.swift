/// Is the collector there, and is it ready?
import HTTPTypes
import Hummingbird
import TeltelHTTP

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

    func add(to router: EndpointRouter<ConnectionContext>) {
        // Any method, and independent of storage: contract §1.
        router.on(HealthEndpoints.health) { _, _ in try JSONAnswer.response(Health()) }
        let description = OpenAPIDocument(Endpoints.table, title: "teltel", version: Version.text)
        router.on(HealthEndpoints.description) { _, _ in try JSONAnswer.response(description) }
        router.on(HealthEndpoints.ready) { _, _ in
            let storage = storage()
            let ready = storage.state == .ok || storage.state == .off
            return try JSONAnswer.response(
                Ready(status: ready ? "ready" : "degraded", storage: storage), status: ready ? .ok : .serviceUnavailable)
        }
    }
}

/// Is the collector there, and is it ready?
import HTTPTypes
import Hummingbird
import TeltelAPI
import TeltelHTTP

struct HealthRoutes: Sendable {
    let storage: @Sendable () -> ReadyAnswer.Storage

    func add(to router: EndpointRouter<ConnectionContext>) {
        // Any method, and independent of storage: contract §1.
        router.on(HealthEndpoints.health) { _, _ in try JSONAnswer.response(HealthAnswer()) }
        let description = OpenAPIDocument(Endpoints.table, title: "teltel", version: Version.text)
        router.on(HealthEndpoints.description) { _, _ in try JSONAnswer.response(description) }
        router.on(HealthEndpoints.ready) { _, _ in
            let storage = storage()
            let ready = storage.state == .ok || storage.state == .off
            return try JSONAnswer.response(
                ReadyAnswer(status: ready ? "ready" : "degraded", storage: storage), status: ready ? .ok : .serviceUnavailable)
        }
    }
}

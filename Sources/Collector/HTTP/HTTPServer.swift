/// The one port: page, API, WebSocket, metrics.
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TeltelRings

enum HTTPServer {
    /// What the routes answer from.
    struct Parts: Sendable {
        let registry: RunRegistry
        let bus: EventBus
        let directory: RingDirectory
        let ingest: IngestPool
        let writers: @Sendable (String) -> [RunDetailAnswer.Writer]
    }

    private static func router(_ settings: CollectorSettings, _ parts: Parts, _ hosts: AllowedHosts) -> Router<
        BasicRequestContext
    > {
        let router = Router(context: BasicRequestContext.self)
        router.addMiddleware { GuardMiddleware(hosts: hosts) }
        HealthRoutes(storage: { StorageReadiness(state: .off, detail: "started with --no-storage") }).add(to: router)
        RunRoutes(registry: parts.registry, bus: parts.bus, writers: parts.writers).add(to: router)
        IngestRoutes(pool: parts.ingest, maxLineBytes: settings.maxLineBytes).add(to: router)
        MetricsRoute(
            registry: parts.registry, bus: parts.bus, directory: parts.directory,
            extra: { text in
                addIngest(parts.ingest.counters, to: &text)
            }
        ).add(to: router)
        router.get("ws") { _, _ in
            Response(status: .upgradeRequired, headers: [.upgrade: "websocket", .connection: "upgrade"])
        }
        let readOnly: [RouterPath] = ["api/runs", "api/run", "api/ready"]
        for path in readOnly { refuseOthers(.get, path, router) }
        refuseOthers(.post, "api/ingest", router)
        UIRoutes().add(to: router)
        return router
    }

    /// 405 for other methods than the one that a path has.
    private static func refuseOthers(_ method: HTTPRequest.Method, _ path: RouterPath, _ router: Router<BasicRequestContext>) {
        for other in [HTTPRequest.Method.get, .post, .put, .delete, .patch] where other != method {
            router.on(path, method: other) { request, _ -> Response in
                throw APIError(.methodNotAllowed, "method-not-allowed", "\(request.uri.path) takes \(method.rawValue) only")
            }
        }
    }

    private static func addIngest(_ counters: IngestPool.Counters, to text: inout MetricsText) {
        text.add(
            "teltel_ingest_accepted_events_total", .counter, "NDJSON lines that were written into a ring.", counters.accepted)
        text.add(
            "teltel_ingest_dropped_events_total", .counter, "Valid NDJSON lines that found no room for 5 s.", counters.dropped)
        text.add(
            "teltel_ingest_rejected_lines_total", .counter, "NDJSON lines that are no event.",
            counters.rejected.sorted { $0.key < $1.key }.map { ([("code", $0.key)], Double($0.value)) })
    }

    static func make(_ settings: CollectorSettings, _ parts: Parts, logger: Logger) -> some Service {
        let hosts = AllowedHosts(bind: settings.bind, added: settings.allowedHosts)
        let router = router(settings, parts, hosts)
        let session = LiveSession(bus: parts.bus, limits: .init())
        return Application(
            router: router,
            server: .httpAndWebSocket(
                accept: { head in
                    let host = head.headers.first(name: "host")
                    return (head.uri == "/ws" || head.uri.hasPrefix("/ws?")) && hosts.allows(host: host)
                        && hosts.allows(origin: head.headers.first(name: "origin"), host: host)
                },
                serve: { socket, _ in try await session.serve(socket) }),
            configuration: .init(address: .hostname(settings.bind, port: settings.port), serverName: "teltel"),
            onServerRunning: { channel in
                Terminal.say("url       http://\(settings.bind):\(channel.localAddress?.port ?? settings.port)/")
            },
            logger: quiet(logger))
    }

    /// The server's own lines matter only when something is wrong.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

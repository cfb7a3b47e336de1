/// The one port: page, API, WebSocket, metrics.
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TeltelRings

enum HTTPServer {
    static func make(
        _ settings: CollectorSettings, registry: RunRegistry, bus: EventBus, directory: RingDirectory,
        writers: @escaping @Sendable (String) -> [RunDetailAnswer.Writer], logger: Logger
    ) -> some Service {
        let hosts = AllowedHosts(bind: settings.bind, added: settings.allowedHosts)
        let router = Router(context: BasicRequestContext.self)
        router.addMiddleware { GuardMiddleware(hosts: hosts) }
        HealthRoutes(storage: { StorageReadiness(state: .off, detail: "started with --no-storage") }).add(to: router)
        RunRoutes(registry: registry, bus: bus, writers: writers).add(to: router)
        MetricsRoute(registry: registry, bus: bus, directory: directory, extra: { _ in }).add(to: router)
        router.get("ws") { _, _ in
            Response(status: .upgradeRequired, headers: [.upgrade: "websocket", .connection: "upgrade"])
        }
        UIRoutes().add(to: router)

        let session = LiveSession(bus: bus, limits: .init())
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

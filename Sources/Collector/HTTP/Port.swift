/// The listening port: who may use it, and how much of it.
import CTeltelPort
import Foundation
import NIOCore
import NIOPosix
import TeltelHTTP

struct Port: Sendable {
    let policy: PortPolicy
    let limits: ConnectionLimits
    let counters = PortCounters()

    /// Descriptors for everything but connections: rings, spool, ClickHouse.
    private static let reservedFiles = 512

    init(_ settings: CollectorSettings) throws(CollectorError) {
        let token: AccessToken?
        do throws(AccessTokenError) { token = try AccessToken.find(file: settings.tokenFile) } catch {
            throw CollectorError(description: error.description)
        }
        // Child processes have no use for it.
        unsetenv("TELTEL_TOKEN")
        guard token != nil || AllowedHosts.isLoopback(settings.bind) else {
            throw CollectorError(
                description: """
                    \(settings.bind) can be reached from other machines, so a token is needed:
                      teltel token new FILE
                      teltel collect --bind \(settings.bind) --token-file FILE
                    """)
        }
        policy = PortPolicy(
            hosts: AllowedHosts(bind: settings.bind, added: settings.allowedHosts),
            access: token.map { PortAccess(token: $0, Endpoints.table) },
            owners: settings.allowLocalUsers ? nil : PeerOwners())
        limits = Self.limits(settings)
    }

    private static func limits(_ settings: CollectorSettings) -> ConnectionLimits {
        let files = Int(clamping: teltel_raise_file_limit())
        let room = max(16, files - reservedFiles)
        var limits = ConnectionLimits(Endpoints.table, bodyBytes: Endpoints.bodyBytesMax)
        limits.connections = min(settings.maxConnections ?? limits.connections, room)
        limits.request = .milliseconds(Int64(settings.requestMilliseconds))
        limits.idle = .milliseconds(Int64(settings.idleMilliseconds))
        if let wanted = settings.maxConnections, wanted > room {
            Terminal.complain(
                "the limit of \(files) open files leaves room for \(room) connections, not \(wanted); see ulimit -n")
        }
        return limits
    }

    func makeGuard(_ channel: any Channel) -> ConnectionGuard {
        ConnectionGuard(
            policy: policy, limits: limits, counters: counters, isOtherUser: policy.isOtherUser(channel))
    }

    func guardAccepting(_ server: any Channel) async {
        do {
            try await server.eventLoop.submit { [limits, counters] in
                try server.pipeline.syncOperations.addHandler(
                    AcceptGuard(limit: limits.connections, counters: counters), position: .first)
            }.get()
        } catch {
            // Only a port that is closing already takes no handler.
            Terminal.complain("connections are not counted: \(error)")
        }
    }

    /// What a person types into a browser.
    func say(bind: String, number: Int) {
        let url = "http://\(Self.host(bind)):\(number)"
        Terminal.announce("url       \(url)/")
        if let access = policy.access {
            Terminal.announce("login     \(url)\(LoginRoutes.path(access.sessions.newCode()))")
            Terminal.announce("          works once and for ten minutes; `teltel login-url` prints another")
        }
    }

    /// An address that a URL can have; for "all addresses" the first that others can reach.
    private static func host(_ bind: String) -> String {
        guard bind == "0.0.0.0" || bind == "::" else { return bind.contains(":") ? "[\(bind)]" : bind }
        // No devices, no addresses: then only this machine can be meant.
        let addresses = ((try? System.enumerateDevices()) ?? []).compactMap(\.address)
        return addresses.first { $0.protocol == .inet && !$0.isLoopback }?.ipAddress ?? "127.0.0.1"
    }
}

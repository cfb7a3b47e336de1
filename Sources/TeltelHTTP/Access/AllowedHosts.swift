/// Which names this port answers to: protection against DNS rebinding and foreign pages.
import NIOCore

package struct AllowedHosts: Sendable {
    private let names: Set<String>
    private let anyAddress: Bool

    /// Loopback names, the address that the port is bound to, and what the user adds. A port that listens beyond loopback
    /// also answers to every address written in digits: only names can be bent to point here.
    package init(bind: String, added: [String]) {
        names = Set((["localhost", "127.0.0.1", "[::1]", bind, "[\(bind)]"] + added).map { $0.lowercased() })
        anyAddress = !Self.isLoopback(bind)
    }

    package static func isLoopback(_ bind: String) -> Bool {
        if bind.lowercased() == "localhost" { return true }
        // Not an address: a name, which may point anywhere.
        return (try? SocketAddress(ipAddress: bind, port: 0))?.isLoopback ?? false
    }

    /// The Host header's name, whatever its port.
    package func allows(host: String) -> Bool {
        guard let name = Self.split(host)?.name else { return false }
        return names.contains(name) || anyAddress && Self.isAddress(name)
    }

    /// A page that this very port served.
    package func allows(origin: String, host: String) -> Bool {
        let origin = origin.lowercased()
        return ["http://", "https://"].contains { origin == $0 + host.lowercased() }
    }

    /// The port that the client believes to talk to: behind a tunnel it is another one than the collector's own.
    package static func port(of host: String) -> Int { split(host)?.port ?? 80 }

    private static func isAddress(_ name: String) -> Bool {
        let digits = name.hasPrefix("[") ? String(name.dropFirst().dropLast()) : name
        return (try? SocketAddress(ipAddress: digits, port: 0)) != nil
    }

    /// "name", "name:80", "[::1]:80"; nil for anything else.
    private static func split(_ host: String) -> (name: String, port: Int?)? {
        let host = host.lowercased()
        let end =
            host.hasPrefix("[") ? host.firstIndex(of: "]").map(host.index(after:)) : host.firstIndex(of: ":") ?? host.endIndex
        guard let end, end != host.startIndex else { return nil }
        let rest = host[end...]
        if rest.isEmpty { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.first == ":", digits.utf8.count <= 5, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return (String(host[..<end]), Int(digits))
    }
}

/// Which names this port answers to: protection against DNS rebinding and foreign pages.

struct AllowedHosts: Sendable {
    private let names: Set<String>

    /// Loopback names, the address that the port is bound to, and what the user adds.
    init(bind: String, added: [String]) {
        names = Set((["localhost", "127.0.0.1", "[::1]", bind, "[\(bind)]"] + added).map { $0.lowercased() })
    }

    /// The Host header's name, whatever its port.
    func allows(host: String?) -> Bool {
        guard let host, !host.isEmpty else { return false }
        return names.contains(Self.name(of: host))
    }

    /// No Origin (no browser), or a page that this very port served.
    func allows(origin: String?, host: String?) -> Bool {
        guard let origin else { return true }
        guard let host, let separator = origin.range(of: "://") else { return false }
        let scheme = origin[..<separator.lowerBound]
        return (scheme == "http" || scheme == "https") && origin[separator.upperBound...].lowercased() == host.lowercased()
    }

    private static func name(of host: String) -> String {
        let host = host.lowercased()
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            let rest = host[host.index(after: end)...]
            return rest.isEmpty || isPort(rest) ? String(host[...end]) : host
        }
        guard let colon = host.lastIndex(of: ":"), isPort(host[colon...]) else { return host }
        return String(host[..<colon])
    }
    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && text.dropFirst().allSatisfy { ("0"..."9").contains($0) }
    }
}

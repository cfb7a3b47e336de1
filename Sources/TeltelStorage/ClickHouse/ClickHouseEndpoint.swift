/// Where a ClickHouse answers.
import Foundation

/// A server as people name it. What the URL says of user and password gives way to the others.
package struct ClickHouseServer: Hashable, Sendable {
    package var url: String
    package var user: String?
    package var password: String?
    /// Path of a file with the certificates that are trusted for `https`, in PEM; nil: those of the system.
    package var authorities: String?
    package init(url: String, user: String? = nil, password: String? = nil, authorities: String? = nil) {
        self.url = url
        self.user = user
        self.password = password
        self.authorities = authorities
    }
}

/// The address of a server, or of the embedded host's socket.
package struct ClickHouseEndpoint: Hashable, Sendable {
    /// `http://host:port/` or `https://host:port/`, without user and database.
    package let url: String
    package let user: String
    package let password: String
    /// The database that holds teltel's tables.
    package let database: String
    /// Path of the embedded host's socket; nil for a server.
    package let socket: String?
    package var isHost: Bool { socket != nil }
    /// Path of a file with the certificates that are trusted; nil: the system's.
    package let authorities: String?

    package static let defaultDatabase = "teltel"

    /// A server: `http://user:password@host:8123/database`; `?database=` is understood too.
    package init(url text: String) throws(ClickHouseError) { try self.init(ClickHouseServer(url: text)) }

    package init(_ server: ClickHouseServer) throws(ClickHouseError) {
        let text = server.url
        guard var parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), let host = parts.host,
            !host.isEmpty,
            scheme == "http" || scheme == "https"
        else {
            throw ClickHouseError(.unsupported, "the URL of ClickHouse must look like http://user:password@host:8123/database")
        }
        password = server.password ?? parts.password ?? ""
        // ClickHouse's own name for who says none.
        user = server.user ?? parts.user ?? (password.isEmpty ? "" : "default")
        let fromPath = parts.path.split(separator: "/").first.map(String.init)
        let fromQuery = parts.queryItems?.first { $0.name == "database" }?.value
        database = fromQuery ?? fromPath ?? Self.defaultDatabase
        parts.user = nil
        parts.password = nil
        parts.path = "/"
        parts.query = nil
        parts.fragment = nil
        if parts.port == nil { parts.port = scheme == "https" ? 8_443 : 8_123 }
        guard let url = parts.string else { throw ClickHouseError(.unsupported, "the URL of ClickHouse cannot be read") }
        self.url = url
        socket = nil
        authorities = server.authorities
    }

    /// The embedded host.
    package init(socket: String, database: String = Self.defaultDatabase) {
        url = "http://localhost/"
        user = ""
        password = ""
        self.database = database
        self.socket = socket
        authorities = nil
    }

    /// For people: without the password.
    package var description: String { socket.map { "embedded host at \($0)" } ?? "\(url)\(database)" }
}

/// Where a login leads: to a path of this server, and nowhere else, whatever a link says.
package struct LoginTarget: Equatable, Sendable {
    package static let home = LoginTarget(path: "/")

    /// As it stands in a request's first line: percent-encoded, with its query.
    package let path: String

    private init(path: String) { self.path = path }

    /// What is no path of this server, or leads to the login itself, leads home.
    ///
    /// Browsers take "//host", "/\\host" and either with tabs or line ends in between for another server.
    package init(_ text: String?) {
        guard let text, Self.isPath(text) else {
            self = .home
            return
        }
        path = text
    }

    private static func isPath(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "/"), bytes.count <= PortPolicy.targetBytesMax else { return false }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else { return false }
        return bytes.dropFirst().first != UInt8(ascii: "/") && text.prefix { $0 != "?" && $0 != "#" } != "/login"
    }
}

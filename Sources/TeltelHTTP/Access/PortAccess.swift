/// What a port with a token asks of every request.
import HTTPTypes
import NIOHTTP1

package struct PortAccess: Sendable {
    package let token: AccessToken
    package let sessions = LoginSessions()

    /// Paths that everybody may ask: the way in, and what says no more than that a collector is here.
    private let open: Set<String>

    package init(token: AccessToken, _ table: EndpointTable) {
        self.token = token
        open = LoginPage.files.union(table.open)
    }

    /// `host` and, if there is one, the origin have been found to be this port's own.
    package func admit(_ head: HTTPRequestHead, host: String) throws(Refusal) -> Identity.Kind {
        if open.contains(String(head.uri.prefix { $0 != "?" })) { return .anyone }
        let authorization = head.headers["authorization"]
        guard authorization.isEmpty else {
            let isRight = authorization.count == 1 && Self.bearer(authorization[0]).map(token.matches) ?? false
            guard isRight else { throw Self.unauthorized(head, "wrong-token", "this is not the collector's token") }
            return .token
        }
        guard Self.sessions(head, host: host).contains(where: sessions.isOpen) else {
            throw Self.unauthorized(head, "login-required", "this collector wants a login")
        }
        // Browsers send the cookie along with whatever makes them ask; what changes something must come from our own page.
        let reads = head.method == .GET || head.method == .HEAD || head.method == .OPTIONS
        let changes = !reads || head.headers.contains(name: "upgrade")
        guard !changes || head.headers.contains(name: "origin") else { throw PortPolicy.foreignOrigin }
        return .session
    }

    private static func bearer(_ authorization: String) -> Substring? {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        return parts.count == 2 && parts[0].lowercased() == "bearer" ? parts[1] : nil
    }

    private static func sessions(_ head: HTTPRequestHead, host: String) -> [String] {
        let begin = LoginCookie.name(host: host) + "="
        return head.headers["cookie"].flatMap { $0.split(separator: ";") }.compactMap { pair in
            let pair = pair.drop { $0 == " " }
            return pair.hasPrefix(begin) ? String(pair.dropFirst(begin.count)) : nil
        }
    }

    private static func unauthorized(_ head: HTTPRequestHead, _ code: String, _ message: String) -> Refusal {
        let error = APIError(
            .unauthorized, code, message,
            hint: "browsers: open the URL that `teltel login-url` prints; programs: send Authorization: Bearer with the token")
        var refusal = Refusal(.token, error, headers: ["www-authenticate": "Bearer realm=\"teltel\""])
        if head.method == .GET, head.headers["accept"].contains(where: { $0.contains("text/html") }) {
            refusal.page = LoginPage.html(message, next: LoginTarget(head.uri))
        }
        return refusal
    }
}

/// Cookies do not tell ports apart, and two collectors may run on one host: the name does.
package enum LoginCookie {
    package static func name(host: String) -> String { "teltel-session-\(AllowedHosts.port(of: host))" }

    /// Lax: who follows a link from another page is logged in here. Whatever changes something wants the page's own origin as well.
    package static func header(host: String, session: String) -> String {
        let life = LoginSessions.sessionLife.components.seconds
        return "\(name(host: host))=\(session); Path=/; Max-Age=\(life); HttpOnly; SameSite=Lax"
    }
}

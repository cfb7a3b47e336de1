/// GET /login turns a code into a session and leads on, POST /api/login gives a new code to who has the token.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TeltelAPI
import TeltelHTTP

struct LoginRoutes: Sendable {
    /// nil: this port has no token.
    let access: PortAccess?

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(LoginEndpoints.redeem) { request, _ -> Response in
            let next = LoginTarget(request.text(LoginEndpoints.next))
            guard let access else { return Self.lead(to: next, [:]) }
            let host = request.head.authority ?? ""
            guard let session = request.text(LoginEndpoints.code).map(Self.code).flatMap(access.sessions.redeem) else {
                return try Self.noSession(request, next: next)
            }
            return Self.lead(to: next, [.setCookie: LoginCookie.header(host: host, session: session)])
        }
        router.on(LoginEndpoints.make) { request, _ in
            guard let access else {
                throw APIError(.notFound, "no-token", "this collector has no token: nobody has to log in")
            }
            // The port has compared the token; a session is not enough, or it could make itself last for ever.
            guard request.headers[.authorization] != nil else {
                throw APIError(.forbidden, "token-required", "a new login needs the token", hint: "teltel login-url")
            }
            return try JSONAnswer.response(
                LoginAnswer(
                    url: "http://\(request.head.authority ?? "")\(Self.path(access.sessions.newCode()))",
                    expiresInSeconds: LoginSessions.codeLife.components.seconds))
        }
    }

    static func path(_ code: String) -> String { "/login?code=\(code)" }

    /// People paste the whole URL.
    private static func code(_ text: String) -> String {
        let begin = text.range(of: "code=")?.upperBound ?? text.startIndex
        return String(text[begin...].prefix { $0 != "&" && $0 != "#" }).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func lead(to next: LoginTarget, _ headers: HTTPFields) -> Response {
        var headers = headers
        headers[.location] = next.path
        return Response(status: .seeOther, headers: headers)
    }

    private static func noSession(_ request: Request, next: LoginTarget) throws -> Response {
        let hasCode = request.text(LoginEndpoints.code) != nil
        let message =
            hasCode
            ? "this login URL has been used, is older than ten minutes, or was never given out" : "this collector wants a login"
        guard request.headers[.accept]?.contains("text/html") == true else {
            throw APIError(.forbidden, "bad-login-code", message, hint: "`teltel login-url` prints a new one")
        }
        return Response(
            status: hasCode ? .forbidden : .ok, headers: [.contentType: "text/html; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: LoginPage.html(message, next: next))))
    }
}

import NIOHTTP1
import TeltelHTTP
import Testing

private let open = Endpoint(.get, "/api/health", "is it there", access: .everybody, answer: .init("yes"))
private let closed = Endpoint(.get, "/api/runs", "runs", answer: .init("a list"))
private let table = EndpointTable([open, closed])

extension PortPolicy {
    fileprivate func refusal(_ head: HTTPRequestHead, isOtherUser: Bool) -> Refusal? {
        do throws(Refusal) {
            _ = try admit(head, isOtherUser: isOtherUser)
            return nil
        } catch { return error }
    }
}

@Suite struct PortPolicyTests {
    private static func head(_ headers: [(String, String)], method: HTTPMethod = .GET, target: String = "/api/runs")
        -> HTTPRequestHead
    {
        HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: HTTPHeaders(headers))
    }
    private static func policy(bind: String = "127.0.0.1", added: [String] = [], access: PortAccess? = nil) -> PortPolicy {
        PortPolicy(hosts: AllowedHosts(bind: bind, added: added), access: access, owners: nil)
    }

    @Test(arguments: [
        ("127.0.0.1", "localhost", true), ("127.0.0.1", "LOCALHOST:8080", true), ("127.0.0.1", "[::1]:1", true),
        ("127.0.0.1", "evil.example", false), ("127.0.0.1", "10.0.0.1", false), ("127.0.0.1", "", false),
        ("127.0.0.1", "localhost.evil.example", false), ("127.0.0.1", "localhost:123456", false),
        ("127.0.0.1", "added.example", true),
        ("0.0.0.0", "10.0.0.1:80", true), ("0.0.0.0", "[fe80::1]:80", true), ("0.0.0.0", "evil.example", false),
    ]) func `only names of this port are answered to`(bind: String, host: String, isAllowed: Bool) {
        let refusal = Self.policy(bind: bind, added: ["Added.example"]).refusal(Self.head([("host", host)]), isOtherUser: false)
        #expect((refusal == nil) == isAllowed)
        #expect(isAllowed || refusal?.error.code == "foreign-host" && refusal?.reason == .host)
    }

    @Test func `a request has one host, a path for a target, and a bounded one`() {
        let policy = Self.policy()
        #expect(policy.refusal(Self.head([]), isOtherUser: false)?.error.code == "foreign-host")
        #expect(
            policy.refusal(Self.head([("host", "localhost"), ("host", "localhost")]), isOtherUser: false)?.error.code
                == "foreign-host")
        #expect(
            policy.refusal(Self.head([("host", "localhost")], target: "http://x/"), isOtherUser: false)?.error.code
                == "bad-target")
        let long = "/" + String(repeating: "x", count: PortPolicy.targetBytesMax)
        #expect(policy.refusal(Self.head([("host", "localhost")], target: long), isOtherUser: false)?.error.status == .uriTooLong)
        #expect(policy.refusal(Self.head([("host", "localhost")]), isOtherUser: true)?.reason == .user)
    }

    @Test(arguments: [
        ("http://localhost:8080", true), ("https://localhost:8080", true), ("http://localhost", false), ("null", false),
        ("http://evil.example", false), ("http://localhost:8080.evil.example", false),
    ]) func `pages of other servers are refused`(origin: String, isAllowed: Bool) {
        let head = Self.head([("host", "localhost:8080"), ("origin", origin)])
        let refusal = Self.policy().refusal(head, isOtherUser: false)
        #expect((refusal == nil) == isAllowed && (isAllowed || refusal?.reason == .origin))
    }

    @Test func `with a token nobody else asks, but for what is open to everybody`() throws {
        let access = PortAccess(token: try AccessToken("0123456789abcdef", from: "here"), table)
        let policy = Self.policy(access: access)
        func code(_ target: String, _ headers: (String, String)..., method: HTTPMethod = .GET) -> String? {
            policy.refusal(Self.head([("host", "localhost:8080")] + headers, method: method, target: target), isOtherUser: false)?
                .error.code
        }
        #expect(code("/api/runs") == "login-required" && code("/api/health?x=1") == nil)
        #expect(code("/api/runs", ("authorization", "Bearer 0123456789abcdef")) == nil)
        #expect(code("/api/runs", ("authorization", "bearer 0123456789abcdef")) == nil)
        for wrong in ["Bearer 0123456789abcdeX", "Bearer", "Basic 0123456789abcdef", "Bearer 0123456789abcdef0"] {
            #expect(code("/api/runs", ("authorization", wrong)) == "wrong-token", "\(wrong)")
        }
        #expect(
            code("/api/runs", ("authorization", "Bearer 0123456789abcdef"), ("authorization", "Bearer 0123456789abcdef"))
                == "wrong-token")

        let session = try #require(access.sessions.redeem(access.sessions.newCode()))
        let cookie = ("cookie", "other=1; \(LoginCookie.name(host: "localhost:8080"))=\(session)")
        #expect(code("/api/runs", cookie) == nil)
        // What changes something, or stays open, must come from the port's own page.
        #expect(code("/api/runs", cookie, method: .DELETE) == "foreign-origin")
        #expect(code("/ws", cookie, ("upgrade", "websocket")) == "foreign-origin")
        #expect(code("/api/runs", cookie, ("origin", "http://localhost:8080"), method: .DELETE) == nil)
        #expect(code("/api/runs", ("cookie", "\(LoginCookie.name(host: "localhost:9"))=\(session)")) == "login-required")
    }

    @Test func `who asks is found out with the head, and holds until something changes`() throws {
        let policy = Self.policy(access: PortAccess(token: try AccessToken("0123456789abcdef", from: "here"), table))
        let host = ("host", "localhost")
        let token = try policy.admit(
            Self.head([host, ("authorization", "Bearer 0123456789abcdef")]), isOtherUser: false)
        let anyone = try policy.admit(Self.head([host], target: "/api/health"), isOtherUser: false)
        #expect(token.kind == .token && token.mayAsk(closed) && token.mayAsk(open))
        #expect(anyone.kind == .anyone && !anyone.mayAsk(closed) && anyone.mayAsk(open))
        #expect(try Self.policy().admit(Self.head([host]), isOtherUser: false).kind == .local)
        #expect(policy.stillHolds(token))
        policy.revision.advance()
        #expect(!policy.stillHolds(token))
    }

    @Test func `a code opens one session`() {
        let sessions = LoginSessions()
        let code = sessions.newCode()
        let session = sessions.redeem(code)
        #expect(session.map(sessions.isOpen) == true && sessions.redeem(code) == nil && sessions.redeem("") == nil)
    }

    @Test(arguments: [
        ("/runs/a?x=1#y", "/runs/a?x=1#y"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("http://evil.example", "/"),
        ("/a\tb", "/"), ("/login", "/"), ("/login?next=/x", "/"), ("", "/"),
    ]) func `a login leads to this server alone`(text: String, path: String) { #expect(LoginTarget(text).path == path) }
}

/// Puts handlers behind the endpoints of a table.
import HTTPTypes
import Hummingbird

/// Every endpoint of the table gets one handler, and nothing else does. Used while the port is set up.
package final class EndpointRouter<Context: IdentifiedContext> {
    package typealias Handler = @Sendable (Request, Context) async throws -> Response

    private final class Handled {
        var endpoints: Set<Endpoint> = []
    }
    private let table: EndpointTable
    private let router: any RouterMethods<Context>
    private let handled: Handled

    package convenience init(_ table: EndpointTable, _ router: Router<Context>) { self.init(table, router, Handled()) }

    private init(_ table: EndpointTable, _ router: any RouterMethods<Context>, _ handled: Handled) {
        self.table = table
        self.router = router
        self.handled = handled
    }

    /// The same table; what is put into it here passes through a middleware first.
    package func behind(_ middleware: some RouterMiddleware<Context>) -> EndpointRouter {
        EndpointRouter(table, router.group().add(middleware: middleware), handled)
    }

    package func on(_ endpoint: Endpoint, _ handler: @escaping Handler) {
        precondition(table.endpoints.contains(endpoint), "\(endpoint.path.text) is not in the table")
        precondition(handled.endpoints.insert(endpoint).inserted, "\(endpoint.path.text) has two handlers")
        let methods = endpoint.takesAnyMethod ? Self.methods + [.head, .options] : [endpoint.method.http]
        for method in methods {
            router.on(Self.path(endpoint.path), method: method) { request, context in
                // The connection's guard has asked already, by the path; here the table has the last word.
                guard context.identity.mayAsk(endpoint) else {
                    throw APIError(.unauthorized, "login-required", "this collector wants a login")
                }
                return try await handler(request, context)
            }
        }
    }

    /// Other methods than those of the table are refused, on every path that it has.
    package func finish() {
        let missing = Set(table.endpoints).subtracting(handled.endpoints)
        precondition(missing.isEmpty, "without a handler: \(missing.map { "\($0.method.rawValue) \($0.path.text)" })")
        for (path, endpoints) in table.paths where !endpoints.contains(where: \.takesAnyMethod) {
            let allowed = EndpointTable.allowed(endpoints)
            let taken = endpoints.map(\.method.http)
            for method in Self.methods + [.options] where !taken.contains(method) {
                router.on(Self.path(path), method: method) { request, _ -> Response in
                    throw APIError(
                        .methodNotAllowed, "method-not-allowed", "\(request.uri.path) takes \(allowed) only", allowed: allowed)
                }
            }
            // Where there is nothing to get, there is no head of it either.
            guard !taken.contains(.get) else { continue }
            router.on(Self.path(path), method: .head) { _, _ -> Response in
                throw APIError(.methodNotAllowed, "method-not-allowed", "this path takes \(allowed) only", allowed: allowed)
            }
        }
    }

    private static var methods: [HTTPRequest.Method] { Endpoint.Method.allCases.map(\.http) }

    private static func path(_ template: PathTemplate) -> RouterPath {
        RouterPath(
            template.parts.map { part in
                switch part {
                case .literal(let text): text
                case .one(let name): ":\(name)"
                case .rest: "**"
                }
            }.joined(separator: "/"))
    }
}

extension Endpoint.Method {
    var http: HTTPRequest.Method { HTTPRequest.Method(rawValue: rawValue)! }
}

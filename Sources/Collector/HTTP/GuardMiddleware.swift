/// First of all middlewares: who may ask, and what every answer carries.
import HTTPTypes
import Hummingbird

struct GuardMiddleware<Context: RequestContext>: RouterMiddleware {
    let hosts: AllowedHosts

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response
    {
        var response: Response
        do {
            try check(request)
            response = try await next(request, context)
        } catch let error as any HTTPResponseError {
            response = try Self.answer(error, request, context)
        }
        response.headers[.init("X-Content-Type-Options")!] = "nosniff"
        response.headers[.init("Content-Security-Policy")!] = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"
        response.headers[.init("Referrer-Policy")!] = "no-referrer"
        return response
    }

    private func check(_ request: Request) throws {
        let host = request.head.authority
        guard hosts.allows(host: host) else {
            throw APIError(
                .forbidden, "foreign-host", "this collector does not answer to the host \(host ?? "(none)")",
                hint: "use localhost, or start the collector with --allow-host")
        }
        guard hosts.allows(origin: request.headers[.origin], host: host) else {
            throw APIError(
                .forbidden, "foreign-origin", "requests of other web pages are refused", hint: "open the collector's own page")
        }
    }

    private static func answer(_ error: any HTTPResponseError, _ request: Request, _ context: Context) throws -> Response {
        if let error = error as? HTTPError {
            let name = error.status.reasonPhrase.lowercased().replacing(" ", with: "-")
            return try APIError(error.status, name, error.body ?? error.status.reasonPhrase).response(
                from: request, context: context)
        }
        return try error.response(from: request, context: context)
    }
}

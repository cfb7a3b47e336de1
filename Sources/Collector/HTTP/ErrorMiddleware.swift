/// First of all middlewares: every error becomes the API's JSON, and every failed request can be found again.
import HTTPTypes
import Hummingbird
import NIOHTTP1
import TeltelHTTP

struct ErrorMiddleware: RouterMiddleware {
    typealias Context = ConnectionContext

    /// Tells one failed request from another. What is the collector's own failure stands in its log with the same id.
    private static let idHeader = HTTPField.Name("X-Request-Id")!

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response
    {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as HTTPParserError {
            // The connection's business: there is no request to answer.
            throw error
        } catch {
            let answer = Self.answer(error)
            if answer.status == .internalServerError {
                let path = Terminal.printable(request.uri.path)
                Terminal.complain("request \(context.id): \(request.method.rawValue) \(path): \(answer.message)")
            }
            response = try answer.response(from: request, context: context)
        }
        // The answer to HEAD is that to GET without its body (RFC 9110, 9.3.2), and so are its errors.
        if request.method == .head { response = response.createHeadResponse() }
        if response.status.code >= 400 { response.headers[Self.idHeader] = context.id.description }
        return response
    }

    private static func answer(_ error: any Error) -> APIError {
        switch error {
        case let error as APIError: error
        case let error as HTTPError:
            APIError(
                error.status, error.status.reasonPhrase.lowercased().replacing(" ", with: "-"),
                error.body ?? error.status.reasonPhrase)
        default:
            APIError(
                .internalServerError, "internal-error", "internal error: \(error)",
                hint: "please report it, with this message")
        }
    }
}

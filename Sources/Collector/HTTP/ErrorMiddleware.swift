/// First of all middlewares: every error becomes the API's JSON.
import HTTPTypes
import Hummingbird

struct ErrorMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response
    {
        do {
            return try await next(request, context)
        } catch let error as APIError {
            return try error.response(from: request, context: context)
        } catch let error as HTTPError {
            let name = error.status.reasonPhrase.lowercased().replacing(" ", with: "-")
            return try APIError(error.status, name, error.body ?? error.status.reasonPhrase).response(
                from: request, context: context)
        }
    }
}

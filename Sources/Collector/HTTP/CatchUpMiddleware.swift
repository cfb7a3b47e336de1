/// A client sees what it has posted in the next answer it gets.
import Hummingbird

/// Posted events reach registry and live buffer by the ring, a few milliseconds after the answer to the post: what is asked
/// about runs waits for what was posted before.
struct CatchUpMiddleware: RouterMiddleware {
    let caughtUp: @Sendable () async -> Void

    func handle(
        _ request: Request, context: ConnectionContext, next: (Request, ConnectionContext) async throws -> Response
    ) async throws -> Response {
        await caughtUp()
        return try await next(request, context)
    }
}

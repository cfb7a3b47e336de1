/// What routes know of a request beside the request.
import Hummingbird
import NIOCore
import TeltelHTTP

struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection that it came on.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Calls `left` when the client closes its side before the answer is whole; of one request at a time.
    func whenClientLeaves(_ left: @escaping @Sendable () -> Void) {
        channel.eventLoop.execute { [channel] in
            // Without the guard the connection is not one of this port's, or is closed already.
            guard let guardian = try? channel.pipeline.syncOperations.handler(type: ConnectionGuard.self) else { return left() }
            guardian.whenClientLeaves(left)
        }
    }
}

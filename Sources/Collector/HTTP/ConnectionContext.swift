/// What routes know of a request beside the request.
import Hummingbird
import NIOCore
import TeltelHTTP

struct ConnectionContext: IdentifiedContext {
    var coreContext: CoreRequestContextStorage
    /// The connection that it came on.
    let channel: any Channel
    let identity: Identity

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        identity = Self.identity(source.channel) ?? Identity(.anyone)
    }

    /// Of the request that is answered next on that connection; nil: the connection is closed already, and nobody asks.
    ///
    /// Requests are answered on their connection's event loop (see `WebSocketChannel.handle`), which the guard belongs to.
    private static func identity(_ channel: any Channel) -> Identity? {
        channel.eventLoop.assertInEventLoop()
        return try? channel.pipeline.syncOperations.handler(type: ConnectionGuard.self).identity
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

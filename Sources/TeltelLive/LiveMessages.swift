/// What a live session hears and says; whatever carries it.
import NIOCore

package enum ClientMessage: Sendable {
    case text(ByteBuffer)
    case ping(ByteBuffer)
    case pong
    case close(ByteBuffer)
}

/// Why nothing more can be understood of what a client sends.
package enum ClientMessageError: Error {
    case tooLarge
    case malformed
}

package enum ServerMessage: Sendable {
    /// Whole frames one behind the other, encoded once for all clients.
    case framed(ByteBuffer)
    case ping
    case pong(ByteBuffer)
    case close(ByteBuffer)
}

/// To one client.
package protocol MessageSink: Sendable {
    /// Returns when the client's connection has room for more; throws when it is gone.
    func send(_ message: ServerMessage) async throws
}

/// Sees the bytes before the decoder: when a request begins, and how long its first line is.
import NIOCore

/// Runs on its channel's event loop alone.
package final class FirstLine: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer

    private let connection: ConnectionGuard
    private var bytes = 0
    private var isWhole = false
    /// Longer than a target may be: the decoder's overflow is the target's doing then, not the headers'.
    package var isLong: Bool { bytes > PortPolicy.targetBytesMax }

    package init(_ connection: ConnectionGuard) {
        self.connection = connection
        connection.firstLine = self
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.isDeaf { return }
        if connection.bytesCame() { (bytes, isWhole) = (0, false) }
        if !isWhole {
            let view = Self.unwrapInboundIn(data).readableBytesView
            let end = view.firstIndex(of: UInt8(ascii: "\n"))
            bytes += (end ?? view.endIndex) - view.startIndex
            isWhole = end != nil
        }
        context.fireChannelRead(data)
    }
}

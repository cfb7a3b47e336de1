/// What a server sends: frames for NIO to encode, and messages that are frames already.
import NIOCore
import NIOWebSocket

package enum WebSocketOutbound: Sendable {
    case frame(WebSocketFrame)
    /// Whole frames one behind the other, encoded once for all clients.
    case framed(ByteBuffer)
}

/// Stands between a server and NIO's encoder, which bytes that are frames already must not pass again.
/// Runs on its channel's event loop alone.
package final class WebSocketOutboundHandler: ChannelOutboundHandler {
    package typealias OutboundIn = WebSocketOutbound
    package typealias OutboundOut = WebSocketFrame
    private var encoder: ChannelHandlerContext?

    package func handlerAdded(context: ChannelHandlerContext) {
        // Without an encoder this is no WebSocket: writes fail below.
        encoder = try? context.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
    }
    package func handlerRemoved(context: ChannelHandlerContext) { encoder = nil }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch Self.unwrapOutboundIn(data) {
        case .frame(let frame): context.write(Self.wrapOutboundOut(frame), promise: promise)
        case .framed(let bytes):
            guard let encoder else {
                promise?.fail(ChannelError.inappropriateOperationForState)
                return
            }
            encoder.write(NIOAny(bytes), promise: promise)
        }
    }
}

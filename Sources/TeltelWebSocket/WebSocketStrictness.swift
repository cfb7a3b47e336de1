/// What NIO's WebSocket decoder leaves unchecked (RFC 6455).
import NIOCore
import NIOWebSocket

/// Client frames must be masked, carry no reserved bits or opcodes, and close with a valid code and text.
/// On shutdown the peer is told with 1001. Runs on its channel's event loop alone.
package final class WebSocketStrictness: ChannelInboundHandler {
    package typealias InboundIn = WebSocketFrame
    package typealias InboundOut = WebSocketFrame
    package typealias OutboundOut = WebSocketFrame
    private var failed = false

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if failed { return }
        let frame = Self.unwrapInboundIn(data)
        if let code = Self.violation(frame) { return close(context, code) }
        context.fireChannelRead(data)
    }

    /// The close code that the frame deserves; nil if it is fine.
    private static func violation(_ frame: WebSocketFrame) -> UInt16? {
        if frame.maskKey == nil || frame.rsv1 || frame.rsv2 || frame.rsv3 { return 1002 }
        switch frame.opcode {
        case .text, .binary, .continuation, .ping, .pong: return nil
        case .connectionClose:
            var payload = frame.unmaskedData
            if payload.readableBytes == 1 { return 1002 }
            guard let code = payload.readInteger(as: UInt16.self) else { return nil }
            guard (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code) else {
                return 1002
            }
            return String(validating: payload.readableBytesView, as: UTF8.self) == nil ? 1007 : nil
        default: return 1002
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { close(context, 1001) } else { context.fireUserInboundEventTriggered(event) }
    }

    private func close(_ context: ChannelHandlerContext, _ code: UInt16) {
        failed = true
        var payload = context.channel.allocator.buffer(capacity: 2)
        payload.writeInteger(code)
        context.writeAndFlush(
            Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: payload)), promise: nil)
        context.close(promise: nil)
    }
}

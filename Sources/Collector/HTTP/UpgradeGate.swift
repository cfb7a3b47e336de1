/// What NIO's HTTP upgrader and WebSocket decoder leave unchecked (RFC 6455).
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Takes the Upgrade header from the first request unless it is a well-formed WebSocket request for `/ws`: the router
/// answers the others. Runs on its channel's event loop alone.
final class UpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private enum State {
        case first, upgrading, other
    }
    private var state = State.first

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, Self.unwrapInboundIn(data)) {
        case (.first, .head(var head)):
            state = isWebSocketRequest(head) ? .upgrading : .other
            if state == .other, head.headers.contains(name: "upgrade") {
                head.headers.remove(name: "upgrade")
                // The parser may have stopped behind such a request: what follows would wait for an answer in vain.
                head.headers.replaceOrAdd(name: "connection", value: "close")
            }
            context.fireChannelRead(Self.wrapInboundOut(.head(head)))
        case (.upgrading, .head), (.upgrading, .body):
            // Whatever comes behind the request is the WebSocket's. Read as HTTP, it would reach the decoder of frames as
            // something that is no bytes, which ends the process.
            context.close(promise: nil)
        default: context.fireChannelRead(data)
        }
    }

    private func isWebSocketRequest(_ head: HTTPRequestHead) -> Bool {
        let keys = head.headers["sec-websocket-key"]
        // With a body, or without `Connection: upgrade` (which NIO's upgrader does not ask for), the HTTP parser goes on behind
        // the request instead of leaving the rest to the WebSocket.
        let hasBody = head.headers.contains(name: "content-length") || head.headers.contains(name: "transfer-encoding")
        let isAsked = head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
        return isAsked && !hasBody && head.method == .GET && head.uri.prefix { $0 != "?" } == "/ws" && keys.count == 1
            && keys[0].utf8.count == 24
            && head.headers["sec-websocket-version"] == ["13"]
    }
}

/// Client frames must be masked, carry no reserved bits or opcodes, and close with a valid code and text.
/// On shutdown the peer is told with 1001. Runs on its channel's event loop alone.
final class WebSocketStrictness: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundOut = WebSocketFrame
    private var failed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
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

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
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

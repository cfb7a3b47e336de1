/// What NIO's HTTP upgrader and WebSocket decoder leave unchecked (RFC 6455).
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Sees the first request head: takes the Upgrade header from all but well-formed, accepted WebSocket requests, so that
/// the router answers those; answers 400 to a first request that cannot be parsed; closes on silent peers.
/// Runs on its channel's event loop alone.
final class UpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let accept: @Sendable (HTTPRequestHead) -> Bool
    private let timeout: TimeAmount
    private var seenHead = false
    private var timer: Scheduled<Void>?

    init(accept: @escaping @Sendable (HTTPRequestHead) -> Bool, timeout: TimeAmount) {
        self.accept = accept
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
    }
    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !seenHead, case .head(var head) = Self.unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        seenHead = true
        timer?.cancel()
        if head.headers.contains(name: "upgrade"), !isWebSocketRequest(head) || !accept(head) {
            head.headers.remove(name: "upgrade")
        }
        context.fireChannelRead(Self.wrapInboundOut(.head(head)))
    }

    private func isWebSocketRequest(_ head: HTTPRequestHead) -> Bool {
        let keys = head.headers["sec-websocket-key"]
        return head.method == .GET && keys.count == 1 && keys[0].utf8.count == 24
            && head.headers["sec-websocket-version"] == ["13"]
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if !seenHead, event is ChannelShouldQuiesceEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !seenHead, error is HTTPParserError else { return context.fireErrorCaught(error) }
        seenHead = true
        let head = HTTPResponseHead(
            version: .http1_1, status: .badRequest, headers: ["connection": "close", "content-length": "0"])
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
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

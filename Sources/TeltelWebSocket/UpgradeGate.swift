/// What NIO's HTTP upgrader leaves unchecked (RFC 6455).
import NIOCore
import NIOHTTP1

/// Takes the Upgrade header from the first request unless it is a well-formed WebSocket request for `/ws`: the router
/// answers the others. Runs on its channel's event loop alone.
package final class UpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart

    private enum State {
        case first, upgrading, other
    }
    private var state = State.first

    package init() {}

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
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

/// HTTP/1.1 and WebSocket on one port: Hummingbird answers requests, an accepted upgrade becomes a WebSocket.
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// One connection. Only its first request can upgrade, which is all that browsers do.
struct WebSocketChannel: HTTPChannelHandler {
    typealias Socket = NIOAsyncChannel<WebSocketFrame, LiveOutbound>
    typealias HTTP = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    enum Connection: Sendable {
        case webSocket(Socket)
        case http(HTTP)
    }
    struct Value: ServerChildChannelValue {
        let connection: EventLoopFuture<Connection>
        let channel: any Channel
    }
    /// Limits on what a client may send and how long it may keep silent.
    struct Limits: Sendable {
        var frameBytes = 1 << 20
        var messageBytes = 1 << 20
        var firstRequest: TimeAmount = .seconds(10)
        var idle: Duration = .seconds(60)
    }

    let responder: HTTPChannelHandler.Responder
    let limits: Limits
    /// false: the request goes to the router, which explains.
    let accept: @Sendable (HTTPRequestHead) -> Bool
    let serve: @Sendable (Socket, Logger) async throws -> Void

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Connection>(upgraders: [upgrader]) { [limits] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                    try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idle, logger: logger))
                    let configuration = HTTP.Configuration(isOutboundHalfClosureEnabled: true)
                    return .http(try HTTP(wrappingChannelSynchronously: channel, configuration: configuration))
                }
            }
            // Put together by hand so that the gate sits before the upgrader.
            let encoder = HTTPResponseEncoder()
            let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
            let gate = UpgradeGate(accept: accept, timeout: limits.firstRequest)
            let handler = NIOTypedHTTPServerUpgradeHandler<Connection>(
                httpEncoder: encoder, extraHTTPHandlers: [decoder, gate], upgradeConfiguration: upgrade)
            try pipeline.addHandlers([encoder, decoder, gate, handler] as [any ChannelHandler])
            return Value(connection: handler.upgradeResultFuture, channel: channel)
        }
    }

    private var upgrader: NIOTypedWebSocketServerUpgrader<Connection> {
        NIOTypedWebSocketServerUpgrader<Connection>(
            maxFrameSize: limits.frameBytes,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { [limits] channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(WebSocketStrictness())
                    try pipeline.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 4_096,
                            maxAccumulatedFrameSize: limits.messageBytes))
                    try pipeline.addHandler(LiveOutboundHandler())
                    return .webSocket(try Socket(wrappingChannelSynchronously: channel))
                }
            })
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.connection.get() {
            case .http(let http): await handleHTTP(asyncChannel: http, logger: logger)
            case .webSocket(let socket): try await serve(socket, logger)
            }
        } catch { logger.trace("connection ended: \(error)") }
        value.channel.close(promise: nil)
    }
}

extension HTTPServerBuilder {
    static func httpAndWebSocket(
        limits: WebSocketChannel.Limits = .init(), accept: @escaping @Sendable (HTTPRequestHead) -> Bool,
        serve: @escaping @Sendable (WebSocketChannel.Socket, Logger) async throws -> Void
    ) -> HTTPServerBuilder {
        .init { WebSocketChannel(responder: $0, limits: limits, accept: accept, serve: serve) }
    }
}

/// HTTP/1.1 and WebSocket on one port: Hummingbird answers requests, an accepted upgrade becomes a WebSocket.
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import TeltelHTTP
import TeltelIngestHTTP
import TeltelWebSocket

/// One connection. Only its first request can upgrade, which is all that browsers do.
struct WebSocketChannel: HTTPChannelHandler {
    typealias Socket = NIOAsyncChannel<WebSocketFrame, WebSocketOutbound>
    typealias HTTP = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    enum Connection: Sendable {
        case webSocket(Socket)
        case http(HTTP)
    }
    struct Value: ServerChildChannelValue {
        let connection: EventLoopFuture<Connection>
        let channel: any Channel
    }

    let responder: HTTPChannelHandler.Responder
    let limits: WebSocketLimits
    let port: Port
    let serve: @Sendable (Socket, Logger) async throws -> Void
    /// Handlers of HTTP requests before the router, made for each connection.
    let first: @Sendable (any EventLoop, RepeatedPosts) -> [any ChannelHandler]

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let connection = port.makeGuard(channel)
            let repeats = NIOLoopBound(RepeatedPosts(connection), eventLoop: channel.eventLoop)
            let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Connection>(upgraders: [upgrader]) { [first] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                    try pipeline.addHandler(HTTPConnectionStateHandler(logger: logger))
                    try pipeline.addHandlers(first(channel.eventLoop, repeats.value))
                    let configuration = HTTP.Configuration(isOutboundHalfClosureEnabled: true)
                    return .http(try HTTP(wrappingChannelSynchronously: channel, configuration: configuration))
                }
            }
            // Put together by hand so that the guard and the gate sit before the upgrader.
            let encoder = HTTPResponseEncoder()
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: port.limits.decoder))
            let stall = StallGuard(patience: port.limits.idle, counters: port.counters)
            let firstLine = FirstLine(connection)
            let gate = UpgradeGate()
            // The decoder leaves last: what it still holds is the WebSocket's, and no longer for the others.
            let handler = NIOTypedHTTPServerUpgradeHandler<Connection>(
                httpEncoder: encoder, extraHTTPHandlers: [gate, connection, firstLine, repeats.value, decoder],
                upgradeConfiguration: upgrade)
            try pipeline.addHandlers(
                [stall, repeats.value, encoder, firstLine, decoder, connection, gate, handler] as [any ChannelHandler])
            return Value(connection: handler.upgradeResultFuture, channel: channel)
        }
    }

    private var upgrader: NIOTypedWebSocketServerUpgrader<Connection> {
        NIOTypedWebSocketServerUpgrader<Connection>(
            maxFrameSize: limits.frameBytes,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { [limits] channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try limits.addHandlers(to: channel.pipeline.syncOperations)
                    return .webSocket(try Socket(wrappingChannelSynchronously: channel))
                }
            })
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.connection.get() {
            case .http(let http):
                // On the connection's own event loop: going to another thread and back costs more than a short request.
                await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
                    await handleHTTP(asyncChannel: http, logger: logger)
                }
            case .webSocket(let socket):
                try await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
                    try await serve(socket, logger)
                }
            }
        } catch { logger.trace("connection ended: \(error)") }
        value.channel.close(promise: nil)
    }
}

extension HTTPServerBuilder {
    static func httpAndWebSocket(
        port: Port, limits: WebSocketLimits = .init(),
        serve: @escaping @Sendable (WebSocketChannel.Socket, Logger) async throws -> Void,
        first: @escaping @Sendable (any EventLoop, RepeatedPosts) -> [any ChannelHandler]
    ) -> HTTPServerBuilder {
        .init { WebSocketChannel(responder: $0, limits: limits, port: port, serve: serve, first: first) }
    }
}

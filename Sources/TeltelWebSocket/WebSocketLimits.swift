/// From a client's frames to messages that a session may trust.
import NIOCore
import NIOWebSocket

/// How much a WebSocket client may send at once.
package struct WebSocketLimits: Sendable {
    package var frameBytes = 1 << 20
    package var messageBytes = 1 << 20
    package var framesPerMessage = 4_096

    package init() {}

    /// Behind NIO's frame decoder, which must have `frameBytes` as its limit.
    package func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandler(WebSocketStrictness())
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: framesPerMessage, maxAccumulatedFrameSize: messageBytes))
        try pipeline.addHandler(WebSocketOutboundHandler())
    }
}

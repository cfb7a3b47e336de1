/// From a client's frames to messages that a session may trust.
import NIOCore
import NIOWebSocket

/// How much a WebSocket client may send at once.
struct WebSocketLimits: Sendable {
    var frameBytes = 1 << 20
    var messageBytes = 1 << 20
    var framesPerMessage = 4_096

    /// Behind NIO's frame decoder, which must have `frameBytes` as its limit.
    func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandler(WebSocketStrictness())
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: framesPerMessage, maxAccumulatedFrameSize: messageBytes))
        try pipeline.addHandler(LiveOutboundHandler())
    }
}

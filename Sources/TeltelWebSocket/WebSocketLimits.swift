/// From a client's frames to messages that a session may trust.
import NIOCore
import NIOWebSocket

/// How much a WebSocket client may send at once.
package struct WebSocketLimits: Sendable {
    package var frameBytes: Int
    package var messageBytes: Int
    package var framesPerMessage: Int

    package init(frameBytes: Int = 1 << 20, messageBytes: Int = 1 << 20, framesPerMessage: Int = 4_096) {
        self.frameBytes = frameBytes
        self.messageBytes = messageBytes
        self.framesPerMessage = framesPerMessage
    }

    /// Behind NIO's frame decoder, which must have `frameBytes` as its limit.
    package func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandler(WebSocketStrictness())
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: framesPerMessage, maxAccumulatedFrameSize: messageBytes))
        try pipeline.addHandler(WebSocketOutboundHandler())
    }
}

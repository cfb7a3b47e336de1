/// A live session at the end of a WebSocket: frames to messages and back.
import NIOCore
import NIOWebSocket
import TeltelLive
import TeltelWebSocket

/// What a client sends, as the session hears it.
struct ClientMessages: AsyncSequence, Sendable {
    typealias Element = ClientMessage
    let frames: NIOAsyncChannelInboundStream<WebSocketFrame>

    struct AsyncIterator: AsyncIteratorProtocol {
        var frames: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator

        mutating func next() async throws -> ClientMessage? {
            do {
                return try await frames.next().map(Self.message)
            } catch let error as NIOWebSocketFrameAggregator.Error {
                throw error == .accumulatedFrameSizeIsTooLarge ? ClientMessageError.tooLarge : .malformed
            }
        }

        private static func message(_ frame: WebSocketFrame) -> ClientMessage {
            switch frame.opcode {
            case .ping: .ping(frame.unmaskedData)
            case .connectionClose: .close(frame.unmaskedData)
            // Fragments have been put together.
            case .text, .binary: .text(frame.unmaskedData)
            default: .pong
            }
        }
    }
    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(frames: frames.makeAsyncIterator()) }
}

struct WebSocketSink: MessageSink {
    let outbound: NIOAsyncChannelOutboundWriter<WebSocketOutbound>

    func send(_ message: ServerMessage) async throws {
        switch message {
        case .framed(let bytes): try await outbound.write(.framed(bytes))
        case .ping: try await write(.ping, ByteBuffer())
        case .pong(let data): try await write(.pong, data)
        case .close(let data): try await write(.connectionClose, data)
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) async throws {
        try await outbound.write(.frame(WebSocketFrame(fin: true, opcode: opcode, data: data)))
    }
}

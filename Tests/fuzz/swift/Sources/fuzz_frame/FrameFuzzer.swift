// What a WebSocket client sends, any bytes, in any pieces: what comes out of the collector's handlers is what a second, much simpler
// reading of RFC 6455 says. The first byte of an input is the size of its pieces.
import NIOCore
import NIOEmbedded
import NIOWebSocket
import TeltelWebSocket

/// Small enough for the fuzzer to reach.
let limits = WebSocketLimits(frameBytes: 400, messageBytes: 500, framesPerMessage: 6)

/// What the session at the end of the pipeline sees. Like the session it ends with the first error and the first close frame.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    var reading = Reading()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard reading.end == nil else { return }
        let frame = Self.unwrapInboundIn(data)
        reading.messages.append(.init(opcode: UInt8(webSocketOpcode: frame.opcode), bytes: Array(buffer: frame.unmaskedData)))
        if frame.opcode == .connectionClose { reading.end = .closedByClient }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard reading.end == nil else { return }
        switch error {
        case is NIOWebSocketError: break  // answered by the handler that found it
        case NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge: reading.end = .refused(1009)
        case is NIOWebSocketFrameAggregator.Error: reading.end = .refused(1002)
        default: fatalError("an error that the session does not know: \(error)")
        }
    }
}

/// A socket takes nothing any more once it is closed; NIO's stand-in for one would.
final class Socket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if context.channel.isActive {
            context.write(data, promise: promise)
        } else {
            promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }
}

func read(_ bytes: UnsafeBufferPointer<UInt8>, piece: Int) -> Reading {
    let channel = EmbeddedChannel()
    let recorder = Recorder()
    let pipeline = channel.pipeline.syncOperations
    do {
        // These handlers can always be added to a new channel.
        try pipeline.addHandlers(
            Socket(), WebSocketFrameEncoder(), ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: limits.frameBytes)),
            WebSocketProtocolErrorHandler())
        try limits.addHandlers(to: pipeline)
        try pipeline.addHandler(recorder)
    } catch { fatalError("\(error)") }
    channel.embeddedEventLoop.run()
    // `isActive` is only true of a channel that has connected.
    channel.connect(to: anyAddress, promise: nil)
    for begin in stride(from: 0, to: bytes.count, by: piece) where channel.isActive {
        let end = min(bytes.count, begin + piece)
        // Errors have reached the recorder before they come out here.
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes[begin..<end]))
    }
    var reading = recorder.reading
    var sent = ByteBuffer()
    while let part = try? channel.readOutbound(as: ByteBuffer.self) { sent.writeImmutableBuffer(part) }
    // What a session does not hear any more may still be refused by the handlers.
    if let code = closeCode(sent), reading.end == nil { reading.end = .refused(code) }
    _ = try? channel.finish(acceptAlreadyClosed: true)
    return reading
}

let anyAddress: SocketAddress = {
    do { return try SocketAddress(ipAddress: "127.0.0.1", port: 1) } catch { fatalError("\(error)") }
}()

/// Of the one close frame that the handlers may send by themselves.
func closeCode(_ sent: ByteBuffer) -> UInt16? {
    guard sent.readableBytes > 0 else { return nil }
    let bytes = Array(buffer: sent)
    guard bytes.count == 4, bytes[0] == 0x88, bytes[1] == 2 else { fatalError("sent \(bytes)") }
    return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
}

@c(LLVMFuzzerTestOneInput)
public func tryInput(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer's bytes hold for this call.
    let all = UnsafeBufferPointer(start: input, count: count)
    guard let first = all.first else { return 0 }
    let bytes = UnsafeBufferPointer(rebasing: all.dropFirst())
    let expected = Reading(of: Array(bytes), limits)
    for piece in [max(1, Int(first)), max(1, bytes.count)] {
        let found = read(bytes, piece: piece)
        guard found == expected else { fatalError("in pieces of \(piece): \(found), expected \(expected)") }
    }
    return 0
}

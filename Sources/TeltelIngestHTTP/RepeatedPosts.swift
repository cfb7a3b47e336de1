/// Takes posts whose head is that of a post before, byte by byte: reading the same head as HTTP costs ten times a line.
import NIOCore
import TeltelHTTP

/// The first to see a connection's bytes. What is let in by its head alone is let in for as long as nothing has changed of what
/// its sender may do. Takes a request only if everything before it on the connection was whole requests
/// and is answered; all other bytes go on to the decoder as they came. Runs on its channel's event loop alone.
package final class RepeatedPosts: ChannelInboundHandler, RemovableChannelHandler, RequestsAhead {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let connection: ConnectionGuard
    /// Set when the connection turns out to be one of HTTP requests.
    weak var shortcut: IngestShortcut?
    private var context: ChannelHandlerContext?
    /// That of posts which were let in, and whose they were.
    private var learned: (head: RepeatedHead, identity: Identity)?
    /// What the decoder has got since the last moment at which it held nothing but whole requests.
    private var passed = Passed.bytes(0, head: nil)

    private enum Passed {
        /// `head`: of the first request among them, if it came in one piece.
        case bytes(Int, head: ByteBuffer?)
        /// It cannot be said any more where a request begins.
        case unknown
    }
    /// Kept until the request has ended; longer heads are read each time.
    private static let longestHead = 2 << 10
    private static let endOfHead = Array("\r\n\r\n".utf8)

    package init(_ connection: ConnectionGuard) {
        self.connection = connection
        connection.repeats = self
    }

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        if let (head, identity) = learned, isBetweenRequests, connection.stillHolds(identity), let shortcut {
            var any = false
            while case .whole(let headBytes, let bodyBytes) = head.match(bytes), shortcut.isIdle {
                bytes.moveReaderIndex(forwardBy: headBytes)
                guard let body = bytes.readSlice(length: bodyBytes) else { break }
                connection.answeredAhead()
                if let answer = shortcut.takeAhead(body) { context.write(Self.wrapOutboundOut(answer), promise: nil) }
                any = true
            }
            if any {
                // First: whoever listens gets it from another thread, while this one sends the answer.
                shortcut.tell()
                context.flush()
            }
            if bytes.readableBytes == 0 { return }
        }
        pass(bytes)
        context.fireChannelRead(NIOAny(bytes))
    }

    private var isBetweenRequests: Bool {
        guard case .bytes(0, _) = passed else { return false }
        return connection.isBetweenRequests
    }

    private func pass(_ bytes: ByteBuffer) {
        switch passed {
        case .unknown: break
        case .bytes(0, _): passed = .bytes(bytes.readableBytes, head: Self.head(of: bytes))
        case .bytes(let count, let head): passed = .bytes(count + bytes.readableBytes, head: head)
        }
    }

    private static func head(of bytes: ByteBuffer) -> ByteBuffer? {
        let view = bytes.readableBytesView.prefix(longestHead)
        guard let end = view.firstRange(of: endOfHead)?.upperBound else { return nil }
        return bytes.getSlice(at: bytes.readerIndex, length: end - view.startIndex)
    }

    // MARK: what the others say

    /// The answer to the newest post that was taken here and had to wait.
    func send(_ answer: ByteBuffer) { context?.writeAndFlush(Self.wrapOutboundOut(answer), promise: nil) }

    /// The decoder has come to a request's end.
    package func requestEnded(bodyBytes: Int) {
        switch passed {
        case .unknown: break
        // Not one byte more or less than that request: nothing of the next one is in the decoder.
        case .bytes(let count, let head?) where count == head.readableBytes + bodyBytes: passed = .bytes(0, head: head)
        case .bytes: passed = .unknown
        }
    }

    /// The request that has just ended was let in, and was a short post that wants nothing special.
    func learn() {
        guard case .bytes(0, let bytes?) = passed, let identity = connection.identity else { return }
        learned = RepeatedHead(bytes.readableBytesView).map { ($0, identity) }
    }
}

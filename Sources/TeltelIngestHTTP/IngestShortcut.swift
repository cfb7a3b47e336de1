/// Answers short posts where they arrive, on the event loop: the way through tasks and router costs several times a line.
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import TeltelHTTP
import TeltelIngest

/// Sits behind the connection's guard and before the rest of the server. Takes a POST to /api/ingest that is short and wants
/// nothing special; all others go on as they came. Runs on its channel's event loop alone.
package final class IngestShortcut: ChannelDuplexHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart

    private enum State {
        case idle
        /// Read so far, without its end.
        case collecting(HTTPRequest, ByteBuffer?)
        /// A ring is full: nothing more is read until its lines are in.
        case waiting
    }
    /// A body that takes longer goes the usual way: its lines are live while the rest is on its way.
    private static let patience = TimeAmount.milliseconds(50)

    private let pool: IngestPool
    /// One for all posts of a connection: their order holds.
    package let lane: IngestLane
    private let maxLineBytes: Int
    /// Sees the connection's bytes first.
    private let repeats: RepeatedPosts
    private var state = State.idle
    /// Requests that went on and are not answered yet: answers keep the order of their requests.
    private var others = 0
    /// What came while waiting.
    private var held: [HTTPRequestPart] = []
    /// They are taken now, behind others that the decoder may have read since.
    private var isReplaying = false
    private var wantsRead = false
    private var context: ChannelHandlerContext?
    private var patienceEnds: Scheduled<Void>?
    private var date = DateText()
    private var plain = PlainAnswer()

    package init(pool: IngestPool, eventLoop: any EventLoop, maxLineBytes: Int, repeats: RepeatedPosts) {
        self.pool = pool
        lane = pool.lane(for: ObjectIdentifier(eventLoop))
        self.maxLineBytes = maxLineBytes
        self.repeats = repeats
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        repeats.shortcut = self
    }
    package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: what comes in

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(Self.unwrapInboundIn(data), context) }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.waiting, _): held.append(part)
        case (.idle, .head(let head)) where others == 0 && isShort(head): state = .collecting(head, nil)
        case (.collecting(let head, nil), .body(let bytes)): state = .collecting(head, bytes)
        case (.collecting(let head, var body?), .body(var bytes)):
            state = .idle  // so that the buffer is this one's alone
            body.writeBuffer(&bytes)
            state = .collecting(head, body)
        case (.collecting(let head, let body), .end):
            // Cookies end; and while requests are held the newest head that was read is another one's.
            if head.headerFields[.cookie] == nil, held.isEmpty, !isReplaying { repeats.learn() }
            post(body ?? ByteBuffer(), context)
        default: pass(part, context)
        }
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        if case .head = part { others += 1 }
        context.fireChannelRead(Self.wrapInboundOut(part))
    }

    /// What has been read goes the usual way: the body takes longer, or something happened.
    private func passCollected(_ context: ChannelHandlerContext) {
        patienceEnds?.cancel()
        patienceEnds = nil
        guard case .collecting(let head, let body) = state else { return }
        state = .idle
        pass(.head(head), context)
        if let body { pass(.body(body), context) }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        if case .collecting = state, patienceEnds == nil {
            patienceEnds = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { [weak self] in
                guard let self, let context = self.context else { return }
                passCollected(context)
                context.fireChannelReadComplete()
            }
        }
        context.fireChannelReadComplete()
    }
    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        passCollected(context)
        context.fireErrorCaught(error)
    }
    package func channelInactive(context: ChannelHandlerContext) {
        passCollected(context)
        context.fireChannelInactive()
    }
    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        passCollected(context)
        context.fireUserInboundEventTriggered(event)
    }

    private static let special: Set<HTTPField.Name> = [
        .contentEncoding, .transferEncoding, .expect, .connection, .init("Idempotency-Key")!,
    ]

    private func isShort(_ head: HTTPRequest) -> Bool {
        guard head.method == .post, head.path == "/api/ingest" else { return false }
        var length: Int?
        for field in head.headerFields {
            if field.name == .contentLength { length = Int(field.value) }
            if Self.special.contains(field.name) { return false }
        }
        guard let length, length <= RepeatedHead.longestBody else { return false }
        return true
    }

    // MARK: lines

    private func post(_ body: ByteBuffer, _ context: ChannelHandlerContext) {
        patienceEnds?.cancel()
        patienceEnds = nil
        state = .idle
        guard let summary = takeAtOnce(body, then: { $0.answer($1, $2) }, context) else { return }
        tell()
        answer(IngestAnswer(summary), context)
    }

    /// Whether the next request may be taken ahead of the decoder.
    var isIdle: Bool {
        guard case .idle = state else { return false }
        return others == 0
    }

    /// The body of a post whose head need not be read; nil: its answer comes later.
    func takeAhead(_ body: ByteBuffer) -> ByteBuffer? {
        guard let context, let summary = takeAtOnce(body, then: { handler, answer, _ in handler.answerAhead(answer) }, context)
        else { return nil }
        return summary.isAllAccepted ? plain.bytes(accepted: summary.accepted) : plain.bytes(IngestAnswer(summary))
    }

    /// What was taken at once is to be shown.
    func tell() { pool.tell(of: lane) }

    private func answerAhead(_ answer: IngestAnswer) { repeats.send(plain.bytes(answer)) }

    /// nil: a ring is full; `then` gives the answer as soon as there is one.
    private func takeAtOnce(
        _ body: ByteBuffer, then answer: @escaping (IngestShortcut, IngestAnswer, ChannelHandlerContext) -> Void,
        _ context: ChannelHandlerContext
    ) -> IngestSummary? {
        var lines = IngestRequest(pool: pool, lane: lane, maxLineBytes: maxLineBytes)
        if let summary = lines.takeAtOnce(body) { return summary }
        state = .waiting
        let begun = lines
        let taken = context.eventLoop.makeFutureWithTask {
            var lines = begun
            do { return IngestAnswer(try await lines.takeRest(of: body)) } catch { return .failed(error) }
        }
        let bound = NIOLoopBound((self, context, answer), eventLoop: context.eventLoop)
        taken.whenSuccess { taken in
            let (handler, context, answer) = bound.value
            handler.state = .idle
            answer(handler, taken, context)
            handler.resume(context)
        }
        return nil
    }

    private func resume(_ context: ChannelHandlerContext) {
        let parts = held
        held = []
        isReplaying = true
        defer { isReplaying = false }
        for (index, part) in parts.enumerated() {
            take(part, context)
            if case .waiting = state {
                held += parts[(index + 1)...]
                return
            }
        }
        if !parts.isEmpty { channelReadComplete(context: context) }
        if wantsRead {
            wantsRead = false
            context.read()
        }
    }

    private func answer(_ answer: IngestAnswer, _ context: ChannelHandlerContext) {
        let bytes = ByteBuffer(string: answer.body)
        var head = HTTPResponse(status: .init(code: answer.status))
        head.headerFields[.contentType] = answer.mediaType
        head.headerFields[.contentLength] = String(bytes.readableBytes)
        head.headerFields[.date] = date.now()
        head.headerFields[.server] = "teltel"
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(bytes)), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }

    // MARK: what goes out

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Only answers of others come this way.
        if case .end = Self.unwrapOutboundIn(data) { others -= 1 }
        context.write(data, promise: promise)
    }

    package func read(context: ChannelHandlerContext) {
        if case .waiting = state { wantsRead = true } else { context.read() }
    }
}

/// Stands between a connection's decoder and everything that answers: lets in what the policy allows, ends what takes too
/// long or is too large, and gives every answer its headers.
import HTTPTypes
import NIOCore
import NIOHTTP1

/// Takes requests ahead of the decoder. Used on the connection's event loop alone.
package protocol RequestsAhead: AnyObject {
    /// One that the decoder has read, with a body of so many bytes.
    func requestEnded(bodyBytes: Int)
}

/// Refusals close the connection, after the answers to earlier requests. Runs on its channel's event loop alone.
package final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPServerRequestPart
    package typealias InboundOut = HTTPServerRequestPart
    package typealias OutboundIn = HTTPServerResponsePart
    package typealias OutboundOut = HTTPServerResponsePart

    private enum Ending {
        case no
        /// The client wants it so: after this request's answer.
        case afterAnswers
        /// After the answers to earlier requests.
        case refusing(Refusal)
        /// The last answer is on its way to the client.
        case flushing
        /// All is said; waits for the client to close.
        case lingering
    }

    private let policy: PortPolicy
    private let limits: ConnectionLimits
    private let counters: PortCounters
    private let isOtherUser: Bool
    private var progress: RequestProgress
    private var ending = Ending.no
    private var method = HTTPMethod.GET
    private var context: ChannelHandlerContext?
    private var isWatched = false
    /// The router takes more: what does not come now is the client's doing.
    private var isReading = false

    package init(policy: PortPolicy, limits: ConnectionLimits, counters: PortCounters, isOtherUser: Bool) {
        self.policy = policy
        self.limits = limits
        self.counters = counters
        self.isOtherUser = isOtherUser
        progress = RequestProgress(limits: limits, now: .now())
    }

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        watch(context)
    }
    package func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        tellThatClientLeft()
    }

    // MARK: requests

    /// Nothing that the client sends matters any more.
    package var isDeaf: Bool {
        switch ending {
        case .no, .afterAnswers: false
        case .refusing, .flushing, .lingering: true
        }
    }

    private var clientLeft: (@Sendable () -> Void)?
    private var hasInputEnded = false

    /// Of the request that is being answered. A client that has sent its end and waits for an answer is taken for one that has left,
    /// as most servers do: nothing tells them apart until something is written.
    package func whenClientLeaves(_ left: @escaping @Sendable () -> Void) {
        if hasInputEnded { left() } else { clientLeft = left }
    }

    private func tellThatClientLeft() {
        let left = clientLeft
        clientLeft = nil
        left?()
    }

    /// Of requests that were let in and are not answered yet, in their order.
    private var identities: [Identity] = []
    /// Who has sent the request that is answered next; nil: there is none.
    package var identity: Identity? { identities.first }
    /// Whether a request with the same head would be let in as it was then.
    package func stillHolds(_ identity: Identity) -> Bool { policy.stillHolds(identity) }

    /// Takes requests ahead of the decoder.
    package weak var repeats: (any RequestsAhead)?

    /// Nothing is being read, answered or refused.
    package var isBetweenRequests: Bool { if case .no = ending { progress.isBetweenRequests } else { false } }

    /// A request like one that was let in before has been taken ahead of the decoder.
    package func answeredAhead() { progress.requestEnded(now: .now()) }

    /// Told before the decoder sees the bytes; whether they begin a request.
    package func bytesCame() -> Bool {
        let isBegin = progress.bytesCame(now: .now())
        if isBegin, let context { watch(context) }
        return isBegin
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        let part = Self.unwrapInboundIn(data)
        if case .afterAnswers = ending, !progress.isReadingBody { return }
        switch part {
        case .head(let head): guard begin(context, head) else { return }
        case .body(let piece):
            guard progress.bodyCame(bytes: piece.readableBytes, now: .now()) else { return refuse(context, Self.bodyTooLarge) }
        case .end:
            repeats?.requestEnded(bodyBytes: progress.bodyBytes)
            progress.requestEnded(now: .now())
        }
        watch(context)
        context.fireChannelRead(data)
    }

    /// false: the request goes no further.
    private func begin(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) -> Bool {
        method = head.method
        let bodyLimit = limits.bodyBytes(of: head)
        let isTooLarge = bodyLimit.map { most in
            head.headers["content-length"].contains { Int($0).map { $0 > most } ?? true }
        }
        do throws(Refusal) {
            let identity = try policy.admit(head, isOtherUser: isOtherUser)
            if isTooLarge == true { throw Self.bodyTooLarge }
            identities.append(identity)
        } catch {
            refuse(context, error)
            return false
        }
        progress.headCame(bodyLimit: bodyLimit, now: .now())
        if !head.isKeepAlive { ending = .afterAnswers }
        // Clients with a large body wait for this word, curl for a second.
        if progress.unanswered == 1, head.headers["expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            let go = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(Self.wrapOutboundOut(.head(go)), promise: nil)
        }
        return true
    }

    package func read(context: ChannelHandlerContext) {
        isReading = true
        context.read()
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
        // The router may have stopped reading; what the client still sends is thrown away.
        if isDeaf { context.read() }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        guard !isDeaf else { return }
        if breakOff(context, .request, error) { return }
        refuse(context, Self.unreadable(error, targetIsLong: firstLine?.isLong ?? false))
    }

    /// A streamed body ends too early: the router has taken a part of it, and says in its answer what became of that.
    /// false: no such body is being read.
    private func breakOff(_ context: ChannelHandlerContext, _ reason: Refusal.Reason, _ error: any Error) -> Bool {
        guard progress.isReadingStream, !progress.answerHasBegun else { return false }
        counters.refused(reason)
        progress.inputEnded()
        ending = .afterAnswers
        context.fireErrorCaught(error)
        return true
    }

    /// Set by whoever sees the bytes.
    package weak var firstLine: FirstLine?

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed where isDeaf: return context.close(promise: nil)
        case ChannelEvent.outputClosed where isDeaf: return
        case ChannelEvent.inputClosed:
            progress.inputEnded()
            hasInputEnded = true
            tellThatClientLeft()
        case is ChannelShouldQuiesceEvent where progress.unanswered == 0: return context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: answers

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch ending {
        case .flushing, .lingering:
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        case .no, .afterAnswers, .refusing: break
        }
        switch Self.unwrapOutboundIn(data) {
        case .head(var head):
            progress.answerBegan()
            SecurityHeaders.add(to: &head.headers)
            context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            clientLeft = nil
            if !identities.isEmpty { identities.removeFirst() }
            progress.answerEnded(now: .now())
            finish(context, data, promise)
        }
    }

    private func finish(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        guard progress.unanswered == 0 else { return context.write(data, promise: promise) }
        switch ending {
        case .no, .flushing, .lingering:
            context.write(data, promise: promise)
            watch(context)
        case .afterAnswers: writeLast(context, data, promise)
        case .refusing(let refusal):
            context.writeAndFlush(data, promise: promise)
            answer(context, refusal)
        }
    }

    // MARK: refusing

    private func refuse(_ context: ChannelHandlerContext, _ refusal: Refusal) {
        counters.refused(refusal.reason)
        if progress.isReadingBody {
            // The router has this request already. It is answered in its place, unless it has begun to.
            guard progress.unanswered == 1, !progress.answerHasBegun else { return cut(context) }
            progress.answerEnded(now: .now())
        }
        ending = .refusing(refusal)
        if progress.unanswered == 0 { answer(context, refusal) }
        context.read()
    }

    private func answer(_ context: ChannelHandlerContext, _ refusal: Refusal) {
        let body = refusal.page.map { ByteBuffer(string: $0) } ?? refusal.error.json()
        var head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: refusal.error.status.code), headers: refusal.headers)
        head.headers.add(name: "content-type", value: refusal.page == nil ? APIError.mediaType : "text/html; charset=utf-8")
        head.headers.add(name: "content-length", value: String(body.readableBytes))
        head.headers.add(name: "connection", value: "close")
        SecurityHeaders.add(to: &head.headers)
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if method != .HEAD { context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        writeLast(context, Self.wrapOutboundOut(.end(nil)), nil)
    }

    private func writeLast(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        ending = .flushing
        progress.inputEnded()
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.cascade(to: promise)
        flushed.futureResult.assumeIsolated().whenComplete { _ in self.linger(context) }
        context.writeAndFlush(data, promise: flushed)
    }

    /// Without a word: what is still in the decoder comes to nothing.
    private func cut(_ context: ChannelHandlerContext) {
        ending = .lingering
        context.close(promise: nil)
    }

    /// Says that nothing more comes, and gives the client time to close first.
    private func linger(_ context: ChannelHandlerContext) {
        guard self.context != nil else { return }
        ending = .lingering
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: limits.linger) { [weak self] in
            self?.context?.close(promise: nil)
        }
        context.read()
    }

    // MARK: time

    /// One timer per connection, never moved (that would cost the event loop a search): it rings so often that no deadline
    /// can lie before it.
    private func watch(_ context: ChannelHandlerContext) {
        guard !isWatched, let deadline = progress.deadline else { return }
        isWatched = true
        let next = min(deadline, .now() + min(limits.request, limits.idle))
        context.eventLoop.assumeIsolated().scheduleTask(deadline: next) { [weak self] in self?.look() }
    }

    private func look() {
        isWatched = false
        guard let context, !isDeaf else { return }
        switch progress.overdue(now: .now()) {
        case nil: return watch(context)
        case .nextRequest: return cut(context)
        case .firstRequest:
            counters.refused(.timeout)
            return cut(context)
        case .head, .body:
            if isReading { return breakOff(context, .timeout, SilentSender()) ? () : refuse(context, Self.tooSlow) }
            progress.forgive(now: .now())
            watch(context)
        }
    }

    /// The body did not go on in time.
    package struct SilentSender: Error, CustomStringConvertible { package let description = "the body did not go on in time" }

    // MARK: refusals

    private static let bodyTooLarge = Refusal(
        .request, APIError(.contentTooLarge, "body-too-large", "the body is too large for this path", hint: "POST /api/ingest"))
    private static let tooSlow = Refusal(
        .timeout, APIError(.requestTimeout, "request-timeout", "the request took too long to arrive"))

    private static func unreadable(_ error: HTTPParserError, targetIsLong: Bool) -> Refusal {
        if error == .headerOverflow {
            if targetIsLong { return PortPolicy.targetTooLong }
            return Refusal(
                .request,
                APIError(
                    .requestHeaderFieldsTooLarge, "headers-too-large", "the request has too many headers, or they are too long"))
        }
        return Refusal(.request, APIError(.badRequest, "bad-request", "this is not HTTP/1.1: \(error)"))
    }
}

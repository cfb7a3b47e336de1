/// Answers short posts where they arrive, on the event loop: the way through tasks and router costs several times a line.
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Sits behind the connection's guard and before the rest of the server. Takes a POST to /api/ingest that is whole within one read of the socket and wants nothing
/// special; all others go on as they came. Runs on its channel's event loop alone.
final class IngestShortcut: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        case idle
        /// Read so far, without its end.
        case collecting(HTTPRequest, ByteBuffer?)
        /// A ring is full: nothing more is read until its lines are in.
        case waiting
    }
    static let longestBody = 64 << 10

    private let pool: IngestPool
    /// One for all posts of a connection: their order holds.
    private let lane: IngestLane
    private let maxLineBytes: Int
    private var state = State.idle
    /// Requests that went on and are not answered yet: answers keep the order of their requests.
    private var others = 0
    /// What came while waiting.
    private var held: [HTTPRequestPart] = []
    private var wantsRead = false
    private var date = (second: 0, text: "")

    init(pool: IngestPool, maxLineBytes: Int) {
        self.pool = pool
        lane = pool.lane()
        self.maxLineBytes = maxLineBytes
    }

    // MARK: what comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { take(Self.unwrapInboundIn(data), context) }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (state, part) {
        case (.waiting, _): held.append(part)
        case (.idle, .head(let head)) where others == 0 && isShort(head): state = .collecting(head, nil)
        case (.collecting(let head, nil), .body(let bytes)): state = .collecting(head, bytes)
        case (.collecting(let head, var body?), .body(var bytes)):
            state = .idle  // so that the buffer is this one's alone
            body.writeBuffer(&bytes)
            state = .collecting(head, body)
        case (.collecting(_, let body), .end): post(body ?? ByteBuffer(), context)
        default: pass(part, context)
        }
    }

    private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        if case .head = part { others += 1 }
        context.fireChannelRead(Self.wrapInboundOut(part))
    }

    /// What has been read goes the usual way: the body takes longer, or something happened.
    private func passCollected(_ context: ChannelHandlerContext) {
        guard case .collecting(let head, let body) = state else { return }
        state = .idle
        pass(.head(head), context)
        if let body { pass(.body(body), context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        passCollected(context)
        context.fireChannelReadComplete()
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        passCollected(context)
        context.fireErrorCaught(error)
    }
    func channelInactive(context: ChannelHandlerContext) {
        passCollected(context)
        context.fireChannelInactive()
    }
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
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
        guard let length, length <= Self.longestBody else { return false }
        return true
    }

    // MARK: lines

    private func post(_ body: ByteBuffer, _ context: ChannelHandlerContext) {
        var lines = IngestRequest(pool: pool, lane: lane, maxLineBytes: maxLineBytes)
        if let summary = lines.takeAtOnce(body) {
            state = .idle
            return answer(Result { try IngestAnswer(summary) }, context)
        }
        state = .waiting
        let begun = lines
        let answered = context.eventLoop.makeFutureWithTask {
            var lines = begun
            return try IngestAnswer(try await lines.takeRest(of: body))
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        answered.whenComplete { result in
            let (handler, context) = bound.value
            handler.resume(result, context)
        }
    }

    private func resume(_ result: Result<IngestAnswer, any Error>, _ context: ChannelHandlerContext) {
        state = .idle
        answer(result, context)
        let parts = held
        held = []
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

    // MARK: answers

    private func answer(_ result: Result<IngestAnswer, any Error>, _ context: ChannelHandlerContext) {
        switch result {
        case .success(let answer):
            let bytes = ByteBuffer(string: answer.body)
            var head = HTTPResponse(status: .init(code: answer.status))
            head.headerFields[.contentType] = "application/json"
            head.headerFields[.contentLength] = String(bytes.readableBytes)
            head.headerFields[.date] = dateText()
            head.headerFields[.server] = "teltel"
            context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
            context.write(Self.wrapOutboundOut(.body(bytes)), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        case .failure:
            // The rings failed. Without an answer the sender repeats it, elsewhere or later.
            context.close(promise: nil)
        }
    }

    /// RFC 9110's format; made once a second.
    private func dateText() -> String {
        var now = time(nil)
        guard now != date.second else { return date.text }
        var parts = tm()
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        // The process never sets a locale: days and months are English.
        let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
        date = (now, String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self))
        return date.text
    }

    // MARK: what goes out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Only answers of others come this way.
        if case .end = Self.unwrapOutboundIn(data) { others -= 1 }
        context.write(data, promise: promise)
    }

    func read(context: ChannelHandlerContext) {
        if case .waiting = state { wantsRead = true } else { context.read() }
    }
}

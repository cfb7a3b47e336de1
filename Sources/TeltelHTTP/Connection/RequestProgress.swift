/// Where a connection stands between its requests and its answers, and until when it may stand there.
import NIOCore

/// A value without clock or channel: told what happens and when.
package struct RequestProgress {
    private enum Reading {
        case nothing, head
        /// `limit`: of its length; nil for a streamed one.
        case body(limit: Int?, bytes: Int)
        /// The client has said that it sends nothing more.
        case ended
    }
    package enum Overdue { case firstRequest, nextRequest, head, body }

    private let limits: ConnectionLimits
    private var reading = Reading.nothing
    private var readingEnds: NIODeadline
    private var isFirst = true
    /// Requests that the router has and that are not answered yet, the one being read included.
    private(set) var unanswered = 0
    private(set) var answerHasBegun = false

    package init(limits: ConnectionLimits, now: NIODeadline) {
        self.limits = limits
        readingEnds = now + limits.request
    }

    package var isReadingBody: Bool { if case .body = reading { true } else { false } }

    package var isReadingStream: Bool { if case .body(nil, _) = reading { true } else { false } }

    package var isBetweenRequests: Bool { if case .nothing = reading { unanswered == 0 } else { false } }

    /// Of the request that is being read, so far.
    package var bodyBytes: Int { if case .body(_, let bytes) = reading { bytes } else { 0 } }

    // MARK: what the client does

    /// Whether a request begins with them.
    package mutating func bytesCame(now: NIODeadline) -> Bool {
        guard case .nothing = reading else { return false }
        reading = .head
        readingEnds = now + limits.request
        return true
    }
    /// `bodyLimit`: most bytes of its body; nil for one that is streamed.
    package mutating func headCame(bodyLimit: Int?, now: NIODeadline) {
        isFirst = false
        unanswered += 1
        reading = .body(limit: bodyLimit, bytes: 0)
        readingEnds = now + (bodyLimit == nil ? limits.idle : limits.request)
    }
    /// false: that was too much.
    package mutating func bodyCame(bytes more: Int, now: NIODeadline) -> Bool {
        guard case .body(let limit, let bytes) = reading else { return true }
        reading = .body(limit: limit, bytes: bytes + more)
        if limit == nil { readingEnds = now + limits.idle }
        return bytes + more <= limit ?? .max
    }
    package mutating func requestEnded(now: NIODeadline) {
        reading = .nothing
        readingEnds = now + limits.idle
    }
    package mutating func inputEnded() { reading = .ended }

    // MARK: what the router does

    package mutating func answerBegan() { answerHasBegun = true }
    package mutating func answerEnded(now: NIODeadline) {
        answerHasBegun = false
        unanswered = max(0, unanswered - 1)
        if case .nothing = reading { readingEnds = now + limits.idle }
    }

    // MARK: time

    /// The moment to look again; nil: nothing is awaited from the client.
    package var deadline: NIODeadline? {
        switch reading {
        case .ended: nil
        case .nothing: unanswered > 0 ? nil : readingEnds
        case .head, .body: readingEnds
        }
    }

    package func overdue(now: NIODeadline) -> Overdue? {
        guard let deadline, deadline <= now else { return nil }
        return switch reading {
        case .nothing: isFirst ? .firstRequest : .nextRequest
        case .head: .head
        case .body: .body
        case .ended: nil
        }
    }

    /// The collector itself has not been reading: the client gets its time anew.
    package mutating func forgive(now: NIODeadline) { readingEnds = now + limits.request }
}

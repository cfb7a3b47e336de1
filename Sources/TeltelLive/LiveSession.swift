/// One WebSocket client: its subscription, its queue, its life.
import NIOCore
import Synchronization
import TeltelBus
import TeltelEvents

/// Serves one client until it leaves. The live reader fills the queue; this session's writer empties it.
package struct LiveSession: Sendable {
    package struct Limits: Sendable {
        package var queue = SubscriberQueue.Limits(events: 262_144, bytes: 8 << 20)
        package var pingInterval: Duration = .seconds(54)
        package var pongDeadline: Duration = .seconds(60)

        package init() {}
    }

    private let bus: EventBus
    private let limits: Limits
    private let tally: LiveTally
    private let hasEnded: @Sendable (Name) -> Bool

    /// `hasEnded`: a run that is known and does not go on.
    package init(bus: EventBus, limits: Limits, tally: LiveTally, hasEnded: @escaping @Sendable (Name) -> Bool) {
        self.bus = bus
        self.limits = limits
        self.tally = tally
        self.hasEnded = hasEnded
    }

    /// What the reading side and the writing side share.
    private final class Shared: Sendable {
        struct State {
            var subscriber: Subscriber?
            var subscription: Subscription?
            /// Counts the subscriptions.
            var turn = 0
            /// Messages a second, if the client has changed its mind about them.
            var pace: Double?
            var lastHeard: ContinuousClock.Instant
            /// A write waits for the client.
            var isWriting = false
        }
        let state: Mutex<State>
        init(now: ContinuousClock.Instant) { state = Mutex(State(lastHeard: now)) }
    }

    /// Until the client leaves, falls silent, or its run has ended. `inbound` ends with a `ClientMessageError` or another error.
    package func serve<Inbound: AsyncSequence & Sendable>(_ inbound: Inbound, _ outbound: some MessageSink) async throws
    where Inbound.Element == ClientMessage {
        let shared = Shared(now: .now)
        tally.opened()
        defer {
            replace(shared, nil, nil)
            tally.closed()
        }
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await write(shared, wakes, outbound) }
            group.addTask { try await watch(shared, outbound) }
            group.addTask { try await read(shared, inbound, outbound, wake) }
            // Whichever side ends first ends the session.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: reading

    private func read<Inbound: AsyncSequence & Sendable>(
        _ shared: Shared, _ inbound: Inbound, _ outbound: some MessageSink, _ wake: AsyncStream<Void>.Continuation
    ) async throws where Inbound.Element == ClientMessage {
        do {
            for try await message in inbound {
                shared.state.withLock { $0.lastHeard = .now }
                switch message {
                case .text(let text):
                    do throws(Subscription.Problem) {
                        if let pace = try PaceRequest.parse(text) {
                            shared.state.withLock { $0.pace = pace.messagesPerSecond }
                        } else {
                            try subscribe(try Subscription.parse(text), shared, wake)
                        }
                    } catch { return await close(outbound, 1008, error.reason) }
                case .ping(let data): try await outbound.send(.pong(data))
                case .close(let data): return try await outbound.send(.close(data))
                case .pong: break
                }
            }
        } catch let error as ClientMessageError {
            await close(outbound, error == .tooLarge ? 1009 : 1002, "")
        }
    }

    private func subscribe(
        _ subscription: Subscription, _ shared: Shared, _ wake: AsyncStream<Void>.Continuation
    ) throws(Subscription.Problem) {
        replace(shared, nil, nil)
        let terms = SubscriptionTerms(
            owner: subscription.format.name, limits: limits.queue, isPrompt: subscription.isPrompt,
            isUntilEnd: subscription.untilEnd)
        let subscriber = bus.subscribe(subscription.filter, from: subscription.start, terms) { wake.yield() }
        // Asked behind the subscription: an end that comes meanwhile is told by the bus.
        if subscription.untilEnd, hasEnded(subscription.filter.runID) { subscriber.queue.finish() }
        if subscription.cursor, !subscriber.begin.isComplete {
            bus.unsubscribe(subscriber)
            throw Subscription.Problem(
                reason:
                    "cursor: \(subscriber.begin.positions.count) writers match, at most \(StreamCursor.ringsMax): name a runId")
        }
        replace(shared, subscriber, subscription)
        wake.yield()
    }

    private func replace(_ shared: Shared, _ subscriber: Subscriber?, _ subscription: Subscription?) {
        let old = shared.state.withLock { state in
            defer {
                state.subscriber = subscriber
                state.subscription = subscription
                state.turn += 1
                state.pace = nil
            }
            return state.subscriber
        }
        if let old { bus.unsubscribe(old) }
    }

    private func close(_ outbound: some MessageSink, _ code: UInt16, _ reason: String) async {
        var payload = ByteBuffer()
        payload.writeInteger(code)
        payload.writeString(reason)
        // The peer may be gone already: there is nobody left to tell.
        try? await outbound.send(.close(payload))
    }

    // MARK: writing

    private func write(_ shared: Shared, _ wakes: AsyncStream<Void>, _ outbound: some MessageSink) async throws {
        var turn = 0
        var stream: (any LiveStream)?
        for await _ in wakes {
            while true {
                let now = shared.state.withLock { state in
                    defer { state.pace = nil }
                    return (state.turn, state.subscriber, state.subscription, state.pace)
                }
                if now.0 != turn {
                    turn = now.0
                    stream = Self.stream(now.1, now.2)
                }
                if let pace = now.3 { stream?.setPace(pace) }
                guard let content = now.1?.queue.take(), !content.isEmpty || content.isLast, stream != nil else { break }
                try await stream?.encode(content) { piece in try await send(piece, shared, outbound) }
                if content.isLast { return await close(outbound, 1000, "the run has ended") }
                if let pause = stream?.interval, pause > .zero { try await Task.sleep(for: pause) }
            }
        }
    }

    private static func stream(_ subscriber: Subscriber?, _ subscription: Subscription?) -> (any LiveStream)? {
        guard let subscriber, let subscription else { return nil }
        let begin = subscription.cursor ? subscriber.begin : nil
        switch subscription.format {
        case .json: return JSONStream(notices: subscription.notices, begin: begin)
        case .columns(let request):
            return ColumnStream(request, notices: subscription.notices, begin: begin, earlier: subscriber.earlier)
        }
    }

    private func send(_ piece: ByteBuffer, _ shared: Shared, _ outbound: some MessageSink) async throws {
        shared.state.withLock { $0.isWriting = true }
        defer { shared.state.withLock { $0.isWriting = false } }
        tally.sent(bytes: piece.readableBytes)
        try await outbound.send(.framed(piece))
    }

    // MARK: watching

    /// Pings; ends the session of a client that has gone silent. (One that takes nothing is cut off by its connection.)
    private func watch(_ shared: Shared, _ outbound: some MessageSink) async throws {
        while true {
            try await Task.sleep(for: limits.pingInterval)
            let (heard, isWriting) = shared.state.withLock { ($0.lastHeard, $0.isWriting) }
            // A ping would only wait behind what the client has not taken yet.
            if isWriting { continue }
            guard .now - heard < limits.pongDeadline + limits.pingInterval else { return tally.silent() }
            try await outbound.send(.ping)
        }
    }
}

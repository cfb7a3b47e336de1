/// One WebSocket client: its subscription, its queue, its frames.
import Logging
import NIOCore
import NIOWebSocket
import Synchronization
import TeltelEvents

/// Serves one client until it leaves. The live reader fills the queue; this session's writer empties it.
struct LiveSession: Sendable {
    struct Limits: Sendable {
        var queue = SubscriberQueue.Limits(events: 262_144, bytes: 8 << 20)
        var pingInterval: Duration = .seconds(54)
        var pongDeadline: Duration = .seconds(60)
    }
    typealias Socket = WebSocketChannel.Socket
    typealias Outbound = NIOAsyncChannelOutboundWriter<WebSocketFrame>

    let bus: EventBus
    let limits: Limits

    /// What the reading side and the writing side share.
    private final class Shared: Sendable {
        struct State {
            var subscriber: Subscriber?
            var notices = false
            var lastHeard: ContinuousClock.Instant
        }
        let state: Mutex<State>
        init(now: ContinuousClock.Instant) { state = Mutex(State(lastHeard: now)) }
    }

    func serve(_ socket: Socket) async throws {
        let shared = Shared(now: .now)
        defer { replaceSubscriber(shared, with: nil) }
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await socket.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await write(shared, wakes, outbound) }
                group.addTask { try await ping(shared, outbound) }
                group.addTask { try await read(shared, inbound, outbound, wake) }
                // Whichever side ends first ends the session.
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    // MARK: reading

    private func read(
        _ shared: Shared, _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ outbound: Outbound,
        _ wake: AsyncStream<Void>.Continuation
    ) async throws {
        do {
            for try await frame in inbound {
                shared.state.withLock { $0.lastHeard = .now }
                let data = frame.unmaskedData
                switch frame.opcode {
                case .text, .binary:
                    do throws(Subscription.Problem) {
                        subscribe(try Subscription.parse(data), shared, wake)
                    } catch { return await close(outbound, 1008, error.reason) }
                case .ping: try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: data))
                case .connectionClose:
                    return try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
                default: break
                }
            }
        } catch let error as NIOWebSocketFrameAggregator.Error {
            await close(outbound, error == .accumulatedFrameSizeIsTooLarge ? 1009 : 1002, "")
        }
    }

    private func subscribe(_ subscription: Subscription, _ shared: Shared, _ wake: AsyncStream<Void>.Continuation) {
        replaceSubscriber(shared, with: nil)
        let queue = SubscriberQueue(limits: limits.queue) { wake.yield() }
        let subscriber = bus.subscribe(subscription.filter, tail: subscription.tail, queue: queue)
        shared.state.withLock { $0.notices = subscription.notices }
        replaceSubscriber(shared, with: subscriber)
        wake.yield()
    }

    private func replaceSubscriber(_ shared: Shared, with subscriber: Subscriber?) {
        let old = shared.state.withLock { state in
            defer { state.subscriber = subscriber }
            return state.subscriber
        }
        if let old { bus.unsubscribe(old) }
    }

    private func close(_ outbound: Outbound, _ code: UInt16, _ reason: String) async {
        var payload = ByteBuffer()
        payload.writeInteger(code)
        payload.writeString(reason)
        // The peer may be gone already: there is nobody left to tell.
        try? await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: payload))
    }

    // MARK: writing

    private static let framesAtATime = 256

    private func write(_ shared: Shared, _ wakes: AsyncStream<Void>, _ outbound: Outbound) async throws {
        for await _ in wakes {
            while true {
                let (queue, notices) = shared.state.withLock { ($0.subscriber?.queue, $0.notices) }
                guard let content = queue?.take(), !content.deliveries.isEmpty || content.dropped > 0 else { break }
                if content.dropped > 0, notices {
                    let text = ByteBuffer(string: "{\"notice\":\"dropped\",\"count\":\(content.dropped)}\n")
                    try await outbound.write(WebSocketFrame(fin: true, opcode: .text, data: text))
                }
                for delivery in content.deliveries { try await send(delivery, outbound) }
            }
        }
    }

    /// One text frame per event. A slice of the batch's shared text: nothing is encoded twice.
    private func send(_ delivery: Delivery, _ outbound: Outbound) async throws {
        var texts: [ObjectIdentifier: (buffer: ByteBuffer, rows: EncodedRows)] = [:]
        for part in delivery.parts {
            let rows = part.batch.encodedRows
            texts[ObjectIdentifier(part.batch)] = (ByteBuffer(bytes: rows.bytes), rows)
        }
        var frames: [WebSocketFrame] = []
        frames.reserveCapacity(delivery.events)
        delivery.forEachRow { batch, row in
            guard let text = texts[ObjectIdentifier(batch)] else { return }
            let range = text.rows.range(row)
            guard let slice = text.buffer.getSlice(at: range.lowerBound, length: range.count) else { return }
            frames.append(WebSocketFrame(fin: true, opcode: .text, data: slice))
        }
        var begin = 0
        while begin < frames.count {
            let end = min(begin + Self.framesAtATime, frames.count)
            try await outbound.write(contentsOf: frames[begin..<end])
            begin = end
        }
    }

    private func ping(_ shared: Shared, _ outbound: Outbound) async throws {
        while true {
            try await Task.sleep(for: limits.pingInterval)
            guard shared.state.withLock({ ContinuousClock.now - $0.lastHeard }) < limits.pongDeadline + limits.pingInterval else {
                return
            }
            try await outbound.write(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()))
        }
    }
}

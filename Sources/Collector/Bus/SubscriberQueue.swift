/// What waits for one subscriber: bounded in events and in bytes, oldest given up first, counted.
import Synchronization
import TeltelEvents

/// Filled by the live reader's thread, emptied by the subscriber. Thread-safe; never blocks.
final class SubscriberQueue: Sendable {
    struct Limits: Sendable {
        var events: Int
        var bytes: Int
    }
    /// What one look takes out.
    struct Content: Sendable {
        /// They come before the deliveries.
        var gaps: [StreamGap] = []
        var deliveries: [Delivery] = []
        /// Events given up since the last look, because the subscriber was too slow or the reader was lapped.
        var dropped: UInt64 = 0
        /// Nothing will follow.
        var isLast = false
        var isEmpty: Bool { deliveries.isEmpty && gaps.isEmpty && dropped == 0 }
    }

    private struct State {
        var content = Content()
        var events = 0
        var bytes = 0
        var droppedEver: UInt64 = 0
        var first = 0
    }
    private let limits: Limits
    private let state = Mutex(State())
    private let wake: @Sendable () -> Void

    /// `wake` is called after every offer, on the reader's thread: it must not block.
    init(limits: Limits, wake: @escaping @Sendable () -> Void) {
        self.limits = limits
        self.wake = wake
    }

    func offer(_ delivery: Delivery) {
        state.withLock { state in
            state.content.deliveries.append(delivery)
            state.events += delivery.events
            state.bytes += delivery.bytes
            while state.events > limits.events || state.bytes > limits.bytes, state.first < state.content.deliveries.count {
                let oldest = state.content.deliveries[state.first]
                state.first += 1
                state.events -= oldest.events
                state.bytes -= oldest.bytes
                state.content.dropped += UInt64(oldest.events)
                state.droppedEver += UInt64(oldest.events)
            }
            // The given-up ones are let go in one piece, now and then, so that giving up stays cheap.
            if state.first > 64, state.first * 2 > state.content.deliveries.count {
                state.content.deliveries.removeFirst(state.first)
                state.first = 0
            }
        }
        wake()
    }

    /// Something is missing in the stream. Of very many gaps between two looks only the newest are told.
    func offer(gap: StreamGap) {
        state.withLock { state in
            state.content.gaps.append(gap)
            if state.content.gaps.count > Self.gapsMax { state.content.gaps.removeFirst() }
        }
        wake()
    }
    private static let gapsMax = 1_024

    /// Nothing will be offered any more.
    func finish() {
        state.withLock { $0.content.isLast = true }
        wake()
    }

    func take() -> Content {
        state.withLock { state in
            var content = state.content
            if state.first > 0 { content.deliveries.removeFirst(state.first) }
            let ever = state.droppedEver
            state = State()
            state.droppedEver = ever
            state.content.isLast = content.isLast
            return content
        }
    }

    var dropped: UInt64 { state.withLock { $0.droppedEver } }
    var depth: (events: Int, bytes: Int) { state.withLock { ($0.events, $0.bytes) } }
}

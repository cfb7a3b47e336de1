/// What waits for one subscriber: bounded in events and in bytes, oldest given up first, counted.
import Synchronization
import TeltelEvents

/// Filled by the publishing thread, emptied by the subscriber. Thread-safe; never blocks.
package final class SubscriberQueue: Sendable {
    package struct Limits: Sendable {
        package var events: Int
        package var bytes: Int

        package init(events: Int, bytes: Int) {
            self.events = events
            self.bytes = bytes
        }
    }
    /// What one look takes out.
    package struct Content: Sendable {
        /// They come before the deliveries.
        package var gaps: [StreamGap] = []
        package var deliveries: [Delivery] = []
        /// Events given up since the last look, because the subscriber was too slow or the reader was lapped.
        package var dropped: UInt64 = 0
        /// Nothing will follow.
        package var isLast = false
        package var isEmpty: Bool { deliveries.isEmpty && gaps.isEmpty && dropped == 0 }
    }

    private struct State {
        var content = Content()
        var events = 0
        var bytes = 0
        var droppedEver: UInt64 = 0
        var isClosed = false
        /// Says how much of what is given up would have matched.
        var givenUp: RowFilter
        var first = 0

        mutating func count(_ delivery: Delivery) {
            events += delivery.events
            bytes += delivery.bytes
        }

        mutating func giveUpOldest(beyond limits: Limits) {
            while events > limits.events || bytes > limits.bytes, first < content.deliveries.count {
                let oldest = content.deliveries[first]
                first += 1
                events -= oldest.events
                bytes -= oldest.bytes
                let matching = oldest.isRough ? oldest.matching(&givenUp)?.events ?? 0 : oldest.events
                content.dropped += UInt64(matching)
                droppedEver += UInt64(matching)
            }
            // They are let go in one piece, now and then, so that giving up stays cheap.
            if first > 64, first * 2 > content.deliveries.count {
                content.deliveries.removeFirst(first)
                first = 0
            }
        }
    }
    private let limits: Limits
    /// The consumer's alone.
    private let taken: Mutex<RowFilter>
    private let state: Mutex<State>
    private let wake: @Sendable () -> Void

    /// `wake` is called after every offer, on the publishing thread: it must not block.
    init(_ filter: EventFilter, limits: Limits, wake: @escaping @Sendable () -> Void) {
        state = Mutex(State(givenUp: RowFilter(filter)))
        taken = Mutex(RowFilter(filter))
        self.limits = limits
        self.wake = wake
    }

    func offer(_ delivery: Delivery) {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.content.deliveries.append(delivery)
            state.count(delivery)
            state.giveUpOldest(beyond: limits)
        }
        wake()
    }

    /// What was there before the subscription: it comes before everything that was offered since.
    func lead(gaps: [StreamGap], deliveries: [Delivery]) {
        guard !gaps.isEmpty || !deliveries.isEmpty else { return }
        state.withLock { state in
            state.content.gaps = (gaps + state.content.gaps).suffix(Self.gapsMax)
            state.content.deliveries = deliveries + state.content.deliveries.dropFirst(state.first)
            state.first = 0
            for delivery in deliveries { state.count(delivery) }
            state.giveUpOldest(beyond: limits)
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
    package func finish() {
        state.withLock { $0.content.isLast = true }
        wake()
    }

    /// Nobody will take anything any more. Returns how many events were given up in all.
    func close() -> UInt64 {
        state.withLock { state in
            let ever = state.droppedEver
            state = State(droppedEver: ever, isClosed: true, givenUp: state.givenUp)
            return ever
        }
    }

    /// Rows are looked at here, on the consumer's thread, so that the live reader need not.
    package func take() -> Content {
        var content = state.withLock { state in
            var content = state.content
            if state.first > 0 { content.deliveries.removeFirst(state.first) }
            let isLast = content.isLast
            state = State(droppedEver: state.droppedEver, isClosed: state.isClosed, givenUp: state.givenUp)
            state.content.isLast = isLast
            return content
        }
        if content.deliveries.contains(where: \.isRough) {
            content.deliveries = taken.withLock { rows in content.deliveries.compactMap { $0.matching(&rows) } }
        }
        return content
    }

    package var dropped: UInt64 { state.withLock { $0.droppedEver } }
    var depth: (events: Int, bytes: Int) { state.withLock { ($0.events, $0.bytes) } }
}

/// What waits for one subscriber: bounded in events and in bytes, oldest given up first, counted.
import Synchronization
import TeltelEvents

/// Rows of one round that one subscriber wants, by batch.
struct Delivery: Sendable {
    struct Part: Sendable {
        let batch: Batch
        /// nil = all rows; else the chosen ones, ascending.
        let rows: [Int]?
    }
    let parts: [Part]
    let events: Int
    /// Bytes that this delivery keeps alive: the whole round, even if only one row of it is wanted.
    let bytes: Int

    /// nil if nothing matches.
    init?(_ batches: [Batch], filter: EventFilter) {
        var parts: [Part] = []
        var events = 0
        for batch in batches where filter.matches(batch) {
            if filter.looksAtTags {
                let rows = (0..<batch.count).filter { filter.matchesTags(batch, row: $0) }
                guard !rows.isEmpty else { continue }
                parts.append(Part(batch: batch, rows: rows))
                events += rows.count
            } else {
                parts.append(Part(batch: batch, rows: nil))
                events += batch.count
            }
        }
        guard let first = parts.first else { return nil }
        self.parts = parts
        self.events = events
        bytes = first.batch.round.bytes.count
    }

    init(parts: [Part]) {
        self.parts = parts
        events = parts.reduce(0) { $0 + ($1.rows?.count ?? $1.batch.count) }
        bytes = parts.first?.batch.round.bytes.count ?? 0
    }

    /// Calls `body` with every row in the order of emission: a round's batches are merged back by their place in the ring.
    func forEachRow(_ body: (Batch, _ row: Int) -> Void) {
        if parts.count == 1 {
            let part = parts[0]
            if let rows = part.rows {
                for row in rows { body(part.batch, row) }
            } else {
                for row in 0..<part.batch.count { body(part.batch, row) }
            }
            return
        }
        var order: [(offset: UInt32, part: Int, row: Int)] = []
        order.reserveCapacity(events)
        for (index, part) in parts.enumerated() {
            for row in part.rows ?? Array(0..<part.batch.count) { order.append((part.batch.offsets[row], index, row)) }
        }
        order.sort { $0.offset < $1.offset }
        for place in order { body(parts[place.part].batch, place.row) }
    }
}

/// Filled by the live reader's thread, emptied by the subscriber. Thread-safe; never blocks.
final class SubscriberQueue: Sendable {
    struct Limits: Sendable {
        var events: Int
        var bytes: Int
    }
    /// What one look takes out.
    struct Content: Sendable {
        var deliveries: [Delivery] = []
        /// Events given up since the last look, because the subscriber was too slow or the reader was lapped.
        var dropped: UInt64 = 0
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

    func take() -> Content {
        state.withLock { state in
            var content = state.content
            if state.first > 0 { content.deliveries.removeFirst(state.first) }
            let ever = state.droppedEver
            state = State()
            state.droppedEver = ever
            return content
        }
    }

    var dropped: UInt64 { state.withLock { $0.droppedEver } }
    var depth: (events: Int, bytes: Int) { state.withLock { ($0.events, $0.bytes) } }
}

/// Hands every round to all who asked for it, and keeps the newest events of each run.
import Synchronization
import TeltelEvents

/// One filter and its queue, for as long as somebody listens.
final class Subscriber: Sendable {
    let id: UInt64
    let filter: EventFilter
    let queue: SubscriberQueue
    init(id: UInt64, filter: EventFilter, queue: SubscriberQueue) {
        self.id = id
        self.filter = filter
        self.queue = queue
    }
}

/// Published to by the live reader's thread alone; subscribed to from anywhere. One lock, held for no longer than it takes
/// to append references, so that the tail of the live buffer and the first live event join without gap or repeat.
final class EventBus: Sendable {
    struct Counters: Sendable {
        var published: UInt64 = 0
        var subscribers = 0
        var droppedBySubscribers: UInt64 = 0
        var liveBytes = 0
        var liveEvents = 0
        var evictedRuns: UInt64 = 0
    }
    private struct State {
        var subscribers: [Subscriber] = []
        var nextID: UInt64 = 1
        var buffer: LiveBuffer
        var published: UInt64 = 0
        /// Of subscribers that have left.
        var droppedByGone: UInt64 = 0
    }
    private let state: Mutex<State>

    init(buffer: LiveBuffer) { state = Mutex(State(buffer: buffer)) }

    /// All batches belong to one round.
    func publish(_ batches: [Batch]) {
        state.withLock { state in
            for batch in batches { state.published += UInt64(batch.count) }
            state.buffer.append(batches)
            for subscriber in state.subscribers {
                if let delivery = Delivery(batches, filter: subscriber.filter) { subscriber.queue.offer(delivery) }
            }
        }
    }

    /// The newest `tail` buffered events that match come first, then everything from now on.
    func subscribe(_ filter: EventFilter, tail: Int = 0, queue: SubscriberQueue) -> Subscriber {
        state.withLock { state in
            if tail > 0 { for delivery in state.buffer.newest(tail, filter: filter) { queue.offer(delivery) } }
            let subscriber = Subscriber(id: state.nextID, filter: filter, queue: queue)
            state.nextID += 1
            state.subscribers.append(subscriber)
            return subscriber
        }
    }

    /// After this nothing of the subscriber is left here.
    func unsubscribe(_ subscriber: Subscriber) {
        state.withLock { state in
            state.subscribers.removeAll { $0.id == subscriber.id }
            state.droppedByGone += subscriber.queue.dropped
        }
    }

    /// The run will not grow any more: its events are the first to go when the buffer is over its budget.
    func runFinished(_ runID: String) { state.withLock { $0.buffer.finish(runID) } }

    func bufferedEvents(_ runID: String) -> Int { state.withLock { $0.buffer.count(runID) } }

    var counters: Counters {
        state.withLock { state in
            Counters(
                published: state.published, subscribers: state.subscribers.count,
                droppedBySubscribers: state.droppedByGone + state.subscribers.reduce(0) { $0 + $1.queue.dropped },
                liveBytes: state.buffer.bytes, liveEvents: state.buffer.events, evictedRuns: state.buffer.evictedRuns)
        }
    }
}

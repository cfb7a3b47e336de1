/// Hands every round to all who asked for it, and keeps the newest events of each run.
import Synchronization
import TeltelEvents

/// One filter and its queue, for as long as somebody listens.
final class Subscriber: Sendable {
    let id: UInt64
    let filter: EventFilter
    let queue: SubscriberQueue
    /// Where the stream begins, ring by ring: for the cursors that the client gets.
    let begin: StreamCursor

    init(id: UInt64, filter: EventFilter, queue: SubscriberQueue, begin: StreamCursor) {
        self.id = id
        self.filter = filter
        self.queue = queue
        self.begin = begin
    }
}

/// Published to by the live reader's thread alone; subscribed to from anywhere. One lock, held for no longer than it takes
/// to append references, so that the tail of the live buffer and the first live event join without gap or repeat.
final class EventBus: Sendable {
    struct Counters: Sendable {
        var published: UInt64 = 0
        var subscribers = 0
        var droppedBySubscribers: UInt64 = 0
        var queuedEvents = 0
        var queuedBytes = 0
        var liveBytes = 0
        var liveEvents = 0
        var liveRuns = 0
        var evictedRuns: UInt64 = 0
    }
    /// Where a stream starts.
    enum Start: Sendable {
        case now
        /// So many of the newest buffered events first.
        case tail(Int)
        /// Everything that this cursor has not seen.
        case after(StreamCursor)
    }
    private struct Listener {
        let subscriber: Subscriber
        let isPrompt: Bool
        /// The stream is over when its run is.
        let isUntilEnd: Bool
        /// Of a client that came back: what it has seen, in rings that have not passed that point yet.
        var seen: StreamCursor?
    }
    private struct State {
        /// By the run that they ask for; "" = any.
        var listeners: [Name: [UInt64: Listener]] = [:]
        var nextID: UInt64 = 1
        var buffer: LiveBuffer
        var marks = RingMarks()
        var published: UInt64 = 0
        /// Of subscribers that have left.
        var droppedByGone: UInt64 = 0
    }
    private let state: Mutex<State>
    private let prompt = Atomic<Int>(0)
    private let paced = Atomic<Int>(0)
    /// Final position of a ring that this bus never read, if storage knows it; and whether its instance is there to be read.
    private let finalPosition: @Sendable (RingID) -> UInt64?
    private let isPresent: @Sendable (InstanceID) -> Bool

    init(
        buffer: LiveBuffer, finalPosition: @escaping @Sendable (RingID) -> UInt64?,
        isPresent: @escaping @Sendable (InstanceID) -> Bool
    ) {
        state = Mutex(State(buffer: buffer))
        self.finalPosition = finalPosition
        self.isPresent = isPresent
    }

    // MARK: what the live reader tells

    func began(_ ring: RingID, run: RunKey?, at position: UInt64) {
        state.withLock { state in
            state.marks.began(ring, run: run, at: position)
            Self.forEachListener(&state, of: run?.runID) { listener in
                guard let seen = listener.seen?[ring], seen < position else { return }
                listener.subscriber.queue.offer(gap: StreamGap(ring: ring, positions: seen..<position))
            }
        }
    }

    /// All batches belong to one round.
    func publish(_ batches: [Batch]) {
        guard let ring = batches.first?.round.ring else { return }
        state.withLock { state in
            var end: UInt64 = 0
            for batch in batches {
                state.published += UInt64(batch.count)
                end = max(end, batch.sequenceEnd(batch.count - 1))
            }
            state.marks.published(ring, upTo: end)
            for (ring, position) in state.buffer.append(batches) { state.marks.lost(ring, upTo: position) }
            if state.listeners.isEmpty { return }
            let published = state.marks[ring]?.published ?? 0
            for runID in Set(batches.map(\.run.runID)) {
                Self.forEachListener(&state, named: runID) { Self.offer(batches, to: &$0, ring, published) }
            }
            Self.forEachListener(&state, named: "") { Self.offer(batches, to: &$0, ring, published) }
        }
    }

    private static func offer(_ batches: [Batch], to listener: inout Listener, _ ring: RingID, _ published: UInt64) {
        let filter = listener.subscriber.filter
        if let delivery = Delivery(batches, filter: filter, after: listener.seen) { listener.subscriber.queue.offer(delivery) }
        if let seen = listener.seen?[ring], seen <= published { listener.seen?.forget(ring) }
    }

    /// The live reader was lapped.
    func missed(_ ring: RingID, run: RunKey?, bytes: UInt64, upTo position: UInt64) {
        state.withLock { state in
            state.marks.lost(ring, upTo: position)
            Self.forEachListener(&state, of: run?.runID) {
                $0.subscriber.queue.offer(gap: StreamGap(ring: ring, positions: position - bytes..<position))
            }
        }
    }

    /// The run will not grow any more: its events are the first to go when the buffer is over its budget.
    func runFinished(_ runID: Name) {
        state.withLock { state in
            state.buffer.finish(runID)
            Self.forEachListener(&state, named: runID) { if $0.isUntilEnd { $0.subscriber.queue.finish() } }
        }
    }
    /// Events up to there will not be shown.
    func withheld(_ ring: RingID, upTo position: UInt64) { state.withLock { $0.marks.lost(ring, upTo: position) } }

    /// Nobody will be shown the run's events again.
    func remove(_ runID: Name) {
        state.withLock { state in
            for (ring, position) in state.buffer.remove(runID) { state.marks.lost(ring, upTo: position) }
        }
    }
    func instanceEnded(_ instance: InstanceID) { state.withLock { $0.marks.ended(instance) } }

    private static func forEachListener(_ state: inout State, named runID: Name, _ body: (inout Listener) -> Void) {
        guard var listeners = state.listeners.removeValue(forKey: runID) else { return }
        for id in listeners.keys { body(&listeners[id]!) }
        state.listeners[runID] = listeners
    }
    /// nil: a ring that may hold any run.
    private static func forEachListener(_ state: inout State, of runID: Name?, _ body: (inout Listener) -> Void) {
        guard let runID else {
            for name in Array(state.listeners.keys) { forEachListener(&state, named: name, body) }
            return
        }
        forEachListener(&state, named: runID, body)
        if !runID.isEmpty { forEachListener(&state, named: "", body) }
    }

    // MARK: subscribing

    /// `isPrompt`: the subscriber looks at each event as it comes, and the live reader hurries for it.
    func subscribe(
        _ filter: EventFilter, from start: Start = .now, isPrompt: Bool = true, isUntilEnd: Bool = false, queue: SubscriberQueue
    ) -> Subscriber {
        state.withLock { state in
            // Nothing of a ring is as good as nothing about it.
            var begin = StreamCursor(state.marks.matching(filter).mapValues(\.published).filter { $0.value > 0 })
            var seen: StreamCursor?
            switch start {
            case .now: break
            case .tail(let count):
                let deliveries = state.buffer.newest(count, filter: filter)
                for part in deliveries.lazy.flatMap(\.parts).reversed() { begin.start(part) }
                for delivery in deliveries { queue.offer(delivery) }
            case .after(let cursor):
                for gap in gaps(cursor, filter, state) { queue.offer(gap: gap) }
                for delivery in state.buffer.after(cursor, filter: filter) { queue.offer(delivery) }
                begin = cursor
                seen = cursor
            }
            let subscriber = Subscriber(id: state.nextID, filter: filter, queue: queue, begin: begin)
            state.nextID += 1
            state.listeners[filter.runID, default: [:]][subscriber.id] = Listener(
                subscriber: subscriber, isPrompt: isPrompt, isUntilEnd: isUntilEnd, seen: seen)
            if isPrompt { prompt.add(1, ordering: .relaxed) } else { paced.add(1, ordering: .relaxed) }
            return subscriber
        }
    }

    /// What a client that comes back will never get.
    private func gaps(_ cursor: StreamCursor, _ filter: EventFilter, _ state: State) -> [StreamGap] {
        var gaps: [StreamGap] = []
        for (ring, marks) in state.marks.matching(filter) where cursor[ring] == nil {
            let from = max(marks.from, state.buffer.evicted(ring, filter: filter))
            // Rings of the collector itself hold other runs too: what left there before the client came is not its own.
            if from > 0, marks.run != nil { gaps.append(StreamGap(ring: ring, positions: 0..<from)) }
        }
        for (ring, position) in cursor.positions {
            if let marks = state.marks[ring] {
                let from = max(marks.from, state.buffer.evicted(ring, filter: filter))
                if from > position { gaps.append(StreamGap(ring: ring, positions: position..<from)) }
            } else if isPresent(ring.instance) {
                // It will be read in a moment: `began` tells.
            } else if let final = finalPosition(ring) {
                if final > position { gaps.append(StreamGap(ring: ring, positions: position..<final)) }
            } else {
                gaps.append(StreamGap(ring: ring, positions: nil))
            }
        }
        return gaps
    }

    /// After this nothing of the subscriber is left here.
    func unsubscribe(_ subscriber: Subscriber) {
        state.withLock { state in
            let runID = subscriber.filter.runID
            guard let listener = state.listeners[runID]?.removeValue(forKey: subscriber.id) else { return }
            if listener.isPrompt { prompt.subtract(1, ordering: .relaxed) } else { paced.subtract(1, ordering: .relaxed) }
            if state.listeners[runID]?.isEmpty == true { state.listeners[runID] = nil }
            state.droppedByGone += subscriber.queue.dropped
        }
    }

    // MARK: asking

    /// How many subscribers want events as they come, and columns so many times a second. Any thread, without a lock.
    var listeners: (prompt: Int, paced: Int) { (prompt.load(ordering: .relaxed), paced.load(ordering: .relaxed)) }

    func bufferedEvents(_ runID: Name) -> Int { state.withLock { $0.buffer.count(runID) } }

    var counters: Counters {
        state.withLock { state in
            var counters = Counters(
                published: state.published, droppedBySubscribers: state.droppedByGone, liveBytes: state.buffer.bytes,
                liveEvents: state.buffer.events, liveRuns: state.buffer.runCount, evictedRuns: state.buffer.evictedRuns)
            for listener in state.listeners.values.joined() {
                let depth = listener.value.subscriber.queue.depth
                counters.subscribers += 1
                counters.droppedBySubscribers += listener.value.subscriber.queue.dropped
                counters.queuedEvents += depth.events
                counters.queuedBytes += depth.bytes
            }
            return counters
        }
    }
}

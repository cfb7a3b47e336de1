/// Hands every round to all who asked for it, and keeps the newest events of each run.
import Synchronization
import TeltelEvents

/// Published to by one thread at a time, in the order of each ring; subscribed to from anywhere.
///
/// One lock, held for no longer than it takes to append references and to copy the list of those who listen, so that what a
/// new subscriber finds in the live buffer and its first live event join without gap or repeat. Rows are filtered, the
/// buffer is searched and queues are filled outside of it. Order of locks: this one is never held while another is taken.
package final class EventBus: Sendable {
    /// Where a stream starts.
    package enum Start: Sendable {
        case now
        /// So many of the newest buffered events first.
        case tail(Int)
        /// Everything that this cursor has not seen.
        case after(StreamCursor)
    }
    private struct State {
        /// By the run that they ask for; "" = any.
        var listeners: [Name: [Listener]] = [:]
        var buffer: LiveBuffer
        var progress = RingProgress()
        var published: UInt64 = 0
        /// By owner: of subscribers that have left.
        var droppedByGone: [String: UInt64] = [:]

        func listeners(of runID: Name) -> [Listener] {
            let all = listeners[""] ?? []
            guard !runID.isEmpty, let own = listeners[runID] else { return all }
            return all.isEmpty ? own : own + all
        }
        /// nil: of a ring that may hold any run.
        func listeners(of run: RunKey?) -> [Listener] {
            guard let run else { return listeners.values.flatMap { $0 } }
            return listeners(of: run.runID)
        }
    }
    private let state: Mutex<State>
    private let prompt = Atomic<Int>(0)
    private let paced = Atomic<Int>(0)
    /// Final position of a ring that this bus never read, if storage knows it; and whether its instance is there to be read.
    private let finalPosition: @Sendable (RingID) -> UInt64?
    private let isPresent: @Sendable (InstanceID) -> Bool
    /// A run had events before this bus was there.
    private let hadEarlier: @Sendable (Name) -> Bool

    package init(
        buffer: LiveBuffer, finalPosition: @escaping @Sendable (RingID) -> UInt64?,
        isPresent: @escaping @Sendable (InstanceID) -> Bool, hadEarlier: @escaping @Sendable (Name) -> Bool = { _ in false }
    ) {
        self.hadEarlier = hadEarlier
        state = Mutex(State(buffer: buffer))
        self.finalPosition = finalPosition
        self.isPresent = isPresent
    }

    // MARK: what the live reader tells

    package func began(_ ring: RingID, run: RunKey?, at position: UInt64) {
        let listeners = state.withLock { state in
            state.progress.began(ring, run: run, at: position)
            return state.listeners(of: run)
        }
        for listener in listeners { listener.began(ring, at: position) }
    }

    /// All batches belong to one round.
    package func publish(_ batches: [Batch]) {
        guard let ring = batches.first?.round.ring else { return }
        let end = batches.reduce(0) { max($0, $1.sequenceEnd($1.count - 1)) }
        let count = batches.reduce(0) { $0 + UInt64($1.count) }
        let (listeners, published) = state.withLock { state in
            state.published += count
            state.progress.published(ring, upTo: end)
            for (ring, position) in state.buffer.append(batches) { state.progress.lost(ring, upTo: position) }
            return (Self.listeners(state, of: batches), state.progress[ring]?.published ?? 0)
        }
        for listener in listeners { listener.offer(batches, of: ring, published: published) }
    }

    private static func listeners(_ state: State, of batches: [Batch]) -> [Listener] {
        if state.listeners.isEmpty { return [] }
        let first = batches[0].run.runID
        if batches.allSatisfy({ $0.run.runID == first }) { return state.listeners(of: first) }
        // A round of an ingest ring may hold several runs.
        return Set(batches.map(\.run.runID)).flatMap { $0.isEmpty ? [] : state.listeners[$0] ?? [] } + (state.listeners[""] ?? [])
    }

    /// The live reader was lapped.
    package func missed(_ ring: RingID, run: RunKey?, bytes: UInt64, upTo position: UInt64) {
        let listeners = state.withLock { state in
            state.progress.missed(ring, upTo: position)
            return state.listeners(of: run)
        }
        for listener in listeners { listener.queue.offer(gap: StreamGap(ring: ring, positions: position - bytes..<position)) }
    }

    /// The run will not grow any more: its events are the first to go when the buffer is over its budget.
    package func runFinished(_ runID: Name) {
        let listeners = state.withLock { state in
            state.buffer.finish(runID)
            return state.listeners[runID] ?? []
        }
        for listener in listeners where listener.terms.isUntilEnd { listener.queue.finish() }
    }
    /// Events up to there will not be shown.
    package func withheld(_ ring: RingID, upTo position: UInt64) {
        state.withLock { $0.progress.lost(ring, upTo: position) }
    }

    /// Nobody will be shown the run's events again.
    package func remove(_ runID: Name) {
        state.withLock { state in
            for (ring, position) in state.buffer.remove(runID) { state.progress.lost(ring, upTo: position) }
        }
    }
    package func instanceEnded(_ instance: InstanceID) { state.withLock { $0.progress.ended(instance) } }

    // MARK: subscribing

    /// `wake` is called after every offer, mostly on the publishing thread: it must not block.
    package func subscribe(
        _ filter: EventFilter, from start: Start = .now, _ terms: SubscriptionTerms, wake: @escaping @Sendable () -> Void
    ) -> Subscriber {
        var seen: StreamCursor?
        if case .after(let cursor) = start { seen = cursor }
        let listener = Listener(filter, terms, seen: seen, wake: wake)
        // What is published from here on is offered; what was before is in the view.
        let (view, rings, known) = state.withLock { state in
            state.listeners[filter.runID, default: []].append(listener)
            var known: [RingID: RingProgress.Marks] = [:]
            if let seen { for ring in seen.positions.keys { known[ring] = state.progress[ring] } }
            var view = BufferView(filter, runs: [])
            if case .now = start {} else { view = state.buffer.view(filter) }
            return (view, state.progress.matching(filter), known)
        }
        count(terms, 1)
        var earlier: EarlierRows?
        // Nothing of a ring is as good as nothing about it.
        var begin = StreamCursor(rings.mapValues(\.published).filter { $0.value > 0 })
        switch start {
        case .now: break
        case .tail(let count):
            let (deliveries, left) = view.newest(count)
            earlier = left
            for part in deliveries.lazy.flatMap(\.parts).reversed() { begin.start(part) }
            listener.queue.lead(gaps: [], deliveries: deliveries)
        case .after(let cursor):
            listener.queue.lead(gaps: gaps(cursor, view, rings, known), deliveries: view.after(cursor))
            begin = cursor
        }
        if !filter.runID.isEmpty, hadEarlier(filter.runID) || rings.values.contains(where: { $0.run != nil && $0.unread > 0 }) {
            earlier?.isUnknown = true
        }
        return Subscriber(listener, begin: begin, earlier: earlier)
    }

    /// What a client that comes back will never get.
    private func gaps(
        _ cursor: StreamCursor, _ view: BufferView, _ matching: [RingID: RingProgress.Marks],
        _ known: [RingID: RingProgress.Marks]
    ) -> [StreamGap] {
        var gaps: [StreamGap] = []
        for (ring, marks) in matching where cursor[ring] == nil {
            let from = max(marks.from, view.evicted(ring))
            // Rings of the collector itself hold other runs too: what left there before the client came is not its own.
            if from > 0, marks.run != nil { gaps.append(StreamGap(ring: ring, positions: 0..<from)) }
        }
        for (ring, position) in cursor.positions {
            if let marks = known[ring] {
                let from = max(marks.from, view.evicted(ring))
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
    package func unsubscribe(_ subscriber: Subscriber) {
        let listener = subscriber.listener
        // What is offered from here on is not taken, and so not counted either.
        let dropped = listener.queue.close()
        let wasThere = state.withLock { state in
            guard let place = state.listeners[listener.filter.runID]?.firstIndex(where: { $0 === listener }) else { return false }
            state.listeners[listener.filter.runID]?.remove(at: place)
            if state.listeners[listener.filter.runID]?.isEmpty == true { state.listeners[listener.filter.runID] = nil }
            state.droppedByGone[listener.terms.owner, default: 0] += dropped
            return true
        }
        if wasThere { count(listener.terms, -1) }
    }

    private func count(_ terms: SubscriptionTerms, _ change: Int) {
        if terms.isPrompt { prompt.add(change, ordering: .relaxed) } else { paced.add(change, ordering: .relaxed) }
    }

    // MARK: asking

    /// How many subscribers want events as they come, and columns so many times a second. Any thread, without a lock.
    package var listeners: (prompt: Int, paced: Int) {
        (prompt.load(ordering: .relaxed), paced.load(ordering: .relaxed))
    }

    package func bufferedEvents(_ runID: Name) -> Int { state.withLock { $0.buffer.count(runID) } }

    package var counters: BusCounters {
        var (counters, listeners) = state.withLock { state in
            (
                BusCounters(
                    published: state.published, liveBytes: state.buffer.bytes, liveEvents: state.buffer.events,
                    liveRuns: state.buffer.runCount, evictedRuns: state.buffer.evictedRuns,
                    owners: state.droppedByGone.mapValues { BusCounters.Owner(dropped: $0) }), state.listeners
            )
        }
        for listener in listeners.values.joined() { counters.add(listener.queue, of: listener.terms.owner) }
        return counters
    }
}

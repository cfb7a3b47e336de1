/// The newest events of each run, for `tail` and for clients that come back: bounded per run in events and altogether in bytes.
import HeapModule
import TeltelEvents

/// A value; the bus keeps it under its lock.
struct LiveBuffer: Sendable {
    struct Item: Sendable {
        let parts: [Batch]
        let events: Int
        /// In which it was published, over all runs.
        let order: UInt64
        var footprint: Int { parts.first?.round.footprint ?? 0 }
    }
    private struct RunBuffer {
        var items: [Item] = []
        var first = 0
        var events = 0
        var bytes = 0
        var finished = false
        /// Grows with every append of any run: the smallest was written longest ago.
        var lastWritten: UInt64 = 0
        /// By ring: events of this run before that position are not here any more.
        var evicted: [RingID: UInt64] = [:]

        mutating func drop() -> Item {
            let oldest = items[first]
            first += 1
            events -= oldest.events
            bytes -= oldest.footprint
            // All of one round.
            if let ring = oldest.parts.first?.round.ring {
                evicted[ring] = oldest.parts.reduce(evicted[ring] ?? 0) { max($0, $1.sequenceEnd($1.count - 1)) }
            }
            return oldest
        }
        /// What was given up is let go in one piece, now and then.
        mutating func tidy() {
            guard first > 32, first * 2 > items.count else { return }
            items.removeFirst(first)
            first = 0
        }
    }
    /// Events kept per run.
    let capacity: Int
    /// Bytes of whole pinned rounds, over all runs.
    let byteBudget: Int
    /// Runs kept; 0 = no limit but the byte budget.
    let maxRuns: Int
    private var runs: [Name: RunBuffer] = [:]
    private var clock: UInt64 = 0
    private(set) var bytes = 0
    private(set) var events = 0
    private(set) var evictedRuns: UInt64 = 0

    init(capacity: Int, byteBudget: Int, maxRuns: Int = 0) {
        self.capacity = capacity
        self.byteBudget = byteBudget
        self.maxRuns = maxRuns
    }

    // MARK: filling

    /// Returns where the rings of runs that had to leave were cut.
    mutating func append(_ batches: [Batch]) -> [RingID: UInt64] {
        if let first = batches.first, batches.allSatisfy({ $0.run.runID == first.run.runID }) {
            append(batches, to: first.run.runID)
        } else {
            // A round of an ingest ring may hold several runs.
            for (runID, parts) in Dictionary(grouping: batches, by: \.run.runID) { append(parts, to: runID) }
        }
        return enforceLimits()
    }

    private mutating func append(_ parts: [Batch], to runID: Name) {
        clock += 1
        let item = Item(parts: parts, events: parts.reduce(0) { $0 + $1.count }, order: clock)
        var run = runs.removeValue(forKey: runID) ?? RunBuffer()
        run.items.append(item)
        run.events += item.events
        run.bytes += item.footprint
        run.lastWritten = clock
        run.finished = false
        bytes += item.footprint
        events += item.events
        while run.first < run.items.count - 1, run.events - run.items[run.first].events >= capacity { discount(run.drop()) }
        run.tidy()
        runs[runID] = run
    }

    private mutating func discount(_ item: Item) {
        events -= item.events
        bytes -= item.footprint
    }

    /// Least recently written finished run first, then least recently written. Some more than needed at a time: looking for
    /// the oldest of thousands of runs costs more than dropping one.
    private mutating func enforceLimits() -> [RingID: UInt64] {
        var cut: [RingID: UInt64] = [:]
        if runs.count > 1, bytes > byteBudget || (maxRuns > 0 && runs.count > maxRuns) {
            let oldestFirst = runs.map { (id: $0.key, finished: $0.value.finished, written: $0.value.lastWritten) }
                .sorted { $0.finished != $1.finished ? $0.finished : $0.written < $1.written }
            for (id, _, _) in oldestFirst.dropLast() {
                guard bytes > byteBudget - byteBudget / 16 || (maxRuns > 0 && runs.count > maxRuns) else { break }
                evict(id, &cut)
            }
        }
        // One run alone may be over the budget: its oldest rounds go.
        if bytes > byteBudget, runs.count == 1, let id = runs.keys.first, var run = runs.removeValue(forKey: id) {
            while bytes > byteBudget, run.first < run.items.count - 1 { discount(run.drop()) }
            run.tidy()
            runs[id] = run
        }
        return cut
    }

    private mutating func evict(_ runID: Name, _ cut: inout [RingID: UInt64]) {
        guard var run = runs.removeValue(forKey: runID) else { return }
        while run.first < run.items.count { discount(run.drop()) }
        cut.merge(run.evicted, uniquingKeysWith: max)
        evictedRuns += 1
    }

    /// Returns where its rings were cut.
    mutating func remove(_ runID: Name) -> [RingID: UInt64] {
        var cut: [RingID: UInt64] = [:]
        evict(runID, &cut)
        return cut
    }

    mutating func finish(_ runID: Name) { runs[runID]?.finished = true }

    // MARK: asking

    var runCount: Int { runs.count }
    func count(_ runID: Name) -> Int { min(runs[runID]?.events ?? 0, capacity) }

    /// The newest `count` matching events, oldest first, in the order in which they came.
    func newest(_ count: Int, filter: EventFilter) -> [Delivery] {
        var found: [Delivery] = []
        var left = count
        let runs = candidates(filter)
        // The newest item of all runs, again and again: no look at more of them than is asked for.
        var places = Heap(
            runs.indices.map { Place(run: $0, item: runs[$0].items.count - 1, order: runs[$0].items.last!.order) })
        while left > 0, let place = places.popMax() {
            let run = runs[place.run]
            let item = run.items[place.item]
            if place.item > run.first {
                places.insert(Place(run: place.run, item: place.item - 1, order: run.items[place.item - 1].order))
            }
            guard let delivery = Delivery(item.parts, filter: filter) else { continue }
            found.append(delivery.events > left ? delivery.newest(left) : delivery)
            left -= min(left, delivery.events)
        }
        return found.reversed()
    }
    private struct Place: Comparable {
        let run, item: Int
        let order: UInt64
        static func < (a: Place, b: Place) -> Bool { a.order < b.order }
    }

    /// Everything that matches and that the cursor has not seen, in the order in which it came.
    func after(_ cursor: StreamCursor, filter: EventFilter) -> [Delivery] {
        candidates(filter).flatMap { $0.items[$0.first...] }.sorted { $0.order < $1.order }
            .compactMap { Delivery($0.parts, filter: filter, after: cursor) }
    }

    /// Up to where events of a ring that may match have left the buffer.
    func evicted(_ ring: RingID, filter: EventFilter) -> UInt64 {
        if !filter.runID.isEmpty { return runs[filter.runID]?.evicted[ring] ?? 0 }
        return runs.values.reduce(0) { max($0, $1.evicted[ring] ?? 0) }
    }

    private func candidates(_ filter: EventFilter) -> [RunBuffer] {
        let runs = filter.runID.isEmpty ? Array(runs.values) : [runs[filter.runID]].compactMap { $0 }
        return runs.filter { $0.first < $0.items.count }
    }
}

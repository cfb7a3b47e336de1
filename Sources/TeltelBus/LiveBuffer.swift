/// The newest events of each run, for `tail` and for clients that come back: bounded per run in events and altogether in bytes.
import TeltelEvents

/// A value; the bus keeps it under its lock.
package struct LiveBuffer: Sendable {
    /// Events kept per run.
    let capacity: Int
    /// Bytes of whole pinned rounds, over all runs.
    let byteBudget: Int
    /// Runs kept; 0 = no limit but the byte budget.
    let maxRuns: Int
    private var runs: [Name: RunBuffer] = [:]
    /// Runs that had to leave, the latest `leftMax` of them at least: if one goes on, what is here is not all of it.
    private var left: (latest: Set<Name>, before: Set<Name>) = ([], [])
    private static let leftMax = 16_384
    private var clock: UInt64 = 0
    private(set) var bytes = 0
    private(set) var events = 0
    private(set) var evictedRuns: UInt64 = 0

    package init(capacity: Int, byteBudget: Int, maxRuns: Int = 0) {
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
        let item = RunBuffer.Item(parts: parts, events: parts.reduce(0) { $0 + $1.count }, order: clock)
        let hadMore = left.latest.contains(runID) || left.before.contains(runID)
        var run = runs.removeValue(forKey: runID) ?? RunBuffer(hadMore: hadMore)
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

    private mutating func discount(_ item: RunBuffer.Item) {
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
        if left.latest.count >= Self.leftMax { left = ([], left.latest) }
        left.latest.insert(runID)
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

    /// What can be searched without the bus's lock: the runs that a filter asks for, as they are now.
    func view(_ filter: EventFilter) -> BufferView {
        BufferView(filter, runs: filter.runID.isEmpty ? Array(runs.values) : [runs[filter.runID]].compactMap { $0 })
    }
}

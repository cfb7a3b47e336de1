/// The newest events of each run, for `tail`: bounded per run in events and altogether in bytes.
import TeltelEvents

/// A value; the bus keeps it under its lock.
struct LiveBuffer: Sendable {
    private struct Item {
        let parts: [Batch]
        let events: Int
    }
    private struct RunBuffer {
        var items: [Item] = []
        var first = 0
        var events = 0
        var bytes = 0
        var finished = false
        /// Grows with every append of any run: the smallest was written longest ago.
        var lastWritten: UInt64 = 0
    }
    /// Events kept per run.
    let capacity: Int
    /// Bytes of whole pinned rounds, over all runs.
    let byteBudget: Int
    /// Runs kept; 0 = no limit but the byte budget.
    let maxRuns: Int
    private var runs: [String: RunBuffer] = [:]
    private var clock: UInt64 = 0
    private(set) var bytes = 0
    private(set) var events = 0
    private(set) var evictedRuns: UInt64 = 0

    init(capacity: Int, byteBudget: Int, maxRuns: Int = 0) {
        self.capacity = capacity
        self.byteBudget = byteBudget
        self.maxRuns = maxRuns
    }

    mutating func append(_ batches: [Batch]) {
        // A round of an ingest ring may hold several runs.
        var begin = 0
        let sorted = batches.count > 1 ? batches.sorted { $0.run.runID < $1.run.runID } : batches
        while begin < sorted.count {
            var end = begin + 1
            while end < sorted.count, sorted[end].run.runID == sorted[begin].run.runID { end += 1 }
            append(Array(sorted[begin..<end]), to: sorted[begin].run.runID)
            begin = end
        }
        enforceLimits()
    }

    private mutating func append(_ parts: [Batch], to runID: String) {
        clock += 1
        let item = Item(parts: parts, events: parts.reduce(0) { $0 + $1.count })
        let size = Self.size(item)
        var run = runs.removeValue(forKey: runID) ?? RunBuffer()
        run.items.append(item)
        run.events += item.events
        run.bytes += size
        run.lastWritten = clock
        run.finished = false
        bytes += size
        events += item.events
        while run.first < run.items.count - 1, run.events - run.items[run.first].events >= capacity {
            drop(&run)
        }
        if run.first > 32, run.first * 2 > run.items.count {
            run.items.removeFirst(run.first)
            run.first = 0
        }
        runs[runID] = run
    }

    private static func size(_ item: Item) -> Int { item.parts.first?.round.bytes.count ?? 0 }

    private mutating func drop(_ run: inout RunBuffer) {
        let oldest = run.items[run.first]
        run.first += 1
        run.events -= oldest.events
        run.bytes -= Self.size(oldest)
        events -= oldest.events
        bytes -= Self.size(oldest)
    }

    /// Least recently written finished run first, then least recently written.
    private mutating func enforceLimits() {
        while bytes > byteBudget || (maxRuns > 0 && runs.count > maxRuns), runs.count > 1 {
            let victim = runs.min { a, b in
                a.value.finished != b.value.finished ? a.value.finished : a.value.lastWritten < b.value.lastWritten
            }
            guard let victim else { return }
            bytes -= victim.value.bytes
            events -= victim.value.events
            runs[victim.key] = nil
            evictedRuns += 1
        }
        // One run alone may be over the budget: its oldest rounds go.
        if bytes > byteBudget, let (id, only) = runs.first {
            var run = only
            while bytes > byteBudget, run.first < run.items.count - 1 { drop(&run) }
            run.items.removeFirst(run.first)
            run.first = 0
            runs[id] = run
        }
    }

    mutating func finish(_ runID: String) { runs[runID]?.finished = true }
    func count(_ runID: String) -> Int { min(runs[runID]?.events ?? 0, capacity) }

    /// The newest `count` matching events, oldest first, in the order in which they came.
    func newest(_ count: Int, filter: EventFilter) -> [Delivery] {
        let candidates = filter.runID.isEmpty ? Array(runs.values) : [runs[filter.runID]].compactMap { $0 }
        var found: [Delivery] = []
        var left = count
        let items = candidates.flatMap { $0.items[$0.first...] }.sorted { Self.readAt($0) < Self.readAt($1) }
        for item in items.reversed() where left > 0 {
            guard let delivery = Delivery(item.parts, filter: filter) else { continue }
            found.append(delivery.events > left ? delivery.newest(left) : delivery)
            left -= min(left, delivery.events)
        }
        return found.reversed()
    }
    private static func readAt(_ item: Item) -> UInt64 { item.parts.first?.round.readAt ?? 0 }
}

extension Delivery {
    /// Only the last `count` rows in the order of emission.
    func newest(_ count: Int) -> Delivery {
        var offsets: [UInt32] = []
        forEachRow { batch, row in offsets.append(batch.offsets[row]) }
        let from = offsets[max(0, offsets.count - count)]
        return Delivery(
            parts: parts.compactMap { part in
                let rows = (part.rows ?? Array(0..<part.batch.count)).filter { part.batch.offsets[$0] >= from }
                return rows.isEmpty ? nil : Part(batch: part.batch, rows: rows)
            })
    }
}

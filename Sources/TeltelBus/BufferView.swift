/// The live buffer as it was at one moment, searched by whoever asks, on its own thread.
import HeapModule
import TeltelEvents

struct BufferView: Sendable {
    private let filter: EventFilter
    private let runs: [RunBuffer]

    init(_ filter: EventFilter, runs: [RunBuffer]) {
        self.filter = filter
        self.runs = runs
    }

    /// The newest `count` matching events, oldest first, in the order in which they came; and what came before them.
    func newest(_ count: Int) -> (deliveries: [Delivery], earlier: EarlierRows) {
        var earlier = EarlierRows()
        for run in runs { earlier.note(run.earlier, filter) }
        var rows = RowFilter(filter)
        var found: [Delivery] = []
        var left = count
        let runs = filled
        // The newest item of all runs, again and again: no look at more of them than is asked for.
        var places = Heap(
            runs.indices.map { Place(run: $0, item: runs[$0].items.count - 1, order: runs[$0].items.last!.order) })
        while left > 0, let place = places.popMax() {
            let run = runs[place.run]
            let item = run.items[place.item]
            if place.item > run.first {
                places.insert(Place(run: place.run, item: place.item - 1, order: run.items[place.item - 1].order))
            }
            guard let delivery = Delivery(item.parts, filter)?.matching(&rows) else { continue }
            let (older, newest) = delivery.split(newest: left)
            if let older { earlier.note(older) }
            found.append(newest)
            left -= newest.events
        }
        for place in places.unordered {
            let run = runs[place.run]
            for item in run.items[run.first...place.item] { earlier.note(item.parts.filter(filter.matches)) }
        }
        return (found.reversed(), earlier)
    }
    private struct Place: Comparable {
        let run, item: Int
        let order: UInt64
        static func < (a: Place, b: Place) -> Bool { a.order < b.order }
    }

    /// Everything that matches and that the cursor has not seen, in the order in which it came.
    func after(_ cursor: StreamCursor) -> [Delivery] {
        var rows = RowFilter(filter)
        return filled.flatMap { $0.items[$0.first...] }.sorted { $0.order < $1.order }
            .compactMap { Delivery($0.parts, filter, after: cursor)?.matching(&rows) }
    }

    /// Up to where events of a ring that may match have left the buffer.
    func evicted(_ ring: RingID) -> UInt64 { runs.reduce(0) { max($0, $1.evicted[ring] ?? 0) } }

    private var filled: [RunBuffer] { runs.filter { $0.first < $0.items.count } }
}

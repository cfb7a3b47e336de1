/// The newest events of one run, and where those end that have left.
import TeltelEvents

/// What one round brought of the run is one item; items before `first` are given up.
struct RunBuffer: Sendable {
    struct Item: Sendable {
        let parts: [Batch]
        let events: Int
        /// In which it was published, over all runs.
        let order: UInt64
        var footprint: Int { parts.first?.round.footprint ?? 0 }
    }
    var items: [Item] = []
    var first = 0
    var events = 0
    var bytes = 0
    var finished = false
    /// Grows with every append of any run: the smallest was written longest ago.
    var lastWritten: UInt64 = 0
    /// By ring: events of this run before that position are not here any more.
    var evicted: [RingID: UInt64] = [:]
    /// What has left.
    private(set) var earlier = EarlierRows()

    /// - Parameter hadMore: the run was here before, and had to leave.
    init(hadMore: Bool = false) { earlier.isUnknown = hadMore }

    mutating func drop() -> Item {
        let oldest = items[first]
        earlier.note(oldest.parts)
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

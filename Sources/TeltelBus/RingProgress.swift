/// What the bus knows about each ring: from where on its events are in the live buffer, and up to where they were published.
import TeltelEvents

/// A value; the bus keeps it under its lock.
struct RingProgress: Sendable {
    struct Marks: Sendable {
        /// nil: the collector's own ring, which holds events of many runs.
        let run: RunKey?
        /// Records before it were never published here, or went with a run that left the buffer.
        var from: UInt64
        /// Records before it may never have been read: they were there before the collector, or it was too slow for some of them.
        var unread: UInt64
        /// Everything before it has been published.
        var published: UInt64
        var isGone = false

        fileprivate mutating func raise(_ mark: WritableKeyPath<Marks, UInt64>, to position: UInt64) {
            if position > self[keyPath: mark] { self[keyPath: mark] = position }
        }
    }
    /// Rings that are gone are remembered for clients that come back; so many of them.
    static let goneMax = 4_096
    private(set) var rings: [RingID: Marks] = [:]
    private var gone: [RingID] = []

    subscript(ring: RingID) -> Marks? { rings[ring] }

    mutating func began(_ ring: RingID, run: RunKey?, at position: UInt64) {
        rings[ring] = Marks(run: run, from: position, unread: position, published: position)
    }
    /// The reader was lapped.
    mutating func missed(_ ring: RingID, upTo position: UInt64) {
        rings[ring]?.raise(\.unread, to: position)
        lost(ring, upTo: position)
    }
    mutating func published(_ ring: RingID, upTo position: UInt64) {
        rings[ring]?.raise(\.published, to: position)
    }
    /// Nothing before `position` can be had here any more.
    mutating func lost(_ ring: RingID, upTo position: UInt64) {
        rings[ring]?.raise(\.from, to: position)
        rings[ring]?.raise(\.published, to: position)
    }
    /// The instance has ended and everything of it was published.
    mutating func ended(_ instance: InstanceID) {
        for ring in rings.keys where ring.instance == instance && rings[ring]?.isGone == false {
            rings[ring]?.isGone = true
            gone.append(ring)
        }
        if gone.count > Self.goneMax * 2 {
            for ring in gone.dropLast(Self.goneMax) { rings[ring] = nil }
            gone.removeFirst(gone.count - Self.goneMax)
        }
    }

    /// Rings that may hold events which pass the filter, and are not behind us.
    func matching(_ filter: EventFilter) -> [RingID: Marks] {
        rings.filter { _, marks in
            guard let run = marks.run else { return !marks.isGone }
            return (filter.runID.isEmpty || filter.runID == run.runID)
                && (filter.sourceID.isEmpty || filter.sourceID == run.sourceID)
        }
    }
}

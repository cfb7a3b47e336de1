/// When did a row happen? The engine reads no clock per event; one mark per frame is enough.
import TeltelEvents

/// Wall time of the rows of one ring, in ring order. A value; each reader keeps one per ring.
///
/// A row takes the time of the newest clock mark (`frame.start`) before it in its ring. Without marks it takes the reader's
/// clock, if the row cannot be older than a second; else nothing: a time is never invented.
package struct RowClock: Sendable {
    /// Added to CLOCK_MONOTONIC nanoseconds gives nanoseconds since 1970: from the run's anchor.
    private let toWall: Int64
    private var markMs: Int64?
    private var readerMs = Batch.unknownTime
    /// Everything before it was seen by `arrived` this long ago or less.
    private var lastEmptyAt: UInt64

    package static let longestLag: UInt64 = 1_000_000_000

    package init(_ run: RunDescription, now: UInt64) {
        toWall = Int64(truncatingIfNeeded: run.startWall) &- Int64(truncatingIfNeeded: run.startMonotonic)
        // What was there before this reader came may be old, unless the run itself is young.
        lastEmptyAt = run.startMonotonic < now && now - run.startMonotonic < Self.longestLag ? run.startMonotonic : 0
    }

    /// Call before each read. `caughtUp`: the reader had read everything when it last looked, at `now`.
    package mutating func arrived(now: UInt64, wall: UInt64) {
        readerMs = now &- lastEmptyAt <= Self.longestLag ? Int64(wall / 1_000_000) : Batch.unknownTime
    }
    /// Call when the ring has been read to its head.
    package mutating func caughtUp(now: UInt64) { lastEmptyAt = now }

    /// A clock mark was read. Marks that lie far outside the run's time are kept out.
    package mutating func mark(_ monotonic: UInt64) {
        let wall = Int64(truncatingIfNeeded: monotonic) &+ toWall
        guard wall > 0 else { return }
        markMs = wall / 1_000_000
    }

    package var wallTimeMs: Int64 { markMs ?? readerMs }
}

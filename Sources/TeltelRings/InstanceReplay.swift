/// All rows of one instance that nobody has taken over yet, one by one.
import CTeltelRings
import TeltelEvents

/// Each ring's rows in their order, from what was released up to the head at the time of `init`; the rings merged by frame. An
/// engine's `run.end` comes last. Used by one thread.
package struct InstanceReplay {
    /// What stopped the reading of a ring, or of the whole instance.
    package private(set) var faults: [RingFault] = []
    /// Bytes that were written and are gone: given to a collector, or overwritten.
    package private(set) var missingBytes: UInt64 = 0
    private let isEngine: Bool
    private var feeds: [RingFeed] = []

    package init(_ instance: RingInstance) {
        isEngine = instance.description.kind == .engine
        do throws(RingFault) {
            for ring in try instance.rings() {
                let begin = ring.replayStart(.max)
                missingBytes += begin
                feeds.append(
                    RingFeed(cursor: try RingCursor(ring: ring, instance: instance, position: begin), end: ring.head))
            }
        } catch { faults.append(error) }
    }

    /// nil: that was all.
    package mutating func next() -> (batch: Batch, row: Int)? {
        var best: Int?
        var bestKey = (isEnd: true, frame: UInt64.max)
        for index in feeds.indices {
            guard let (batch, row) = peek(index) else { continue }
            let key = (isEnd: isEngine && batch.schema.type == .runEnd, frame: batch.frame(row))
            if best == nil || (key.isEnd ? 1 : 0, key.frame) < (bestKey.isEnd ? 1 : 0, bestKey.frame) {
                best = index
                bestKey = key
            }
        }
        return best.flatMap { feeds[$0].take() }
    }

    private mutating func peek(_ index: Int) -> (batch: Batch, row: Int)? {
        do throws(RingFault) {
            let missed = try feeds[index].fill()
            missingBytes += missed
        } catch { faults.append(error) }
        return feeds[index].first
    }
}

/// One ring on its way into a replay.
private struct RingFeed {
    var cursor: RingCursor
    /// Where to stop: a living engine goes on writing.
    var end: UInt64
    private var rows: [(batch: Batch, row: Int)] = []
    private var at = 0
    /// Bytes to read at a time. A round with a fault in it is refused as a whole: smaller ones find what lies before it.
    private var limit = Limits.roundBytes
    private static let smallestLimit = 64

    init(cursor: RingCursor, end: UInt64) {
        self.cursor = cursor
        self.end = end
    }

    var first: (batch: Batch, row: Int)? { at < rows.count ? rows[at] : nil }

    mutating func take() -> (batch: Batch, row: Int)? {
        defer { at += 1 }
        return first
    }

    /// Reads the next round if all rows have been taken. Returns the bytes that were overwritten before they could be read.
    mutating func fill() throws(RingFault) -> UInt64 {
        var missed: UInt64 = 0
        while at >= rows.count, cursor.position < end {
            do throws(RingFault) {
                switch try cursor.read(most: limit) {
                case .nothing: end = cursor.position
                case .missed(let bytes): missed += bytes
                case .batches(let batches):
                    rows = batches.flatMap { batch in (0..<batch.count).map { (batch, $0) } }
                    rows.sort { $0.batch.offsets[$0.row] < $1.batch.offsets[$1.row] }
                    at = 0
                }
            } catch {
                if limit > Self.smallestLimit {
                    limit /= 2
                    continue
                }
                end = cursor.position  // where the next record begins cannot be known
                throw error
            }
        }
        return missed
    }
}

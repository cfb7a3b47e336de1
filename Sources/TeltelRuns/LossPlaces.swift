/// Where in a run events went missing, whether somebody watched or not.
import TeltelControl
import TeltelEvents
import TeltelRings

/// Counters say how many. Rings say where they had no room; for all else the frames between two looks say it. Of one thread.
package struct LossPlaces {
    /// The newest frame of each run at the last look.
    private var frames: [Name: UInt64] = [:]

    package init() {}

    /// The record's losses, and which of them each ring told, with what is missing since the last look; nil if that is nothing.
    package mutating func note(_ record: RunRecord, _ rings: [RingID: RefusedStretches]) -> Placed? {
        let before = frames.updateValue(record.lastFrame, forKey: record.runID)
        var placed = Placed(losses: record.losses ?? [], byRing: record.placedByRing ?? [:])
        // A look that nobody remembers, before a restart: somewhere behind what is placed already.
        let from = min(before ?? placed.losses.last?.to ?? 0, record.lastFrame)
        var fresh = Self.told(rings, &placed.byRing)
        for (kind, counts) in [(RunRecord.Loss.Kind.refused, record.refused), (.lost, record.lostByReason)] {
            for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
                let known = Self.count(placed.losses, kind, reason) &+ Self.count(fresh, kind, reason)
                guard count > known else { continue }
                fresh.append(
                    RunRecord.Loss(kind: kind, reason: reason, from: from, to: record.lastFrame, count: count - known))
            }
        }
        guard !fresh.isEmpty else { return nil }
        placed.losses = Self.joined(placed.losses, fresh)
        return placed
    }

    private static func count(_ losses: [RunRecord.Loss], _ kind: RunRecord.Loss.Kind, _ reason: String) -> UInt64 {
        losses.reduce(0) { $1.kind == kind && $1.reason == reason ? $0 &+ $1.count : $0 }
    }

    package struct Placed {
        package var losses: [RunRecord.Loss]
        /// By ring: so many of its refusals are among them.
        package var byRing: [String: UInt64]
    }

    /// What the rings have refused since they were asked last.
    private static func told(_ rings: [RingID: RefusedStretches], _ placed: inout [String: UInt64]) -> [RunRecord.Loss] {
        var losses: [RunRecord.Loss] = []
        for (ring, refused) in rings.sorted(by: { $0.key < $1.key }) {
            let before = placed[ring.description] ?? 0
            guard refused.total > before else { continue }
            let stretches = refused.last(refused.total - before)
            losses += stretches.map {
                RunRecord.Loss(
                    kind: .refused, reason: RefusalRow.fullReason, from: $0.frames.lowerBound, to: $0.frames.upperBound,
                    count: $0.count)
            }
            if !stretches.isEmpty { placed[ring.description] = refused.total }
        }
        return losses.sorted { $0.from < $1.from }
    }

    package mutating func forget(_ runID: Name) { frames[runID] = nil }

    /// Losses that go on are one stretch; of very many those that lie next to each other become one.
    private static func joined(_ known: [RunRecord.Loss], _ fresh: [RunRecord.Loss]) -> [RunRecord.Loss] {
        var result = known
        for loss in fresh {
            if let same = result.lastIndex(where: { $0.isLike(loss) }), result[same].touches(loss) {
                result[same].take(loss)
            } else {
                result.append(loss)
            }
        }
        while result.count > RunRecord.Loss.mostOfARun, let pair = nearest(result) {
            let later = result.remove(at: pair.later)
            result[pair.earlier].take(later)
        }
        return result
    }

    /// The two of one kind with the fewest frames between them.
    private static func nearest(_ losses: [RunRecord.Loss]) -> (earlier: Int, later: Int)? {
        var last: [String: Int] = [:]
        var best: (earlier: Int, later: Int, distance: UInt64)?
        for (index, loss) in losses.enumerated() {
            if let before = last.updateValue(index, forKey: "\(loss.kind) \(loss.reason)") {
                let distance = loss.from - min(loss.from, losses[before].to)
                if distance < best?.distance ?? .max { best = (before, index, distance) }
            }
        }
        return best.map { ($0.earlier, $0.later) }
    }
}

extension RunRecord.Loss {
    fileprivate func isLike(_ other: Self) -> Bool { kind == other.kind && reason == other.reason }

    /// They share a frame.
    fileprivate func touches(_ other: Self) -> Bool { from <= other.to && other.from <= to }

    /// Of the same kind.
    fileprivate mutating func take(_ other: Self) {
        from = min(from, other.from)
        to = max(to, other.to)
        count &+= other.count
    }
}

/// Where in a run events went missing, whether somebody watched or not.
import TeltelControl

/// Counters say how many; the frames between two looks at them say where. Of one thread.
struct LossPlaces {
    /// The newest frame of each run at the last look.
    private var frames: [String: UInt64] = [:]

    /// The record's losses with what is missing since the last look; nil if that is nothing.
    mutating func note(_ record: RunRecord) -> [RunRecord.Loss]? {
        let before = frames.updateValue(record.lastFrame, forKey: record.runID)
        var losses = record.losses ?? []
        // A look that nobody remembers, before a restart: somewhere behind what is placed already.
        let from = min(before ?? losses.last?.to ?? 0, record.lastFrame)
        let known = losses.count
        for (kind, counts) in [(RunRecord.Loss.Kind.refused, record.refused), (.lost, record.lostByReason)] {
            for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
                let placed = losses[..<known].lazy.filter { $0.kind == kind && $0.reason == reason }.reduce(0) { $0 &+ $1.count }
                guard count > placed else { continue }
                losses.append(
                    RunRecord.Loss(kind: kind, reason: reason, from: from, to: record.lastFrame, count: count - placed))
            }
        }
        return losses.count > known ? Self.joined(losses, known: known) : nil
    }

    mutating func forget(_ runID: String) { frames[runID] = nil }

    /// Losses that go on are one stretch; of very many those that lie next to each other become one.
    private static func joined(_ losses: [RunRecord.Loss], known: Int) -> [RunRecord.Loss] {
        var result = Array(losses[..<known])
        for loss in losses[known...] {
            if let same = result.lastIndex(where: { $0.isLike(loss) }), result[same].to >= loss.from {
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

    /// Of the same kind, and not before it.
    fileprivate mutating func take(_ later: Self) {
        to = max(to, later.to)
        count &+= later.count
    }
}

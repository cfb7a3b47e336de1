/// Posted lines that are no events, by the run they were meant for.
import Foundation
import TeltelEvents

/// The newest few with their words; how many there were stands in the run's record.
package struct RejectedLine: Encodable, Sendable, Equatable {
    /// Counted from 1 in its POST.
    package let line: Int
    package let code: String
    package let message: String
    /// Milliseconds since 1970.
    package let atMs: Int64
}

/// What one run's page shows.
package struct RejectedLines: Sendable {
    package init() {}

    package static let latestMax = 10
    package private(set) var byCode: [String: UInt64] = [:]
    package private(set) var latest: [RejectedLine] = []

    mutating func add(_ line: RejectedLine) {
        byCode[line.code, default: 0] += 1
        latest.append(line)
        if latest.count > Self.latestMax { latest.removeFirst() }
    }

    package mutating func add(_ other: RejectedLines) {
        byCode.merge(other.byCode) { $0 + $1 }
        latest = (latest + other.latest).suffix(Self.latestMax)
    }
}

/// Lines of runs that nobody has heard of yet: a bad line may come before the run's first good one. Lines of runs that never
/// appear stay in `/metrics`; here the oldest names give way, so that made-up names cost no memory.
package struct UnclaimedRejections: Sendable {
    package init() {}

    static let runsMax = 256
    private var waiting: [Name: RejectedLines] = [:]
    private var order: [Name] = []

    package mutating func add(_ lines: RejectedLines, for runID: Name) {
        if waiting[runID] == nil {
            if order.count == Self.runsMax { waiting[order.removeFirst()] = nil }
            order.append(runID)
        }
        waiting[runID, default: RejectedLines()].add(lines)
    }

    /// The run has appeared.
    package mutating func claim(_ runID: Name) -> RejectedLines? {
        guard let lines = waiting.removeValue(forKey: runID) else { return nil }
        order.removeAll { $0 == runID }
        return lines
    }
}

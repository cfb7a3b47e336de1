/// Runs that were in memory and are on disk alone now: their names, and what they add to sums over all runs.
import TeltelControl
import TeltelEvents

/// A value; the registry guards it. Some hundred bytes a run.
package struct RunsAway: Sendable {
    package struct Sums: Sendable {
        package let status: RunRecord.Status
        package let refused, lost: [String: UInt64]
        package let missedBytes: UInt64
    }
    package private(set) var runs: [Name: Sums] = [:]
    /// The newest change of any of them: whoever knows less cannot be told what has changed since.
    package private(set) var revision: UInt64 = 0

    mutating func left(_ run: RegisteredRun) {
        runs[run.record.runID] = Sums(
            status: run.record.status, refused: run.record.refused, lost: run.record.lostByReason, missedBytes: run.missedBytes)
        revision = max(revision, run.revision)
    }

    mutating func noteEarlier(_ revision: UInt64) { self.revision = revision }

    mutating func cameBack(_ runID: Name) { if !runs.isEmpty { runs[runID] = nil } }

    /// Runs of these batches that are away.
    func among(_ batches: [Batch]) -> [Name] {
        runs.isEmpty ? [] : batches.map(\.run.runID).filter { runs[$0] != nil }
    }
}

/// What has changed since somebody asked: each change of a run gets a number, and so does each removal.

import TeltelEvents

/// A value; the registry guards it.
struct RunRevisions: Sendable {
    /// Removals that are remembered. Who asks after more of them gets everything anew.
    private static let removalsMax = 1_000

    /// Of the newest change; 0: there was none.
    private(set) var newest: UInt64 = 0
    private var removals: [(revision: UInt64, runID: Name)] = []
    /// The newest removal that is not remembered any more.
    private var forgotten: UInt64 = 0

    mutating func next() -> UInt64 {
        newest += 1
        return newest
    }

    mutating func noteRemoval(_ runID: Name) {
        removals.append((next(), runID))
        guard removals.count > Self.removalsMax else { return }
        forgotten = removals.removeFirst().revision
    }

    /// Runs removed since; nil: that is not known any more, or lies in the future.
    func removed(after revision: UInt64) -> [Name]? {
        guard revision >= forgotten, revision <= newest else { return nil }
        return removals.filter { $0.revision > revision }.map(\.runID)
    }
}

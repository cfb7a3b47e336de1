/// Under which names posted runs are shown. As with engines, a run id that is used again after its end gets "~2", "~3" …: a script
/// that runs twice makes two runs.
import Synchronization
import TeltelEvents

/// Thread-safe. Asked by the lanes when something about a run's name may have changed, not for every line.
package final class PostedRuns: Sendable {
    /// What a line means for its run.
    package enum Line { case start, end, other }

    private struct Place {
        /// The name under which the source's lines are taken now.
        var shown: Name
        /// When its `run.end` came, in milliseconds since 1970; nil: not yet.
        var endedMs: Int64?
    }
    private struct State {
        /// By the run and source that lines name.
        var places: [RunKey: Place] = [:]
        /// Shown runs and the sources that have ended them, since the collector started.
        var ended: Set<RunKey> = []
    }
    /// More sources than these are forgotten at once: what they posted is known from the registry then, as after a restart.
    private static let placesMax = 65_536

    private let state = Mutex(State())
    private let versionNumber = Atomic<UInt64>(0)
    private let lateMs: Int64
    /// Has this source ended this run, as far as the registry knows?
    private let hasEnded: @Sendable (RunKey) -> Bool

    /// - Parameter lateMs: so long after its source's `run.end` a line still belongs to the run.
    package init(lateMs: Int64, hasEnded: @escaping @Sendable (RunKey) -> Bool) {
        self.lateMs = lateMs
        self.hasEnded = hasEnded
    }

    /// Grows whenever an answer of `name` may have changed.
    var version: UInt64 { versionNumber.load(ordering: .acquiring) }

    /// The name under which the line is to be taken, and when its source ended that run.
    package func name(_ run: RunKey, _ line: Line, nowMs: Int64) -> (shown: Name, endedMs: Int64?) {
        if let place = state.withLock({ $0.places[run] }), !isOver(place, line, nowMs) { return (place.shown, place.endedMs) }
        // The registry is asked without the lock: it has one of its own.
        var (shown, number) = (run.runID, 1)
        while isUsed(RunKey(runID: shown, sourceID: run.sourceID)) {
            number += 1
            shown = run.runID.numbered(number)
        }
        return state.withLock { state in
            // Another lane was faster.
            if let place = state.places[run], !isOver(place, line, nowMs) { return (place.shown, place.endedMs) }
            if state.places.count >= Self.placesMax { state = State() }
            // Others may hold what was true of the place before.
            if state.places.updateValue(Place(shown: shown), forKey: run) != nil { versionNumber.add(1, ordering: .releasing) }
            return (shown, nil)
        }
    }

    /// Does the line begin another run?
    private func isOver(_ place: Place, _ line: Line, _ nowMs: Int64) -> Bool {
        guard let ended = place.endedMs else { return false }
        return line == .start || nowMs - ended > lateMs
    }
    private func isUsed(_ shown: RunKey) -> Bool { state.withLock { $0.ended.contains(shown) } || hasEnded(shown) }

    /// The source's `run.end` has been taken.
    package func ended(_ run: RunKey, nowMs: Int64) {
        state.withLock { state in
            guard let place = state.places[run], place.endedMs == nil else { return }
            state.places[run]?.endedMs = nowMs
            state.ended.insert(RunKey(runID: place.shown, sourceID: run.sourceID))
            versionNumber.add(1, ordering: .releasing)
        }
    }

    /// The run has been removed: its name is free.
    package func forget(_ shown: Name) {
        state.withLock { state in
            state.places = state.places.filter { $0.value.shown != shown }
            state.ended = state.ended.filter { $0.runID != shown }
            versionNumber.add(1, ordering: .releasing)
        }
    }
}

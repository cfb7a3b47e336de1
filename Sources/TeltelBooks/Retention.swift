/// Removes runs that are not to be kept any longer.
import Foundation
import Logging
import Synchronization
import TeltelEvents
import TeltelStorage

/// Thread-safe.
package final class Retention: Sendable {
    private let policy: RetentionPolicy
    private let storage: Storage?
    private let removal: RunRemoval
    /// Runs that are kept whatever the policy says; nil: that cannot be said now.
    private let pinned: @Sendable () -> Set<Name>?
    private let logger: Logger
    private let stopping = Atomic<Bool>(false)
    private let wake = DispatchSemaphore(value: 0)
    /// One at a time.
    private let pruning = Mutex(())

    package init(
        _ policy: RetentionPolicy, storage: Storage?, removal: RunRemoval, pinned: @escaping @Sendable () -> Set<Name>?,
        logger: Logger
    ) {
        self.pinned = pinned
        self.policy = policy
        self.storage = storage
        self.removal = removal
        self.logger = logger
    }

    package struct Outcome: Sendable {
        package let candidate: RetentionPolicy.Candidate
        /// nil: it was removed, or would be.
        package let problem: String?
    }

    /// What goes under `policy`, else under the collector's own. Blocks until it is gone, unless it `onlyLooks`.
    package func prune(_ policy: RetentionPolicy?, onlyLooks: Bool) throws(ClickHouseError) -> [Outcome] {
        guard let storage else { return [] }
        let policy = policy ?? self.policy
        if policy.keepsAll { return [] }
        guard let pinned = pinned() else {
            logger.warning("nothing is removed now: the control store does not say which runs are baselines")
            return []
        }
        let result = pruning.withLock { _ in
            Result { () throws(ClickHouseError) in
                let now = UInt64(max(0, Date().timeIntervalSince1970))
                return policy.candidates(try storage.tables.storedRuns(), now: now, pinned: pinned).map { candidate in
                    Outcome(candidate: candidate, problem: onlyLooks ? nil : remove(candidate))
                }
            }
        }
        return try result.get()
    }

    /// Returns what kept it from being removed.
    private func remove(_ candidate: RetentionPolicy.Candidate) -> String? {
        let runID = candidate.run.runID
        do throws(RunRemovalError) {
            try removal.remove(runID)
            logger.notice("removed run \(printable(runID.text)): \(candidate.reason)")
            return nil
        } catch {
            logger.warning("run \(printable(runID.text)) stays: \(error.explanation)")
            return error.explanation
        }
    }

    // MARK: the service

    private static let periodSeconds = 3_600.0
    private static let firstSeconds = 30.0

    /// On a thread of its own: once an hour, if there is a policy.
    package func run() {
        var pause = Self.firstSeconds
        while !stopping.load(ordering: .acquiring) {
            _ = wake.wait(timeout: .now() + pause)
            if stopping.load(ordering: .acquiring) || policy.keepsAll { continue }
            do throws(ClickHouseError) {
                _ = try prune(nil, onlyLooks: false)
                pause = Self.periodSeconds
            } catch {
                // ClickHouse is away: soon again.
                pause = Self.firstSeconds
                logger.debug("retention: \(error)")
            }
        }
    }

    package func stop() {
        stopping.store(true, ordering: .releasing)
        wake.signal()
    }
}

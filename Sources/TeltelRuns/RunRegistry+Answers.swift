/// What the registry tells: values, of one moment each.
import TeltelControl
import TeltelEvents
import TeltelIngest
import TeltelRings

extension RunRegistry {
    /// A run's record and what moves.
    package struct Snapshot: Sendable {
        package var record: RunRecord
        package var ratePerSecond: Double
        /// Bytes that the live reader did not see because it was lapped.
        package var missedBytes: UInt64
        /// Posted lines that were no events, newest last; since the start of this collector.
        package var rejectedLines: [RejectedLine]
    }

    /// What has changed.
    package struct Difference: Sendable {
        /// Newest first, running ones on top; those that are running, if it `isComplete`.
        package var runs: [Snapshot]
        /// Some of them may be there again.
        package var removed: [Name]
        /// To ask with next time.
        package var revision: UInt64
        /// What is not listed anew is gone.
        package var isComplete: Bool
    }

    /// What has happened between two calls of `tick`.
    package struct Changes {
        package var records: [RunRecord] = []
        /// By run: where its rings had no room.
        package var refused: [Name: [RingID: RefusedStretches]] = [:]
        /// Instances that will not be read again; the records hold all that they told.
        package var ended: [InstanceID] = []
    }
}

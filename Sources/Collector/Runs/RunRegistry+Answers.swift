/// What the registry tells: values, of one moment each.
import TeltelControl
import TeltelEvents
import TeltelIngest
import TeltelRings

extension RunRegistry {
    /// A run's record and what moves.
    struct Snapshot: Sendable {
        var record: RunRecord
        var ratePerSecond: Double
        /// Bytes that the live reader did not see because it was lapped.
        var missedBytes: UInt64
        /// Posted lines that were no events, newest last; since the start of this collector.
        var rejectedLines: [RejectedLine]
    }

    /// What has changed.
    struct Difference: Sendable {
        /// Newest first, running ones on top.
        var runs: [Snapshot]
        /// Some of them may be there again.
        var removed: [Name]
        /// To ask with next time.
        var revision: UInt64
        /// All runs that there are: what is not among them is gone.
        var isComplete: Bool
    }

    /// What has happened between two calls of `tick`.
    struct Changes {
        var records: [RunRecord] = []
        /// By run: where its rings had no room.
        var refused: [Name: [RingID: RefusedStretches]] = [:]
        /// Instances that will not be read again; the records hold all that they told.
        var ended: [InstanceID] = []
    }
}

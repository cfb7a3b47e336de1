import TeltelEvents

/// What a run file says about its producer and its run. Fixed from the start; the end is told by `RingInstance`.
package struct RunDescription: Sendable {
    package enum Kind: Sendable { case engine, ingest }

    package let instance: InstanceID
    package let kind: Kind
    /// As the engine gave it; "" for ingest instances.
    package let runID: Name
    package let sourceID: Name
    package let engineVersion: String
    package let seed: UInt64?
    /// JSON text; "" if none was given.
    package let config: String
    package let tags: TagSet
    package let libraryVersion: UInt32
    package let processID: Int32
    let processStart: UInt64
    let processNamespace: UInt64
    package let bootID: [UInt8]
    /// CLOCK_REALTIME and CLOCK_MONOTONIC at the run's start, nanoseconds.
    package let startWall: UInt64
    package let startMonotonic: UInt64
    package let ringBytes: Int
}

/// How a run ended, as its engine said.
package struct RunEnd: Sendable, Equatable {
    package enum Status: String, Sendable { case completed, failed, cancelled }
    package let status: Status
    package let reason: String
    /// Nanoseconds since 1970.
    package let wall: UInt64

    package init(status: Status, reason: String, wall: UInt64) {
        self.status = status
        self.reason = reason
        self.wall = wall
    }
}

/// One stream of an ingest instance.
package struct IngestStream: Sendable {
    package let run: RunKey
    package let schema: EventSchema
}

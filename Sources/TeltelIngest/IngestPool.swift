/// The collector's own rings: what comes in as NDJSON is written there and takes the same way as an engine's events.
import Synchronization
import TeltelEvents
import TeltelSDK

/// Hands out lanes. Thread-safe.
package final class IngestPool: Sendable {
    package struct Counters: Sendable {
        package var accepted: UInt64 = 0
        package var dropped: UInt64 = 0
        package var rejected: [String: UInt64] = [:]
        /// Bodies that could not be read to their end, by code.
        package var brokenBodies: [String: UInt64] = [:]
    }
    private struct State {
        var instance: IngestInstance
        var lanes: [IngestLane]
        /// By the event loop whose connections use it.
        var laneOf: [ObjectIdentifier: Int] = [:]
    }
    private let folder: String
    private let ringBytes: Int
    private let state: Mutex<State>
    private let counted = Mutex(Counters())
    /// Tells the live reader that there is something.
    let wake: @Sendable () -> Void
    /// Tells it of what may be a single event, in this instance.
    private let told: @Sendable (InstanceID) -> Void
    /// Tells all readers that a ring is full. Storage looks by itself often enough otherwise.
    let hurry: @Sendable () -> Void
    /// Hears of lines that are no events, by the run they were meant for.
    private let rejected: @Sendable ([Name: RejectedLines]) -> Void

    package init(
        folder: String, lanes: Int, ringBytes: Int, posted: PostedRuns,
        rejected: @escaping @Sendable ([Name: RejectedLines]) -> Void,
        wake: @escaping @Sendable () -> Void, tell: @escaping @Sendable (InstanceID) -> Void,
        hurry: @escaping @Sendable () -> Void
    ) throws(TelemetryError) {
        self.folder = folder
        self.ringBytes = ringBytes
        self.rejected = rejected
        self.wake = wake
        told = tell
        self.hurry = hurry
        let instance = try IngestInstance(folder: folder, rings: lanes, ringBytes: ringBytes)
        state = Mutex(State(instance: instance, lanes: (0..<lanes).map { IngestLane(instance, writer: $0, posted: posted) }))
    }

    /// The one for a connection: its lines keep their order. Connections of one event loop share a lane, so that no thread
    /// waits for another one.
    package func lane(for eventLoop: ObjectIdentifier) -> IngestLane {
        state.withLock { state in
            let index = state.laneOf[eventLoop] ?? state.laneOf.count % state.lanes.count
            state.laneOf[eventLoop] = index
            return state.lanes[index]
        }
    }

    /// The table of streams is full: all lanes go on in a new instance. The old one is drained like any that has ended.
    func renew(_ full: IngestLane) throws(TelemetryError) {
        let (instance, lanes) = state.withLock { ($0.instance, $0.lanes) }
        guard full.belongs(to: instance) else { return }  // somebody was faster
        let fresh = try IngestInstance(folder: folder, rings: lanes.count, ringBytes: ringBytes)
        for (index, lane) in lanes.enumerated() { lane.move(to: fresh, writer: index) }
        state.withLock { $0.instance = fresh }
        instance.end()
    }

    /// What `takeAtOnce` has taken there is to be shown. On the sender's event loop: a single event is read on this thread.
    package func tell(of lane: IngestLane) { told(lane.instance) }

    /// No more lines will come.
    package func end() { state.withLock { $0.instance }.end() }

    func count(_ tally: IngestTally) {
        counted.withLock { counters in
            counters.accepted += tally.accepted
            counters.dropped += tally.dropped
            if !tally.rejected.isEmpty { counters.rejected.merge(tally.rejected) { $0 + $1 } }
        }
        if !tally.rejectedByRun.isEmpty { rejected(tally.rejectedByRun) }
    }
    package func countBrokenBody(_ code: String) { counted.withLock { $0.brokenBodies[code, default: 0] += 1 } }

    package var counters: Counters { counted.withLock { $0 } }
}

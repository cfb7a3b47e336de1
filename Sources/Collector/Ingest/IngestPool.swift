/// The collector's own rings: what comes in as NDJSON is written there and takes the same way as an engine's events.
import CTeltelJSON
import Foundation
import NIOCore
import Synchronization
import TeltelSDK

/// Hands out lanes. Thread-safe.
final class IngestPool: Sendable {
    struct Counters: Sendable {
        var accepted: UInt64 = 0
        var dropped: UInt64 = 0
        var rejected: [String: UInt64] = [:]
    }
    private struct State {
        var instance: IngestInstance
        var lanes: [IngestLane]
        var next = 0
    }
    private let folder: String
    private let ringBytes: Int
    private let state: Mutex<State>
    private let counted = Mutex(Counters())
    /// Tells the readers that there is something.
    let wake: @Sendable () -> Void

    init(folder: String, lanes: Int, ringBytes: Int, wake: @escaping @Sendable () -> Void) throws(TelemetryError) {
        self.folder = folder
        self.ringBytes = ringBytes
        self.wake = wake
        let instance = try IngestInstance(folder: folder, rings: lanes, ringBytes: ringBytes)
        state = Mutex(State(instance: instance, lanes: (0..<lanes).map { IngestLane(instance, writer: $0) }))
    }

    /// One for each request, by turns: lines of one request keep their order.
    func lane() -> IngestLane {
        state.withLock { state in
            state.next = (state.next + 1) % state.lanes.count
            return state.lanes[state.next]
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

    /// No more lines will come.
    func end() { state.withLock { $0.instance }.end() }

    func count(_ summary: IngestSummary) {
        counted.withLock { counters in
            counters.accepted += UInt64(summary.accepted)
            counters.dropped += UInt64(summary.dropped)
            counters.rejected.merge(summary.rejectedByCode.mapValues(UInt64.init)) { $0 + $1 }
        }
    }
    var counters: Counters { counted.withLock { $0 } }
}

/// What became of the lines of one request.
struct IngestSummary: Sendable {
    struct LineError: Encodable, Sendable {
        /// Counted from 1.
        let line: Int
        let code: String
        let message: String
    }
    private(set) var accepted = 0
    private(set) var rejected = 0
    private(set) var dropped = 0
    /// The first ten.
    private(set) var errors: [LineError] = []
    private(set) var rejectedByCode: [String: Int] = [:]

    mutating func accept() { accepted += 1 }
    mutating func drop() { dropped += 1 }
    mutating func reject(line: Int, _ problem: LineProblem) {
        rejected += 1
        rejectedByCode[problem.code, default: 0] += 1
        if errors.count < 10 { errors.append(LineError(line: line, code: problem.code, message: problem.message)) }
    }
}

/// Why a line is not an event.
struct LineProblem: Error, Sendable, Equatable {
    let code: String
    let message: String

    static func tooLong(_ limit: Int) -> LineProblem {
        LineProblem(code: "line-too-long", message: "the line is longer than \(limit) bytes")
    }
    static let tooLarge = LineProblem(code: "event-too-large", message: "the event does not fit into a ring")
    static let nameTooLong = LineProblem(
        code: "name-too-long", message: "runId, sourceId, channel and type may have at most 255 bytes")

    init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    /// nil if there is none.
    init?(_ error: teltel_json_event_error) {
        switch error {
        case TELTEL_JSON_EVENT_OK: return nil
        case TELTEL_JSON_EVENT_NOT_AN_OBJECT: self.init(code: "not-an-object", message: "the line is not a JSON object")
        case TELTEL_JSON_EVENT_VERSION: self.init(code: "bad-version", message: "v must be an integer other than 0")
        case TELTEL_JSON_EVENT_RUN_ID: self.init(code: "bad-run-id", message: "runId must be a string that is not empty")
        case TELTEL_JSON_EVENT_SOURCE_ID: self.init(code: "bad-source-id", message: "sourceId must be a string that is not empty")
        case TELTEL_JSON_EVENT_CHANNEL: self.init(code: "bad-channel", message: "channel must be a string")
        case TELTEL_JSON_EVENT_TYPE: self.init(code: "bad-type", message: "type must be a string")
        case TELTEL_JSON_EVENT_FRAME_INDEX: self.init(code: "bad-frame-index", message: "frameIndex must be an integer from 0")
        case TELTEL_JSON_EVENT_FRAME_TOO_LARGE:
            self.init(code: "frame-index-too-large", message: "frameIndex is above 4294967295; send larger ones through a ring")
        case TELTEL_JSON_EVENT_SIM_TIME: self.init(code: "bad-sim-time", message: "simTime must be a number from 0")
        case TELTEL_JSON_EVENT_WALL_TIME: self.init(code: "bad-wall-time", message: "wallTimeMs must be an integer or null")
        case TELTEL_JSON_EVENT_TAGS: self.init(code: "bad-tags", message: "tags must be an object of strings, or null")
        case TELTEL_JSON_EVENT_NO_MEMORY: self.init(code: "no-memory", message: "the collector has no memory for this line")
        default: self.init(code: "invalid-json", message: "the line is not valid JSON")
        }
    }
}

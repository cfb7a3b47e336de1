/// One ingest ring with its parser: takes the lines of one request's piece at a time.
import CTeltelJSON
import CTeltelRings
import Synchronization
import TeltelEvents
import TeltelSDK

/// Thread-safe: requests that share a lane take turns, for as long as one piece of a body takes.
package final class IngestLane: Sendable {
    /// Why `take` returned.
    enum Stop {
        /// All bytes are used.
        case end
        /// No room in the ring for the next line: try again later.
        case full
        /// The instance's table of streams is full: renew it and try again.
        case noStream
    }
    private enum Outcome {
        case accepted(place: Int)
        case full
        case noStream
        case rejected(LineProblem, named: Name?)
    }
    private struct State {
        var instance: IngestInstance
        var writer: IngestWriter
        let parser: LineParser
        /// Streams of this instance that were seen here.
        var streams = StreamTable()
    }
    private let state: Mutex<State>
    private let posted: PostedRuns

    init(_ instance: IngestInstance, writer: Int, posted: PostedRuns) {
        self.posted = posted
        state = Mutex(State(instance: instance, writer: instance.writer(writer), parser: LineParser()))
    }

    /// Where its newest lines are.
    var instance: InstanceID { state.withLock { InstanceID($0.instance.instance) } }

    func belongs(to instance: IngestInstance) -> Bool { state.withLock { $0.instance === instance } }

    func move(to instance: IngestInstance, writer: Int) {
        state.withLock { state in
            state.instance = instance
            state.writer = instance.writer(writer)
            state.streams = StreamTable()
        }
    }

    /// Takes whole lines of `bytes` from `offset` on. One lock, one look at the clock, no allocation for an accepted line.
    func take(_ bytes: UnsafeRawBufferPointer, from offset: inout Int, of lines: inout IngestLines) -> Stop {
        state.withLock { state in
            let now = Int64(teltel_wall_ns() / 1_000_000)
            // The newest accepted line's stream; -1: none here yet.
            var newest = -1
            defer { if newest >= 0 { lines.runID = state.streams.run(newest) } }
            while true {
                let outcome: Outcome?
                var behind = offset
                switch lines.cutter.next(bytes, &offset) {
                case .none: return .end
                case .inPlace(let range):
                    behind = range.upperBound + 1
                    outcome =
                        lines.isKnown
                        ? nil
                        : take(
                            UnsafeRawBufferPointer(rebasing: bytes[range]), slack: bytes.count - range.upperBound, now, &state)
                case .carried:
                    behind = offset
                    outcome = lines.isKnown ? nil : lines.cutter.withCarried { take($0, slack: 0, now, &state) }
                case .tooLong:
                    behind = offset
                    outcome = lines.isKnown ? nil : .rejected(.tooLong(lines.cutter.maxLineBytes), named: nil)
                }
                switch outcome {
                case nil: break
                case .accepted(let place):
                    newest = place
                    lines.accept()
                case .rejected(let problem, let named):
                    if newest >= 0 { lines.runID = state.streams.run(newest) }
                    lines.reject(problem, named: named, atMs: now)
                case .noStream: return .noStream
                case .full:
                    guard lines.gaveUp else { return .full }
                    state.writer.countDropped()
                    lines.drop()
                }
                lines.cutter.finish()
                offset = behind
            }
        }
    }

    /// One line; nil if it is blank.
    private func take(_ line: UnsafeRawBufferPointer, slack: Int, _ now: Int64, _ state: inout State) -> Outcome? {
        guard let text = Self.trimmed(line) else { return nil }
        var event = teltel_json_event()
        if let problem = LineProblem(state.parser.read(text, slack: slack, &event)) {
            return .rejected(problem, named: Self.runID(event))
        }
        let place: Int
        if let known = state.streams.find(event), !state.streams.isStale(known, version: posted.version) {
            place = known
        } else {
            guard max(event.run_id.count, event.source_id.count, event.channel.count, event.type.count) <= 255 else {
                return .rejected(.nameTooLong, named: Self.runID(event))
            }
            guard let found = stream(event, now, &state) else { return .noStream }
            place = found
        }
        // SAFETY: the spans point into the line or the parser's memory; both hold until the parser's next call, under this lock.
        switch state.writer.append(
            stream: state.streams.index(place), frame: event.frame_index, simTime: event.sim_time,
            wallTimeMs: event.has_wall_time != 0 ? event.wall_time_ms : now, tags: event.tags.raw, payload: event.payload.raw)
        {
        case .accepted:
            if state.streams.line(place) == .end { posted.ended(Self.run(event), nowMs: now) }
            return .accepted(place: place)
        case .full: return .full
        case .tooLarge:
            state.writer.countTooLarge()
            return .rejected(.tooLarge, named: Self.runID(event))
        }
    }

    /// The place of the stream of the run that the line belongs to now; nil: the instance has no room for it.
    private func stream(_ event: teltel_json_event, _ now: Int64, _ state: inout State) -> Int? {
        let known = state.streams.find(event)
        let type = Name(event.type.text)
        let line: PostedRuns.Line = type == .runStart ? .start : type == .runEnd ? .end : .other
        // Before the question: what changes meanwhile is asked for again.
        let version = posted.version
        let name = posted.name(Self.run(event), line, nowMs: now)
        if let known, state.streams.run(known) == name.shown {
            state.streams.renew(known, name, version: version, index: state.streams.index(known))
            return known
        }
        guard
            let index = state.instance.stream(
                run: name.shown.text, source: event.source_id.text, channel: event.channel.text, type: type.text)
        else { return nil }
        guard let known else { return state.streams.add(event, line, name, version: version, index: index) }
        state.streams.renew(known, name, version: version, index: index)
        return known
    }

    private static func run(_ event: teltel_json_event) -> RunKey {
        RunKey(runID: Name(event.run_id.text), sourceID: Name(event.source_id.text))
    }

    /// As the line names it, if that can be a run's.
    private static func runID(_ event: teltel_json_event) -> Name? {
        (1...255).contains(event.run_id.count) ? Name(event.run_id.text) : nil
    }

    /// Without the carriage return and other whitespace around; nil for a blank line.
    private static func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var (begin, end) = (0, line.count)
        while end > begin, isBlank(line[end - 1]) { end -= 1 }
        while begin < end, isBlank(line[begin]) { begin += 1 }
        return begin == end ? nil : UnsafeRawBufferPointer(rebasing: line[begin..<end])
    }
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }
}

/// Owns a simdjson parser.
// Sendable: it is used under its lane's lock only.
private final class LineParser: @unchecked Sendable {
    private let parser: OpaquePointer?
    init() { parser = teltel_json_parser_create() }
    deinit { if let parser { teltel_json_parser_destroy(parser) } }

    /// `slack`: so many bytes behind the line may be read.
    func read(_ line: UnsafeRawBufferPointer, slack: Int, _ event: inout teltel_json_event) -> teltel_json_event_error {
        guard let parser else { return TELTEL_JSON_EVENT_NO_MEMORY }
        return teltel_json_read_event(
            parser, line.baseAddress?.assumingMemoryBound(to: CChar.self), line.count, slack, &event)
    }
}

/// One ingest ring with its parser: takes lines, one request's piece at a time.
import CTeltelJSON
import Foundation
import Synchronization
import TeltelSDK

/// Thread-safe: requests that share a lane take turns, for as long as one piece of a body takes.
final class IngestLane: Sendable {
    enum Outcome: Equatable {
        case accepted
        /// No room in the ring: try the same line again later.
        case full
        /// The instance's table of streams is full: renew it and try again.
        case noStream
        /// `runID` as the line names it; nil if that cannot be read.
        case rejected(LineProblem, runID: String?)
    }
    private struct State {
        var instance: IngestInstance
        var writer: IngestWriter
        let parser: LineParser
        /// Streams of this instance that were seen here.
        var streams: [StreamName: UInt32] = [:]
        var last: (name: StreamName, index: UInt32)?
    }
    private struct StreamName: Hashable {
        let run, source, channel, type: String
    }
    private let state: Mutex<State>

    init(_ instance: IngestInstance, writer: Int) {
        state = Mutex(State(instance: instance, writer: instance.writer(writer), parser: LineParser()))
    }

    func belongs(to instance: IngestInstance) -> Bool { state.withLock { $0.instance === instance } }

    func move(to instance: IngestInstance, writer: Int) {
        state.withLock { state in
            state.instance = instance
            state.writer = instance.writer(writer)
            state.streams = [:]
            state.last = nil
        }
    }

    /// One line without its end. `runID` becomes the run's, if the line is accepted.
    func take(_ line: UnsafeRawBufferPointer, runID: inout String?) -> Outcome {
        state.withLock { state in
            var event = teltel_json_event()
            let problem = LineProblem(state.parser.read(line, &event)) ?? Self.nameProblem(event)
            if let problem { return .rejected(problem, runID: Self.runID(event)) }
            guard let stream = Self.stream(event, &state) else { return .noStream }
            let wall = event.has_wall_time != 0 ? event.wall_time_ms : Int64(Date().timeIntervalSince1970 * 1_000)
            // SAFETY: the spans point into the parser's memory, which holds until its next call; the lock is held until then.
            let result = state.writer.append(
                stream: stream, frame: event.frame_index, simTime: event.sim_time, wallTimeMs: wall,
                tags: UnsafeRawBufferPointer(start: event.tags.bytes, count: event.tags.count),
                payload: UnsafeRawBufferPointer(start: event.payload.bytes, count: event.payload.count))
            switch result {
            case .accepted:
                if let last = state.last, runID != last.name.run { runID = last.name.run }
                return .accepted
            case .full: return .full
            case .tooLarge:
                state.writer.countTooLarge()
                return .rejected(.tooLarge, runID: Self.runID(event))
            }
        }
    }

    private static func nameProblem(_ event: teltel_json_event) -> LineProblem? {
        max(event.run_id.count, event.source_id.count, event.channel.count, event.type.count) > 255 ? .nameTooLong : nil
    }

    private static func runID(_ event: teltel_json_event) -> String? {
        (1...255).contains(event.run_id.count) ? text(event.run_id) : nil
    }

    /// The caller gave a line up after `.full`.
    func countDropped() { state.withLock { $0.writer.countDropped() } }

    private static func stream(_ event: teltel_json_event, _ state: inout State) -> UInt32? {
        if let last = state.last, isSame(event, last.name) { return last.index }
        let name = StreamName(
            run: text(event.run_id), source: text(event.source_id), channel: text(event.channel), type: text(event.type))
        guard
            let index = state.streams[name]
                ?? state.instance.stream(run: name.run, source: name.source, channel: name.channel, type: name.type)
        else { return nil }
        state.streams[name] = index
        state.last = (name, index)
        return index
    }

    private static func bytes(_ span: teltel_json_span) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: span.bytes, count: span.count)
    }
    private static func text(_ span: teltel_json_span) -> String { String(decoding: bytes(span), as: UTF8.self) }

    private static func isSame(_ event: teltel_json_event, _ name: StreamName) -> Bool {
        bytes(event.type).elementsEqual(name.type.utf8) && bytes(event.run_id).elementsEqual(name.run.utf8)
            && bytes(event.channel).elementsEqual(name.channel.utf8) && bytes(event.source_id).elementsEqual(name.source.utf8)
    }
}

/// Owns a simdjson parser.
// Sendable: it is used under its lane's lock only.
private final class LineParser: @unchecked Sendable {
    private let parser: OpaquePointer?
    init() { parser = teltel_json_parser_create() }
    deinit { if let parser { teltel_json_parser_destroy(parser) } }

    func read(_ line: UnsafeRawBufferPointer, _ event: inout teltel_json_event) -> teltel_json_event_error {
        guard let parser else { return TELTEL_JSON_EVENT_NO_MEMORY }
        return teltel_json_read_event(parser, line.baseAddress?.assumingMemoryBound(to: CChar.self), line.count, &event)
    }
}

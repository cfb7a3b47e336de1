/// Which stream of the instance a line belongs to, found by the bytes of its four names.
import CTeltelJSON
import Foundation
import TeltelEvents

/// A value under its lane's lock. As many entries as the instance has streams, 65,536 at most.
struct StreamTable {
    private struct Entry {
        /// Where its names begin in `names`: run, source, channel, type, one after the other.
        let begin: Int
        let run, source, channel, type: Int
        var index: UInt32
        let line: PostedRuns.Line
        /// The run under which its lines are taken, and what of `PostedRuns` that was learnt from.
        var shown: Name
        var endedMs: Int64?
        var version: UInt64
    }
    private var entries: [Entry] = []
    private var names: [UInt8] = []
    /// By the hash of the four names.
    private var places: [Int: Int] = [:]
    /// The line before was of this one: most lines are, too.
    private var last = 0

    /// The place of the event's stream here. No allocation, no text is made.
    mutating func find(_ event: teltel_json_event) -> Int? {
        if last < entries.count, matches(entries[last], event) { return last }
        guard let place = places[Self.hash(event)], matches(entries[place], event) else { return nil }
        last = place
        return place
    }

    /// `index`: of the stream in the instance.
    mutating func add(
        _ event: teltel_json_event, _ line: PostedRuns.Line, _ name: (shown: Name, endedMs: Int64?), version: UInt64,
        index: UInt32
    ) -> Int {
        let begin = names.count
        for span in [event.run_id, event.source_id, event.channel, event.type] { names.append(contentsOf: span.raw) }
        entries.append(
            Entry(
                begin: begin, run: event.run_id.count, source: event.source_id.count, channel: event.channel.count,
                type: event.type.count, index: index, line: line, shown: name.shown, endedMs: name.endedMs, version: version))
        last = entries.count - 1
        places[Self.hash(event)] = last
        return last
    }

    func index(_ place: Int) -> UInt32 { entries[place].index }
    func line(_ place: Int) -> PostedRuns.Line { entries[place].line }
    /// The name under which the run is shown.
    func run(_ place: Int) -> Name { entries[place].shown }

    /// Must `PostedRuns` be asked again before a line is taken there? A start may begin another run, and so may any line a while
    /// after the end.
    func isStale(_ place: Int, version: UInt64) -> Bool {
        entries[place].version != version || entries[place].endedMs != nil || entries[place].line == .start
    }

    /// What `PostedRuns` has answered. `index`: of the stream of the run so named.
    mutating func renew(_ place: Int, _ name: (shown: Name, endedMs: Int64?), version: UInt64, index: UInt32) {
        entries[place].shown = name.shown
        entries[place].endedMs = name.endedMs
        entries[place].version = version
        entries[place].index = index
    }

    private func matches(_ entry: Entry, _ event: teltel_json_event) -> Bool {
        guard entry.type == event.type.count, entry.run == event.run_id.count, entry.channel == event.channel.count,
            entry.source == event.source_id.count
        else { return false }
        return names.withUnsafeBytes { names in
            // SAFETY: the four names lie in `names` from `begin` on, with the counts just compared.
            let run = names.baseAddress.unsafelyUnwrapped + entry.begin
            let source = run + entry.run
            let channel = source + entry.source
            return Self.isSame(channel + entry.channel, event.type) && Self.isSame(run, event.run_id)
                && Self.isSame(channel, event.channel) && Self.isSame(source, event.source_id)
        }
    }

    private static func isSame(_ known: UnsafeRawPointer, _ span: teltel_json_span) -> Bool {
        guard let bytes = span.bytes else { return true }
        return memcmp(known, bytes, span.count) == 0
    }

    /// Seeded anew in each process: a sender cannot choose names that collide.
    private static func hash(_ event: teltel_json_event) -> Int {
        var hasher = Hasher()
        hasher.combine(event.run_id.count)
        hasher.combine(bytes: event.run_id.raw)
        hasher.combine(event.source_id.count)
        hasher.combine(bytes: event.source_id.raw)
        hasher.combine(event.channel.count)
        hasher.combine(bytes: event.channel.raw)
        hasher.combine(bytes: event.type.raw)
        return hasher.finalize()
    }
}

extension teltel_json_span {
    var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: count) }
    var text: String { String(decoding: raw, as: UTF8.self) }
}

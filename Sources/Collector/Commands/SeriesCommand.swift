/// `teltel series`: values of a run over its frames, side by side.
import ArgumentParser
import Foundation
import TeltelAPI
import TeltelEvents

struct SeriesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "series", abstract: "Prints values of a stored run over its frames, several side by side.",
        discussion: """
            A value is named by type and field, body.state.pos.x, of one instance wheel.force[2].load. Values of one frame stand in one \
            row, and a frame that one of them lacks has the others. A terminal gets a table, a pipe CSV.
            """)

    @Argument(
        help: "Run id, the beginning of one, or latest.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var run: String

    @Argument(help: ArgumentHelp("What is asked for.", valueName: "type.field"))
    var values: [String]

    @Option(help: "Only of this source.")
    var source: String?

    @Option(help: "Only of this channel.")
    var channel: String?

    @Option(help: "From this frame on.")
    var from: UInt64?

    @Option(help: "Up to this frame.")
    var until: UInt64?

    @Option(help: "About so many rows of each value: the smallest and largest of each stretch of frames.")
    var points: Int?

    @Option(help: "So many rows at most, 0: all of them. (default: 200 in a terminal, else all)")
    var limit: Int?

    @Flag(help: "As JSON, one row a line.")
    var json = false

    @Flag(help: "As CSV.")
    var csv = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        if values.isEmpty { throw ValidationError("name a value, such as body.state.pos.x") }
        if json, csv { throw ValidationError("--json and --csv exclude each other") }
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative") }
        if let points, points < 2 { throw ValidationError("--points must be 2 or more") }
        if let from, let until, from > until { throw ValidationError("--from is greater than --until") }
    }

    func run() async throws {
        try await options.talk { client in
            let runID = try await client.runID(run)
            let types = try await ListedType.all(client, runID).filter { type in
                (source == nil || Name(type.sourceId) == source.map { Name($0) })
                    && (channel == nil || Name(type.channel) == channel.map { Name($0) })
            }
            let named = try values.map { text throws(ClientError) in try NamedValue(text, in: types) }
            let merged = try await points == nil ? whole(client, runID, named) : reduced(client, runID, named)
            show(merged.rows, named)
        }
    }

    private var range: [(String, String)] {
        [("fromFrame", from), ("toFrame", until)].compactMap { name, frame in frame.map { (name, String($0)) } }
    }

    private func whole(_ client: CollectorClient, _ runID: String, _ named: [NamedValue]) async throws -> FrameRows {
        var merged = FrameRows(named.count)
        // Each on its own: rows of the answer stay in order, and columns of one name are never mixed up.
        for (number, value) in named.enumerated() {
            var parameters = [
                ("runId", runID), ("eventType", value.type), ("channel", value.channel), ("jsonPath", value.field),
            ]
            if let source { parameters.append(("sourceId", source)) }
            if let key = value.key { parameters.append(("key", key)) }
            let body = try await client.text("/api/analysis/multi-series?" + CollectorClient.query(parameters + range))
            try merged.add(body.readableBytesView, number)
        }
        return merged
    }

    private func reduced(_ client: CollectorClient, _ runID: String, _ named: [NamedValue]) async throws -> FrameRows {
        var merged = FrameRows(named.count)
        for (number, value) in named.enumerated() {
            for source in value.sources {
                var parameters = [
                    ("runId", runID), ("sourceId", source), ("eventType", value.type), ("channel", value.channel),
                    ("jsonPath", value.field), ("points", String(points ?? 0)),
                ]
                if let key = value.key { parameters.append(("key", key)) }
                let body = try await client.text("/api/analysis/series?" + CollectorClient.query(parameters + range))
                try merged.add(body.readableBytesView, number, source: source)
            }
        }
        return merged
    }

    private func show(_ rows: [FrameRows.Row], _ named: [NamedValue]) {
        let isTable = !json && !csv && Terminal.isShown
        let most = limit ?? (isTable ? 200 : 0)
        let shown = most == 0 ? rows[...] : rows.prefix(most)
        let hasSources = Set(rows.map(\.source)).count > 1
        let hasKeys = rows.contains { !$0.key.isEmpty }
        if rows.isEmpty { Terminal.complain("there is nothing of it in these frames") }
        if json {
            for row in shown { Terminal.say(row.json(named.map(\.text), withSource: hasSources, withKey: hasKeys)) }
        } else {
            let head = ["frame", "time"] + (hasSources ? ["source"] : []) + (hasKeys ? ["key"] : []) + named.map(\.text)
            let cells = shown.map { row in
                [String(row.frame), row.time] + (hasSources ? [row.source] : []) + (hasKeys ? [row.key] : [])
                    + row.values.map { $0 ?? "" }
            }
            if isTable {
                Terminal.table([head] + cells.map { $0.map(Terminal.printable) }, rightAligned: Set(head.indices))
            } else {
                Terminal.write(Data(([head] + cells).map { CSVLine.of($0) }.joined().utf8))
            }
        }
        if shown.count < rows.count { Terminal.complain("\(shown.count) of \(rows.count) rows; --limit 0 prints all") }
    }
}

/// Rows of several answers by frame, source and instance: an outer join, in which nothing is lost.
struct FrameRows {
    struct Row {
        let frame: UInt64
        let time: String
        let source, key: String
        /// As JSON has them, without the quotes of texts; nil: there is none.
        var values: [String?]

        func json(_ names: [String], withSource: Bool, withKey: Bool) -> String {
            func quoted(_ text: String) -> String {
                // Text can always be encoded.
                (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
            }
            var parts = ["\"frame\":\(frame)", "\"time\":\(Double(time).map { $0.isFinite } == true ? time : quoted(time))"]
            if withSource { parts.append("\"source\":\(quoted(source))") }
            if withKey { parts.append("\"key\":\(quoted(key))") }
            for (name, value) in zip(names, values) {
                let text = value.map { isPlain($0) ? $0 : quoted($0) } ?? "null"
                parts.append("\(quoted(name)):\(text)")
            }
            return "{\(parts.joined(separator: ","))}"
        }
        /// A number that a double holds; integers beyond that come as texts.
        private func isPlain(_ text: String) -> Bool {
            guard let number = Double(text), number.isFinite else { return false }
            return abs(number) < 9_007_199_254_740_992 || text.contains(where: { ".eE".contains($0) })
        }
    }
    private struct Place: Hashable {
        let frame: UInt64
        let source, key: Name
        let number: Int
    }
    private let count: Int
    private var places: [Place: Int] = [:]
    private var all: [Row] = []

    init(_ count: Int) { self.count = count }

    var rows: [Row] {
        all.sorted { ($0.frame, Name($0.source), Name($0.key)) < ($1.frame, Name($1.source), Name($1.key)) }
    }

    /// - Parameter source: of all rows, if they do not say it.
    mutating func add<Bytes: Sequence<UInt8>>(_ lines: Bytes, _ number: Int, source: String = "") throws(ClientError) {
        var seen: [Place: Int] = [:]
        for line in Data(lines).split(separator: UInt8(ascii: "\n")) {
            guard let row = try? JSONDecoder().decode(AnsweredRow.self, from: Data(line)) else {
                throw ClientError(
                    description:
                        "the answer has a line that is no row: \(Terminal.printable(String(decoding: line, as: UTF8.self)))")
            }
            let source = row.source ?? source
            let instance = Place(frame: row.frame, source: Name(source), key: Name(row.key ?? ""), number: 0)
            // The n-th of a frame stands beside the n-th of the others.
            let nth = seen[instance, default: 0]
            seen[instance] = nth + 1
            let place = Place(frame: row.frame, source: instance.source, key: instance.key, number: nth)
            if places[place] == nil {
                places[place] = all.count
                all.append(
                    Row(
                        frame: row.frame, time: row.time, source: source, key: row.key ?? "",
                        values: Array(repeating: nil, count: count)))
            }
            all[places[place]!].values[number] = row.value
        }
    }
}

/// A row of multi-series or series with one value.
private struct AnsweredRow: Decodable {
    let frame: UInt64
    let time: String
    let source, key: String?
    let value: String?

    private struct Name: CodingKey {
        let stringValue: String
        init(stringValue: String) { self.stringValue = stringValue }
        var intValue: Int? { nil }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let row = try decoder.container(keyedBy: Name.self)
        func text(_ name: Name) throws -> String? {
            if try row.decodeNil(forKey: name) { return nil }
            if let text = try? row.decode(String.self, forKey: name) { return text }
            let number = try row.decode(Double.self, forKey: name)
            // Whole numbers as people write them.
            return number.rounded() == number && abs(number) < 1e15 ? String(Int64(number)) : "\(number)"
        }
        frame = try row.decode(UInt64.self, forKey: Name(stringValue: "frame_index"))
        time = try text(Name(stringValue: "sim_time")) ?? ""
        source = try row.decodeIfPresent(String.self, forKey: Name(stringValue: "source_id"))
        key = try row.decodeIfPresent(String.self, forKey: Name(stringValue: "key"))
        let known = ["frame_index", "sim_time", "source_id", "key", "type", "exact", "wall_time_ms"]
        let exact = row.allKeys.first { $0.stringValue == "exact" }
        let value = row.allKeys.first { !known.contains($0.stringValue) }
        self.value = try exact.flatMap { try text($0) } ?? value.flatMap { try text($0) }
    }
}

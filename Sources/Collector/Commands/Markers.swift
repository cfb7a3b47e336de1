/// `teltel markers`: places in a run that somebody or some rule has marked.
import ArgumentParser
import Foundation
import TeltelAPI
import TeltelEvents

struct Markers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists what is marked in a run; looks for anomalies, adds and removes markers.",
        discussion: """
            With --find the rules look at the run, and what they find is kept as markers, in place of what they had found before. With \
            --add TEXT and --frame N a place is marked by hand.
            """)

    @Argument(
        help: "Run id, the beginning of one, or latest.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var run: String

    @Flag(help: "Looks for anomalies first, and keeps them.")
    var find = false

    @Option(help: ArgumentHelp("With --find: values of this run are the usual ones.", valueName: "run"))
    var baseline: String?

    @Option(help: ArgumentHelp("Marks a place, with this text.", valueName: "text"))
    var add: String?

    @Option(help: "With --add: the frame, or the first and the last, e.g. 120 or 120-180.")
    var frame: String?

    @Option(help: "With --add: what kind of place it is. (default: note)  Else: only these kinds.")
    var kind: String?

    @Option(
        help: "info, warning or error. With --add: how much it matters; else: only these.",
        completion: .list(["info", "warning", "error"]))
    var severity: String?

    @Option(name: .customLong("type"), help: "Of this event type.")
    var type: String?

    @Option(help: "Of this value, e.g. pos.x.")
    var field: String?

    @Option(help: ArgumentHelp("Removes the marker (repeatable).", valueName: "id"))
    var remove: [String] = []

    @Flag(help: "As JSON, one marker a line.")
    var json = false

    @Flag(help: "As CSV.")
    var csv = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        if json, csv { throw ValidationError("--json and --csv exclude each other") }
        if add != nil, frame == nil { throw ValidationError("--add needs --frame") }
        if add == nil, frame != nil { throw ValidationError("--frame goes with --add") }
        if baseline != nil, !find { throw ValidationError("--baseline goes with --find") }
        if let frame, Self.frames(frame) == nil {
            throw ValidationError("--frame: \(frame) is neither a frame nor two with a - between them")
        }
        if let severity, add != nil, Severity(rawValue: severity) == nil {
            throw ValidationError("--severity: \(severity) is none of info, warning, error")
        }
    }

    private static func frames(_ text: String) -> ClosedRange<UInt64>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            return nil
        }
        return first...last
    }

    func run() async throws {
        try await options.talk { client in
            let runID = try await client.runID(run)
            for id in remove { try await client.send(.DELETE, "/api/markers/\(RunCommand.escaped(id))", MarkerRequest?.none) }
            if let add, let frames = frame.flatMap(Self.frames) { return try await mark(client, runID, add, frames) }
            if find { try await look(client, runID) }
            guard remove.isEmpty || find else { return Terminal.say(remove.map { "removed \(Terminal.printable($0))" }) }
            try await list(client, runID)
        }
    }

    private func mark(_ client: CollectorClient, _ runID: String, _ text: String, _ frames: ClosedRange<UInt64>) async throws {
        let request = MarkerRequest(
            runId: runID, eventType: type.map { Name($0) }, fromFrame: frames.lowerBound, toFrame: frames.upperBound, kind: kind,
            field: field.map { Name($0) }, severity: severity.flatMap(Severity.init(rawValue:)), text: text)
        let marker = try await client.post("/api/markers", request, as: MarkerAnswer.self)
        Terminal.say(marker.id)
    }

    private func look(_ client: CollectorClient, _ runID: String) async throws {
        var parameters = [("runId", runID)]
        if let baseline { parameters.append(("baseline", baseline)) }
        if let type { parameters.append(("eventType", type)) }
        let answer = try await client.post(
            "/api/analysis/anomalies?" + CollectorClient.query(parameters), as: AnomaliesAnswer.self)
        let coverage = answer.coverage
        Terminal.complain(
            "looked at \(Terminal.grouped(coverage.rows)) events, \(coverage.fields) values of \(coverage.types) types; "
                + "found \(answer.findings.count)")
        let more = answer.more.reduce(0) { $0 + $1.count }
        if more > 0 || answer.truncated { Terminal.complain("\(Terminal.grouped(more)) more of the same kind are not listed") }
        if let kept = answer.kept, kept < answer.findings.count {
            Terminal.complain("the run has no room for more than \(kept) of them")
        }
        if !answer.complete { Terminal.complain("the run is not complete: this is what was stored of it") }
        for one in coverage.notCovered where one.why != "a text" && one.why != "measured" {
            Terminal.complain(Terminal.printable("not looked at: \(one.what), \(one.why)"))
        }
    }

    private func list(_ client: CollectorClient, _ runID: String) async throws {
        var parameters = [("runId", runID)]
        for (name, value) in [("kind", kind), ("severity", severity), ("eventType", type), ("field", field)] {
            if let value { parameters.append((name, value)) }
        }
        if csv || json { parameters.append(("format", csv ? "csv" : "jsonl")) } else { parameters.append(("limit", "10000")) }
        let path = "/api/markers?" + CollectorClient.query(parameters)
        let body = try await client.text(path)
        if csv || json { return Terminal.write(Data(body.readableBytesView)) }
        let answer = try CollectorClient.decode(body, from: path, as: MarkersAnswer.self)
        guard !answer.markers.isEmpty else { return Terminal.complain("nothing is marked in \(Terminal.printable(runID))") }
        Terminal.say(Self.table(answer.markers).lines(width: Terminal.width))
    }

    private static func table(_ markers: [MarkerAnswer]) -> TextTable {
        TextTable(
            [
                .init(head: "FRAME", isRight: true), .init(head: "TO", isRight: true, yields: 2), .init(head: "SEVERITY"),
                .init(head: "KIND"), .init(head: "TEXT", least: 24), .init(head: "BY", yields: 3),
                .init(head: "ID", least: 12, yields: 4),
            ],
            rows: markers.map { marker in
                let last = marker.toFrame > marker.fromFrame ? Terminal.grouped(marker.toFrame) : ""
                return [
                    Terminal.grouped(marker.fromFrame), last, marker.severity.rawValue, marker.kind, marker.text,
                    marker.origin.rawValue,
                    marker.id,
                ].map(Terminal.printable)
            })
    }
}

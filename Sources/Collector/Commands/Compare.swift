/// `teltel compare`: where two runs first differ.
import ArgumentParser
import Foundation
import TeltelAPI

struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says whether two runs have the same data, by bits, and where they first differ.",
        discussion: """
            The first line is the verdict, the second the first difference. Ends with 0 if the runs are equal, 1 if they differ, and 2 \
            if nothing could be compared or the question could not be asked.
            """,
        aliases: ["diff"])

    @Argument(help: "Run id: the reference.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var first: String

    @Argument(help: "Run id.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var second: String

    @Option(name: .customLong("type"), help: "Only this event type.")
    var type: String?

    @Option(help: "Only this source.")
    var source: String?

    @Option(help: "From this frame on.")
    var from: UInt64?

    @Option(help: "Up to this frame.")
    var until: UInt64?

    @Flag(help: "The whole answer as JSON, as the API gives it.")
    var json = false

    @OptionGroup var options: ClientOptions

    private var path: String {
        var parameters = [("runId1", first), ("runId2", second)]
        if let type { parameters.append(("eventType", type)) }
        if let source { parameters.append(("sourceId", source)) }
        if let from { parameters.append(("fromFrame", String(from))) }
        if let until { parameters.append(("toFrame", String(until))) }
        let query = parameters.map { "\($0)=\(RunCommand.escaped($1))" }.joined(separator: "&")
        return "/api/analysis/first-divergence?" + query
    }

    func run() async throws {
        var verdict = DivergenceAnswer.Verdict.incomparable
        do {
            try await options.talk { client in
                let body = try await client.text(path)
                let answer = try CollectorClient.decode(body, from: path, as: DivergenceAnswer.self)
                verdict = answer.verdict
                if json { return Terminal.write(Data(body.readableBytesView) + Data("\n".utf8)) }
                Terminal.say(Comparison(answer).lines.map(Terminal.printable))
                Terminal.say(client.page(of: second))
            }
        } catch let code as ExitCode where !code.isSuccess {
            // 1 says that they differ.
            throw ExitCode(2)
        }
        switch verdict {
        case .equal: break
        case .different: throw ExitCode(1)
        case .incomparable: throw ExitCode(2)
        }
    }
}

/// The answer in lines for people.
struct Comparison {
    private let answer: DivergenceAnswer
    /// So many fields of the frame are listed; how many more there are is said.
    private static let fieldsMost = 20

    init(_ answer: DivergenceAnswer) { self.answer = answer }

    var lines: [String] { [verdict] + differences + notes }

    private var verdict: String {
        switch answer.verdict {
        case .equal:
            let frames = answer.equalUpToFrame.map { " up to frame \(Terminal.grouped($0))" } ?? ""
            let soFar = answer.runs.allSatisfy(\.complete) ? "" : " so far"
            return "equal\(soFar)\(frames): \(rows) of \(streams) have the same bits"
        case .different:
            let frame = answer.first.map { " at frame \(Terminal.grouped($0.frame))" } ?? ""
            let equal = answer.equalUpToFrame.map { "; equal up to frame \(Terminal.grouped($0))" } ?? ""
            return "different\(frame)\(equal)"
        case .incomparable: return "not compared: \(answer.reason ?? "nothing is stored that could be compared")"
        }
    }

    private var rows: String { "\(Terminal.grouped(answer.runs.first?.rows ?? 0)) events" }
    private var streams: String {
        let types = Set(answer.streams.map { [$0.channel, $0.type] }).count
        return "\(types) type\(types == 1 ? "" : "s")"
    }

    private var differences: [String] {
        guard let frame = answer.first else { return [] }
        var lines = frame.differences.prefix(Self.fieldsMost).map(Self.line)
        let more = frame.differences.count - lines.count
        if more > 0 { lines.append("… and \(more) more fields of this frame; --json lists all") }
        for rows in frame.unpaired {
            let names = answer.runs.map(\.runId.text)
            for (count, name) in zip(rows.rows, names) where count > 0 {
                lines.append("\(rows.type)  \(count) event\(count == 1 ? "" : "s") of \(name) alone")
            }
        }
        return lines
    }

    private static func line(_ difference: DivergenceAnswer.Difference) -> String {
        let key = difference.key.isEmpty ? "" : "[\(difference.key.joined(separator: ","))]"
        let values = difference.values.map { $0.text ?? "missing" }
        return "\(difference.type)\(key).\(difference.field)  \(values.joined(separator: "  ≠  "))\(note(difference))"
    }

    /// What the values alone do not show.
    private static func note(_ difference: DivergenceAnswer.Difference) -> String {
        if let ulp = difference.ulp, ulp > 0 { return "  (\(Terminal.grouped(ulp)) ulp)" }
        switch difference.class {
        case "nan-bits": return "  (bits \(difference.values.map { $0.bits ?? "" }.joined(separator: " and ")))"
        case "type": return "  (of different types)"
        default: return ""
        }
    }

    private var notes: [String] {
        var notes: [String] = []
        for run in answer.runs where !run.complete {
            notes.append("\(run.runId) is not complete: compared is what was stored of it")
        }
        for run in answer.runs where run.refused + run.lost > 0 {
            let parts = [("refused", run.refused), ("lost", run.lost)].filter { $0.1 > 0 }
            let counts = parts.map { "\(Terminal.grouped($0.1)) events were \($0.0)" }.joined(separator: ", ")
            notes.append("\(run.runId) has gaps: \(counts)")
        }
        let differing = answer.streams.filter { $0.differingBlocks > 0 }
        if !differing.isEmpty {
            let types = Set(differing.map { [$0.channel, $0.type] }).count
            notes.append("\(types) of \(streams) differ\(types == 1 ? "s" : "") somewhere")
        }
        let measured = answer.coverage.notCompared.filter { $0.why.hasPrefix("measured") }.map(\.what)
        if !measured.isEmpty { notes.append("not compared, as they are measured: \(measured.joined(separator: ", "))") }
        return notes
    }
}

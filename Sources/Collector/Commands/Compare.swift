/// `teltel compare`: whether two runs have the same data, and where they differ.
import ArgumentParser
import Foundation
import NIOCore
import TeltelAPI

struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says whether two runs have the same data, and where they first differ.",
        discussion: """
            Values are the same when they have the same bits, unless --ulp, --absolute, --relative or --rules lets more pass.

            The first line is the verdict, the second the first difference, the last a link. Ends with 0 if the runs are equal, 1 if \
            they differ, and 2 if something could not be compared, a run is not complete, or the question could not be asked.
            """,
        aliases: ["diff"])

    @Argument(help: "Run id: the reference.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var first: String

    @Argument(help: "Run id.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var second: String

    @Option(help: "bits, ulp or tolerance (default: what the bounds are for; without any, bits).")
    var mode: String?

    @Option(help: "Floats may be so many units in the last place apart.")
    var ulp: UInt64?

    @Option(help: "Numbers may be so far apart.")
    var absolute: String?

    @Option(help: "Numbers may be so far apart, as a part of the reference's magnitude.")
    var relative: String?

    @Option(help: "With --relative: the usual magnitude, where the reference's is smaller.")
    var nominal: String?

    @Option(help: "A file of rules for types and fields, as JSON.", completion: .file(extensions: ["json"]))
    var rules: String?

    @Option(name: .customLong("type"), help: "Only this event type.")
    var type: String?

    @Option(help: "Only this source.")
    var source: String?

    @Option(help: "Only this field, dotted, with * for any characters; several times for several.")
    var field: [String] = []

    @Option(help: "From this frame on.")
    var from: UInt64?

    @Option(help: "Up to this frame.")
    var until: UInt64?

    @Option(help: "Frame 0 of the reference is this frame of the other run.")
    var offset: Int?

    @Flag(help: "Only frames that both runs have come to.")
    var overlap = false

    @Flag(name: .customLong("first"), help: "Stop at the first difference: nothing is said about what comes behind it.")
    var onlyFirst = false

    @Flag(help: "The whole answer as JSON, as the API gives it.")
    var json = false

    @OptionGroup var options: ClientOptions

    private func rulesText() throws(ClientError) -> String? {
        guard let rules else { return nil }
        guard let text = try? String(contentsOfFile: rules, encoding: .utf8) else {
            throw ClientError(description: "\(rules) cannot be read")
        }
        return text
    }

    private var path: String {
        var parameters = [("runId1", first), ("runId2", second)]
        func add(_ name: String, _ value: (some CustomStringConvertible)?) {
            if let value { parameters.append((name, value.description)) }
        }
        add("mode", mode)
        add("ulp", ulp)
        add("absolute", absolute)
        add("relative", relative)
        add("nominal", nominal)
        add("eventType", type)
        add("sourceId", source)
        for name in field { add("field", name) }
        add("fromFrame", from)
        add("toFrame", until)
        add("offset", offset)
        add("overlap", overlap ? "1" : nil)
        add("depth", onlyFirst ? "first" : nil)
        let query = parameters.map { "\($0)=\(RunCommand.escaped($1))" }.joined(separator: "&")
        return "/api/analysis/compare?" + query
    }

    func run() async throws {
        var verdict = ComparisonAnswer.Verdict.incomparable
        var isComplete = false
        do {
            try await options.talk { client in
                let answer = try await ask(client, try rulesText())
                verdict = answer.verdict
                isComplete = answer.runs.allSatisfy(\.complete)
                if json { return Terminal.write(try APICoding.encoder.encode(answer) + Data("\n".utf8)) }
                Terminal.say(ComparisonText(answer).lines.map(Terminal.printable))
                Terminal.say(client.page(of: answer.runs.last?.runId.text ?? second))
            }
        } catch let code as ExitCode where !code.isSuccess {
            // 1 says that they differ.
            throw ExitCode(2)
        }
        switch verdict {
        // What is equal so far may differ tomorrow.
        case .equal: if !isComplete { throw ExitCode(2) }
        case .different: throw ExitCode(1)
        case .incomparable: throw ExitCode(2)
        }
    }

    /// Shows how far it is, and where runs differ as soon as that is known.
    private func ask(_ client: CollectorClient, _ rules: String?) async throws(ClientError) -> ComparisonAnswer {
        let progress = Progress()
        defer { progress.end() }
        var answer: ComparisonAnswer?
        try await client.lines(path, sending: rules, accepting: "application/x-ndjson") { text throws(ClientError) in
            let line = try CollectorClient.decode(text, from: path, as: ComparisonLine.self)
            if let error = line.error { throw client.refused(error.status, error.error) }
            if let frame = line.first { progress.show("different at frame \(Terminal.grouped(frame.frame)); looking further") }
            if let rows = line.progress {
                progress.show("\(Terminal.grouped(rows.rows)) of \(Terminal.grouped(rows.of)) events that may differ")
            }
            answer = line.document ?? answer
        }
        guard let answer else { throw ClientError(description: "the answer to \(path) was cut off") }
        return answer
    }
}

/// `teltel baseline`: names for runs that others are compared with.
import ArgumentParser
import Foundation
import TeltelAPI

struct BaselineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "baseline",
        abstract: "Names for runs that others are compared with.",
        discussion: """
            `teltel compare baseline:NAME RUN` compares with it, by its rules; `baseline:auto` is the baseline that the run's tag \
            baseline names, else the last completed run of the same source with the same tags. A run is kept as long as it is one.
            """,
        subcommands: [Set.self, List.self, Remove.self, History.self], defaultSubcommand: List.self)

    static func path(_ name: String) -> String { "/api/baselines/\(RunCommand.escaped(name))" }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a name stand for a run, and says what changes against the one before.")
        @Argument(help: "The baseline's name.") var name: String
        @Argument(help: "Run id.", completion: .shellCommand("teltel runs --ids 2>/dev/null")) var run: String
        @Option(
            help: "A file of rules that comparisons with it go by, as JSON (default: by bits).",
            completion: .file(extensions: ["json"]))
        var rules: String?
        @Option(help: "A note: why.") var note: String?
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await options.talk { client in
                let text = try rules.map { file throws(ClientError) in
                    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                        throw ClientError(description: "\(file) cannot be read")
                    }
                    return text
                }
                let answer = try await client.put(
                    BaselineCommand.path(name), BaselineChangeRequest(runId: run, rules: text, note: note),
                    as: BaselineSetAnswer.self)
                Terminal.say(Terminal.printable("\(name) is \(answer.baseline.runId)"))
                guard let before = answer.before, before.runId != answer.baseline.runId else { return }
                Terminal.say(Terminal.printable("before it was \(before.runId); between the two:"))
                let query =
                    "runId1=\(RunCommand.escaped(before.runId.text))&runId2=\(RunCommand.escaped(answer.baseline.runId.text))"
                let path = "/api/analysis/compare?" + query
                let changes = try await client.get(path, as: ComparisonAnswer.self)
                Terminal.say(ComparisonText(changes).lines.map(Terminal.printable))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the baselines.")
        @Flag(help: "As JSON, as the API gives it.") var json = false
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await options.talk { client in
                let body = try await client.text("/api/baselines")
                if json { return Terminal.write(Data(body.readableBytesView) + Data("\n".utf8)) }
                let all = try CollectorClient.decode(body, from: "/api/baselines", as: [BaselineAnswer].self)
                guard !all.isEmpty else { return Terminal.complain("there are no baselines") }
                BaselineCommand.show(all)
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lets a name stand for nothing any more; the run stays.")
        @Argument(help: "The baseline's name.") var name: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await options.talk { client in try await client.send(.DELETE, BaselineCommand.path(name), nil as String?) }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists what a name has stood for, the newest first.")
        @Argument(help: "The baseline's name.") var name: String
        @OptionGroup var options: ClientOptions

        func run() async throws {
            try await options.talk { client in
                BaselineCommand.show(try await client.get(BaselineCommand.path(name) + "/history", as: [BaselineAnswer].self))
            }
        }
    }

    private static func show(_ all: [BaselineAnswer]) {
        let rows = all.map { one in
            let rules = one.rules == nil ? "bits" : "rules"
            let until = one.endedAt.map { "until " + RunTime.local($0) } ?? ""
            return [one.name, one.runId.text, rules, RunTime.local(one.setAt), until, one.note ?? ""].map(Terminal.printable)
        }
        Terminal.say(
            TextTable(
                [
                    .init(head: "NAME"), .init(head: "RUN", least: 16), .init(head: "BY"), .init(head: "SET (\(RunTime.zone))"),
                    .init(head: ""), .init(head: "NOTE", least: 12, yields: 1),
                ], rows: rows
            ).lines(width: Terminal.width))
    }
}

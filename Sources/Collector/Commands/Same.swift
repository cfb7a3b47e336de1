/// `teltel same`: which runs have the same data.
import ArgumentParser
import Foundation
import TeltelAPI

struct Same: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says which runs have the same data, bit for bit.",
        discussion: """
            Of one run it prints the fingerprint and which other runs have the same; of several which of them are equal, and in which \
            frames the others part. Begin, end and measured values of a run are no part of it.
            """)

    @Argument(help: "Run ids.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var runs: [String]

    @Flag(help: "The whole answer as JSON, as the API gives it.")
    var json = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.talk { client in
            try await runs.count == 1 ? ask(client, runs[0]) : group(client)
        }
    }

    private func ask(_ client: CollectorClient, _ run: String) async throws(ClientError) {
        let path = "/api/analysis/same-as?runId=\(RunCommand.escaped(run))"
        let body = try await client.text(path)
        let answer = try CollectorClient.decode(body, from: path, as: SameAsAnswer.self)
        if json { return Terminal.write(Data(body.readableBytesView) + Data("\n".utf8)) }
        Terminal.say("\(answer.fingerprint)  \(Terminal.grouped(answer.rows)) events")
        Terminal.say(answer.same.map { Terminal.printable($0.text) })
        if answer.same.isEmpty, answer.unknown.isEmpty, !answer.truncated {
            Terminal.complain("no other run has the same data")
        }
        let unknown = answer.unknown.map(\.text).joined(separator: ", ")
        for (problem, text) in [
            (!answer.complete, "the run is not complete: this is what was stored of it"),
            (answer.truncated, "there are further runs with as many events"),
            (!answer.unknown.isEmpty, "not looked at, as their digests do not fit: \(unknown)"),
        ] where problem { Terminal.complain(Terminal.printable(text)) }
    }

    private func group(_ client: CollectorClient) async throws(ClientError) {
        let path = "/api/analysis/groups?" + runs.map { "runId=\(RunCommand.escaped($0))" }.joined(separator: "&")
        let body = try await client.text(path)
        let answer = try CollectorClient.decode(body, from: path, as: GroupsAnswer.self)
        if json { return Terminal.write(Data(body.readableBytesView) + Data("\n".utf8)) }
        if let tree = answer.tree { Terminal.say(Self.lines(tree, depth: 0).map(Terminal.printable)) }
        for left in answer.notCompared { Terminal.complain(Terminal.printable("\(left.what) was left out: \(left.why)")) }
    }

    /// Each group with its runs; where groups part, from which block of frames on.
    static func lines(_ node: GroupsAnswer.Node, depth: Int) -> [String] {
        let indent = String(repeating: "  ", count: depth)
        guard let parting = node.partAtBlock else {
            return [indent + (node.runs.count == 1 ? "" : "equal: ") + node.runs.map(\.text).joined(separator: ", ")]
        }
        let head =
            "\(indent)\(node.runs.count) runs part in frames \(Terminal.grouped(parting)) to \(Terminal.grouped(parting + 1_023)):"
        return [head] + node.branches.flatMap { lines($0, depth: depth + 1) }
    }
}

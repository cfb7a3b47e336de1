/// `teltel same`: which runs have the same data.
import ArgumentParser
import Foundation
import TeltelAPI

struct Same: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a run's fingerprint, and which other runs have the same data, bit for bit.",
        discussion: "Runs with equal fingerprints have equal data. Begin, end and measured values of a run are no part of it.")

    @Argument(help: "Run id.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var run: String

    @Flag(help: "The whole answer as JSON, as the API gives it.")
    var json = false

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.talk { client in
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
    }
}

/// `teltel runs`: the run list in a terminal.
import ArgumentParser
import Foundation

struct Runs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the runs, running ones first.")

    @OptionGroup var options: ClientOptions
    @Flag(help: "As JSON, as the API gives it.")
    var json = false

    private struct Run: Decodable {
        let runId, status, created: String
        let sourceId, name: String?
        let accepted, refused, lost, stored, lastFrame: UInt64
        let ratePerSecond: Double
    }

    func run() async throws {
        try await options.talk { client in
            if json { return Terminal.say(String(buffer: try await client.text("/api/runs"))) }
            let runs = try await client.get("/api/runs", as: [Run].self)
            if runs.isEmpty { return Terminal.say("no runs yet") }
            let head = [
                "STATUS", "RUN", "NAME", "SOURCE", "STARTED", "LAST FRAME", "EVENTS", "PER SECOND", "REFUSED", "LOST", "STORED",
            ]
            Terminal.table([head] + runs.map(Self.row), rightAligned: [5, 6, 7, 8, 9, 10])
        }
    }

    private static func row(_ run: Run) -> [String] {
        let started = String(run.created.prefix(19)).replacing("T", with: " ")
        let rate = run.status == "running" ? String(Int(run.ratePerSecond)) : ""
        let numbers = [run.refused, run.lost, run.stored].map { String($0) }
        let cells: [String] = [
            run.status, run.runId, run.name ?? "", run.sourceId ?? "", started, String(run.lastFrame), String(run.accepted), rate,
        ]
        return (cells + numbers).map(Terminal.printable)
    }
}

/// `teltel tail`: a run's events in a terminal, as they come.
import ArgumentParser
import Foundation
import TeltelAPI

struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a run's events as they come; ends with the run.",
        discussion: """
            One line per event: frame, sim time, type, then its values as name=value. With --field a table of these values. Of a run \
            that has ended it prints what is still in memory. A run that is not known is an error, unless --wait is given.
            """)

    @Argument(help: "Run id.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var run: String

    @Option(name: .customLong("type"), help: "Only this event type (repeatable).")
    var types: [String] = []

    @Option(
        name: .customLong("field"), help: "Only this value, e.g. pos.x (repeatable); events without any of them are left out.")
    var fields: [String] = []

    @Option(help: "Only the events of each n-th frame (frame % n = 0).")
    var every = 1

    @Option(name: .shortAndLong, help: "So many buffered events first.")
    var lines = 10

    @Flag(help: "Waits for a run that has not begun.")
    var wait = false

    @Flag(help: "The events as JSON, one a line.")
    var json = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard lines >= 0 else { throw ValidationError("--lines must not be negative") }
        guard every >= 1 else { throw ValidationError("--every must be 1 or more") }
        guard fields.isEmpty || !json else { throw ValidationError("--field and --json exclude each other") }
    }

    private struct Request: Encodable {
        let runId: String
        let types: [String]
        let every: Int
        let tail: Int
        let notices = true
        let untilEnd = true
    }

    func run() async throws {
        try await options.talk { client in
            let run = try await client.runIDIfKnown(run)
            let hasEnded = try await look(client, run)
            let request = Request(runId: run, types: types, every: every, tail: lines)
            let subscription = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
            if !fields.isEmpty { Terminal.say(EventLine.head(fields)) }
            var shown = 0
            let end = try await client.subscribe(subscription) { text in
                if json, !text.hasPrefix("{\"notice\"") {
                    Terminal.say(text.trimmingCharacters(in: .newlines))
                    shown += 1
                    return
                }
                // What is no event is of a later collector, and nothing to print.
                guard let event = try? JSONDecoder().decode(TailedEvent.self, from: Data(text.utf8)) else { return }
                shown += show(event)
            }
            guard end.code == 1000 else {
                throw ClientError(description: Terminal.printable("the collector has left: \(end.reason)"))
            }
            if hasEnded, shown == 0, lines > 0 {
                Terminal.complain("run \(Terminal.printable(run)) has ended; none of what is asked for is in memory")
            }
        }
    }

    /// Returns whether the run has ended. What cannot be followed is an error.
    private func look(_ client: CollectorClient, _ run: String) async throws(ClientError) -> Bool {
        let name = Terminal.printable(run)
        guard let known = try await client.find(RunCommand.path(run), as: RunAnswer.self) else {
            guard wait else {
                throw ClientError(
                    description: "there is no run \(name); `teltel runs` lists those there are, --wait waits for it")
            }
            Terminal.complain("waiting for run \(name)")
            return false
        }
        if known.status == "running" || known.size > 0 { return known.status != "running" }
        let isKept = try await client.find("/api/ready", accepting: [503], as: ReadyAnswer.self)?.storage.state != .off
        let place = isKept ? "storage has them: see \(client.page(of: run))" : "they were not stored"
        throw ClientError(
            description: "run \(name) has ended (\(known.status)), and its events are not in memory any more; \(place)")
    }

    /// Returns how many lines were printed.
    private func show(_ event: TailedEvent) -> Int {
        if let notice = event.notice {
            if notice == "dropped" {
                Terminal.complain(
                    "\(event.count.map(Terminal.grouped) ?? "some") events not shown, this terminal is too slow; see --field and --every"
                )
            } else {
                Terminal.complain("some events are not shown: the engine was faster; storage has them")
            }
            return 0
        }
        guard fields.isEmpty else {
            guard let line = EventLine.chosen(event, fields) else { return 0 }
            Terminal.say(line)
            return 1
        }
        Terminal.say(EventLine.all(event))
        return 1
    }
}

/// `teltel run …`: one run.
import ArgumentParser
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Names a run, notes something about it, or deletes it.",
        subcommands: [NameRun.self, NoteRun.self, DeleteRun.self])

    /// The path of a run in the API.
    static func path(_ runID: String) -> String {
        var allowed = CharacterSet.alphanumerics
        allowed.insert(charactersIn: "-_.~")
        // Text can always be escaped this way.
        return "/api/run?runId=" + (runID.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")
    }
}

private struct RunChange: Encodable {
    var name: String?
    var note: String?
}

struct NameRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "name", abstract: "Gives a run a name for people; its id stays.")

    @OptionGroup var options: ClientOptions
    @Argument(help: "The run's id.")
    var runID: String
    @Argument(help: "The name; \"\" takes it away.")
    var name: String

    func run() async throws {
        try await options.talk { try await $0.send(.PATCH, RunCommand.path(runID), RunChange(name: name)) }
    }
}

struct NoteRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "note", abstract: "Notes something about a run.")

    @OptionGroup var options: ClientOptions
    @Argument(help: "The run's id.")
    var runID: String
    @Argument(help: "The note; \"\" takes it away.")
    var note: String

    func run() async throws {
        try await options.talk { try await $0.send(.PATCH, RunCommand.path(runID), RunChange(note: note)) }
    }
}

struct DeleteRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes runs that have ended, with all their events. There is no way back.")

    @OptionGroup var options: ClientOptions
    @Argument(help: "The runs' ids.")
    var runIDs: [String]
    @Flag(help: "Does not ask.")
    var yes = false

    func run() async throws {
        guard yes || isConfirmed() else { throw ExitCode(1) }
        try await options.talk { client in
            for runID in runIDs {
                try await client.send(.DELETE, RunCommand.path(runID), RunChange?.none)
                Terminal.say("deleted \(Terminal.printable(runID))")
            }
        }
    }

    private func isConfirmed() -> Bool {
        let names = runIDs.map(Terminal.printable).joined(separator: ", ")
        Terminal.ask("delete \(names) with all events? [y/N] ")
        let isSure = ["y", "yes"].contains(readLine()?.lowercased())
        if !isSure { Terminal.complain("nothing was deleted; --yes does not ask") }
        return isSure
    }
}

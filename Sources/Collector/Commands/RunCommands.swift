/// `teltel run …`: one run.
import ArgumentParser
import Foundation
import TeltelAPI

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Names a run, notes something about it, or deletes it.",
        subcommands: [NameRun.self, NoteRun.self, DeleteRun.self])

    /// The path of a run in the API.
    static func path(_ runID: String) -> String { "/api/run?runId=" + escaped(runID) }

    static func escaped(_ runID: String) -> String {
        let allowed = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
        // Text can always be escaped this way.
        return runID.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }
}

struct NameRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "name", abstract: "Gives a run a name for people; its id stays.")

    @OptionGroup var options: ClientOptions
    @Argument(
        help: ArgumentHelp("The run's id.", valueName: "run"), completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var runID: String
    @Argument(help: "The name; \"\" takes it away.")
    var name: String

    func run() async throws {
        try await options.talk { client in
            try await client.send(.PATCH, RunCommand.path(try await client.runIDIfKnown(runID)), RunChange(name: name))
        }
    }
}

struct NoteRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "note", abstract: "Notes something about a run.")

    @OptionGroup var options: ClientOptions
    @Argument(
        help: ArgumentHelp("The run's id.", valueName: "run"), completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var runID: String
    @Argument(help: "The note; \"\" takes it away.")
    var note: String

    func run() async throws {
        try await options.talk { client in
            try await client.send(.PATCH, RunCommand.path(try await client.runIDIfKnown(runID)), RunChange(note: note))
        }
    }
}

struct DeleteRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes runs that have ended, with all their events. There is no way back.")

    @OptionGroup var options: ClientOptions
    @Argument(
        help: ArgumentHelp("The runs' ids.", valueName: "run"), completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var runIDs: [String]
    @Flag(help: "Does not ask.")
    var yes = false

    func run() async throws {
        try await options.talk { client in
            // Whole ids are shown before anything is deleted.
            var whole: [String] = []
            for runID in runIDs { whole.append(try await client.runIDIfKnown(runID)) }
            guard yes || isConfirmed(whole) else { throw ExitCode(1) }
            let progress = Progress()
            defer { progress.end() }
            for (index, runID) in whole.enumerated() {
                progress.show("deleting \(runID), \(index + 1) of \(whole.count)")
                try await client.send(.DELETE, RunCommand.path(runID), RunChange?.none)
                progress.end()
                Terminal.say("deleted \(Terminal.printable(runID))")
            }
        }
    }

    private func isConfirmed(_ runIDs: [String]) -> Bool {
        let names = runIDs.map(Terminal.printable).joined(separator: ", ")
        Terminal.ask("delete \(names) with all events? [y/N] ")
        let isSure = ["y", "yes"].contains(readLine()?.lowercased())
        if !isSure { Terminal.complain("nothing was deleted; --yes does not ask") }
        return isSure
    }
}

/// The executable `teltel`.
import ArgumentParser
import Foundation

@main
struct App: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teltel",
        abstract: "Collects the telemetry of simulation engines, shows it live and keeps it.",
        discussion: "Completion of commands, options and ids of runs: --generate-completion-script bash (or zsh, fish).",
        version: Version.text,
        subcommands: [
            Collect.self, Runs.self, RunCommand.self, Tail.self, Compare.self, Same.self, BaselineCommand.self,
            SeriesCommand.self, At.self,
            Markers.self, Recover.self,
            StorageCommand.self, SpoolCommand.self, Doctor.self, Token.self, LoginURL.self,
            VersionCommand.self,
        ])

    static func main() async {
        Terminal.holdClosedDescriptors()
        let arguments = ReferenceFlags.translated(Array(CommandLine.arguments.dropFirst()))
        do {
            if let name = unknownTopic(arguments) { throw ValidationError("There is no command '\(name)'.") }
            let command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
        } catch { leave(error) }
    }

    /// As the parser's own way out, but help that cannot be written is a failure as other output is.
    private static func leave(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if !text.isEmpty, code.isSuccess { Terminal.say(text) }
        if !text.isEmpty, !code.isSuccess { Terminal.ask(text + "\n") }
        Foundation.exit(code.rawValue)
    }

    /// `help NAME` for a name that is no command: the parser itself would show the help of what stands above it.
    private static func unknownTopic(_ arguments: [String]) -> String? {
        guard arguments.first == "help" else { return nil }
        var command: any ParsableCommand.Type = App.self
        for name in arguments.dropFirst() where !name.hasPrefix("-") {
            let next = command.configuration.subcommands.first { $0._commandName == name }
            guard let next else { return name == "help" ? nil : name }
            command = next
        }
        return nil
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")
    func run() { Terminal.say("teltel \(Version.text)") }
}

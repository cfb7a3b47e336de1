/// The executable `teltel`.
import ArgumentParser

@main
struct App: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teltel",
        abstract: "Collects the telemetry of simulation engines, shows it live and keeps it.",
        version: Version.text,
        subcommands: [
            Collect.self, Runs.self, RunCommand.self, Tail.self, Recover.self,
            StorageCommand.self, SpoolCommand.self, Doctor.self, Token.self, LoginURL.self,
            VersionCommand.self,
        ])

    static func main() async {
        await main(ReferenceFlags.translated(Array(CommandLine.arguments.dropFirst())))
    }
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")
    func run() { Terminal.say("teltel \(Version.text)") }
}

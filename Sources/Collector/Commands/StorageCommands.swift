/// `teltel storage …`: what is stored.
import ArgumentParser

struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Shows what is stored and what waits.", subcommands: [ShowStorage.self],
        defaultSubcommand: ShowStorage.self)
}

struct ShowStorage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows the state of ClickHouse, spool and tables of a running collector.")

    @OptionGroup var options: ClientOptions
    @Flag(help: "As JSON, as the API gives it.")
    var json = false

    func run() async throws {
        try await options.talk { client in
            if json { return Terminal.say(String(buffer: try await client.text("/api/storage"))) }
            let answer = try await client.get("/api/storage", as: StorageAnswer.self)
            Terminal.say("storage   \(answer.state): \(Terminal.printable(answer.detail))")
            let spool = answer.spool
            Terminal.say(
                "spool     \(spool.waitingRows) rows wait; files of \(Self.size(spool.fileBytes)), at most \(Self.size(spool.limitBytes))"
            )
            if spool.damaged > 0 { Terminal.say("damaged   \(spool.damaged) parts of the spool; see `teltel spool check`") }
            if answer.inserts.refusedRows > 0 { Terminal.say("refused   \(answer.inserts.refusedRows) rows by ClickHouse") }
            for error in [spool.lastError, answer.inserts.lastError].compactMap({ $0 }) {
                Terminal.say("error     \(Terminal.printable(error))")
            }
            guard !answer.tables.isEmpty else { return }
            Terminal.say("")
            let rows = answer.tables.map { table in
                let perRow = table.rows > 0 ? String(table.bytes / table.rows) : ""
                let kind = [table.channel ?? "", table.type ?? table.name].map(Terminal.printable)
                return kind + [String(table.rows), Self.size(Int(clamping: table.bytes)), perRow, String(table.parts)]
            }
            Terminal.table([["CHANNEL", "TYPE", "ROWS", "SIZE", "BYTES A ROW", "PARTS"]] + rows, rightAligned: [2, 3, 4, 5])
        }
    }

    private static func size(_ bytes: Int) -> String {
        bytes < 10 << 20 ? "\(bytes >> 10) KiB" : bytes < 10 << 30 ? "\(bytes >> 20) MiB" : "\(bytes >> 30) GiB"
    }
}

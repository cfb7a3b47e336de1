/// `teltel storage …`: what is stored.
import ArgumentParser
import TeltelAPI

struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage",
        abstract: "Shows what is stored and what waits; removes old runs; takes over the reference's tables.",
        subcommands: [ShowStorage.self, PruneStorage.self, MigrateStorage.self],
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
                "spool     \(Terminal.grouped(spool.waitingRows)) rows wait; files of \(ShowStorage.size(spool.fileBytes)), at most \(ShowStorage.size(spool.limitBytes))"
            )
            if spool.damaged > 0 { Terminal.say("damaged   \(spool.damaged) parts of the spool; see `teltel spool check`") }
            if answer.inserts.refusedRows > 0 {
                Terminal.say("refused   \(Terminal.grouped(answer.inserts.refusedRows)) rows by ClickHouse")
            }
            for type in answer.inserts.givenUp {
                let name = "\(type.channel) \(type.type)"
                Terminal.say(
                    "given up  \(Terminal.grouped(type.rows)) rows of \(Terminal.printable(name)): \(Terminal.printable(type.reason))"
                )
            }
            if answer.inserts.surplusRows > 0 {
                Terminal.say("surplus   \(Terminal.grouped(answer.inserts.surplusRows)) rows more in ClickHouse than it was sent")
            }
            for error in [spool.lastError, answer.inserts.lastError].compactMap({ $0 }) {
                Terminal.say("error     \(Terminal.printable(error))")
            }
            guard !answer.tables.isEmpty else { return }
            Terminal.say("")
            let rows = answer.tables.map { table in
                let perRow = table.rows > 0 ? String(table.bytes / table.rows) : ""
                let kind = [table.channel ?? "", table.type ?? table.name].map(Terminal.printable)
                return kind + [
                    Terminal.grouped(table.rows), ShowStorage.size(Int(clamping: table.bytes)), perRow, String(table.parts),
                ]
            }
            Terminal.table(
                [["CHANNEL", "TYPE", "ROWS", "SIZE", "BYTES A ROW", "PARTS"]] + rows, rightAligned: [2, 3, 4, 5],
                shortened: [0, 1])
        }
    }

    static func size(_ bytes: Int) -> String {
        bytes < 10 << 20 ? "\(bytes >> 10) KiB" : bytes < 10 << 30 ? "\(bytes >> 20) MiB" : "\(bytes >> 30) GiB"
    }
}

struct PruneStorage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Removes runs that are too old or too many.",
        discussion: "Without limits those that the collector was started with. Runs that have not ended stay.")

    @OptionGroup var options: ClientOptions
    @Option(help: "How long runs are kept after their end, e.g. failed=7d,completed=12h.")
    var retain: String?
    @Option(help: "Most disk for stored runs, MiB: beyond it the oldest that have ended go.")
    var retainMib: Int?
    @Flag(help: "Only shows what would be removed.")
    var dryRun = false

    func run() async throws {
        let request = StorageRequest(retain: retain, retainMib: retainMib, dryRun: dryRun)
        var stay = 0
        try await options.talk { client in
            let answer = try await client.post("/api/storage/prune", request, as: PruneAnswer.self)
            if answer.runs.isEmpty { return Terminal.say("nothing to remove") }
            let rows = answer.runs.map { run in
                [
                    run.runId, run.status, Terminal.grouped(run.rows), ShowStorage.size(Int(clamping: run.bytes)),
                    run.problem ?? run.reason,
                ]
                .map(Terminal.printable)
            }
            Terminal.table([["RUN", "STATUS", "ROWS", "SIZE", "WHY"]] + rows, rightAligned: [2, 3], shortened: [0, 4])
            stay = answer.runs.count { $0.problem != nil }
            let gone = answer.runs.filter { $0.problem == nil }
            let bytes = ShowStorage.size(gone.reduce(0) { $0 + Int(clamping: $1.bytes) })
            Terminal.say("")
            Terminal.say("\(Terminal.grouped(gone.count)) runs of \(bytes) \(answer.dryRun ? "would be" : "were") removed")
        }
        if stay > 0 {
            Terminal.complain("\(stay) runs stay")
            throw ExitCode(1)
        }
    }
}

struct MigrateStorage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the tables of the reference service under teltel's view.",
        discussion:
            "For a database that the reference service has filled. No row is changed: its table gets another name. Stop that service first."
    )

    @OptionGroup var options: ClientOptions
    @Flag(help: "Only shows what would be done.")
    var dryRun = false

    func run() async throws {
        try await options.talk { client in
            let answer = try await client.post(
                "/api/storage/migrate", StorageRequest(dryRun: dryRun), as: MigrationAnswer.self)
            if answer.statements.isEmpty { return Terminal.say("nothing of the reference service is here") }
            for statement in answer.statements { Terminal.say(Terminal.printable(statement)) }
            Terminal.say(
                "\(Terminal.grouped(answer.events)) events of \(Terminal.grouped(answer.runs)) runs \(answer.dryRun ? "would be" : "are") under telemetry_events"
            )
        }
    }
}

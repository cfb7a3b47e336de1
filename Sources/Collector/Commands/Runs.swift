/// `teltel runs`: the run list in a terminal.
import ArgumentParser
import Foundation
import TeltelAPI
import TeltelEvents

struct Runs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the runs, running ones first, then the newest.",
        discussion: "In a terminal long names are shortened, and columns are left out where it is too narrow for them.")

    @OptionGroup var selection: RunSelection
    @Option(name: .shortAndLong, help: "So many runs at most, 0: all of them. (default: 50; with --json or --ids: all)")
    var limit: Int?
    @Flag(help: "As JSON, as the API gives it.")
    var json = false
    @Flag(help: "Only the ids, one a line.")
    var ids = false
    @Flag(help: "With a number for all data of each run: runs with the same number have the same data.")
    var fingerprint = false
    @OptionGroup var options: ClientOptions

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative") }
        if fingerprint, json || ids { throw ValidationError("--fingerprint is for the table; see teltel same --json") }
        if json, ids { throw ValidationError("--json and --ids exclude each other") }
    }

    func run() async throws {
        try await options.talk { client in
            let answer = Data(try await client.text("/api/runs").readableBytesView)
            if json, selection.isEverything, limit == nil { return Terminal.write(answer + Data("\n".utf8)) }
            let (listed, matching, known) = try select(answer)
            if json {
                return Terminal.say("[" + listed.map { String(decoding: $0.text, as: UTF8.self) }.joined(separator: ",") + "]")
            }
            if ids { return Terminal.say(listed.map { Terminal.printable($0.run.runId) }) }
            guard !listed.isEmpty else { return Terminal.say(known == 0 ? "no runs yet" : "none of \(known) runs matches") }
            let fingerprints = fingerprint ? try await fingerprints(client, listed.map(\.run.runId)) : nil
            Terminal.say(Self.table(listed.map(\.run), fingerprints).lines(width: Terminal.width))
            if listed.count < matching { Terminal.complain("\(listed.count) of \(matching) runs; --limit 0 lists all") }
        }
    }

    private typealias Listed = (run: RunAnswer, text: Data)

    /// Those to list, and how many there are.
    private func select(_ answer: Data) throws(ClientError) -> (listed: [Listed], matching: Int, known: Int) {
        let now = Date()
        var listed: [Listed] = []
        let texts = JSONElements.of(answer)
        let decoder = APICoding.decoder
        do {
            for text in texts {
                let run = try decoder.decode(ListedRun.self, from: text)
                if selection.takes(status: run.run.status, tags: run.tags, created: run.run.created, now: now) {
                    listed.append((run.run, text))
                }
            }
        } catch { throw ClientError(description: "/api/runs answered something else than expected: \(error)") }
        let most = limit ?? (json || ids ? 0 : 50)
        return (most == 0 ? listed : Array(listed.prefix(most)), listed.count, texts.count)
    }

    /// By the run's id; runs that have none are left out.
    private func fingerprints(_ client: CollectorClient, _ runIDs: [String]) async throws(ClientError) -> [String: String] {
        struct Question: Encodable { let runIds: [String] }
        var found: [String: String] = [:]
        for begin in stride(from: 0, to: runIDs.count, by: 1_000) {
            let answer = try await client.post(
                "/api/analysis/fingerprints", Question(runIds: Array(runIDs[begin..<min(begin + 1_000, runIDs.count)])),
                as: FingerprintsAnswer.self)
            for run in answer.runs { found[run.runId.text] = run.fingerprint }
        }
        return found
    }

    private static func table(_ runs: [RunAnswer], _ fingerprints: [String: String]?) -> TextTable {
        let data: [TextTable.Column] = fingerprints == nil ? [] : [.init(head: "FINGERPRINT")]
        return TextTable(
            data + [
                .init(head: "STATUS"), .init(head: "RUN", least: 16), .init(head: "NAME", least: 12, yields: 4),
                .init(head: "SOURCE", least: 8, yields: 6), .init(head: "STARTED (\(RunTime.zone))", yields: 1),
                .init(head: "LAST FRAME", isRight: true, yields: 9), .init(head: "EVENTS", isRight: true),
                .init(head: "PER SECOND", isRight: true, yields: 8), .init(head: "REFUSED", isRight: true, yields: 2),
                .init(head: "LOST", isRight: true, yields: 3), .init(head: "STORED", isRight: true, yields: 7),
                .init(head: "END REASON", least: 12, yields: 5),
            ],
            rows: runs.map { run in
                (fingerprints.map { [$0[run.runId] ?? ""] } ?? []) + row(run)
            })
    }

    private static func row(_ run: RunAnswer) -> [String] {
        let rate =
            run.status == "running"
            ? Terminal.grouped(UInt64(run.ratePerSecond.isFinite ? min(max(0, run.ratePerSecond), 1e18) : 0)) : ""
        let cells: [String] = [
            run.status, run.runId, run.name ?? "", run.sourceId ?? "", RunTime.local(run.created),
            Terminal.grouped(run.lastFrame), Terminal.grouped(run.accepted), rate, Terminal.grouped(run.refused),
            Terminal.grouped(run.lost), Terminal.grouped(run.stored), run.endReason ?? "",
        ]
        return cells.map(Terminal.printable)
    }
}

/// The elements of a JSON array, each with its bytes as they came.
enum JSONElements {
    static func of(_ array: Data) -> [Data] {
        var found: [Data] = []
        var (depth, start, isText, isEscaped) = (0, array.startIndex, false, false)
        for (at, byte) in zip(array.indices, array) {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth == 1 { start = at + 1 }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0, at > start { found.append(array[start..<at]) }
            case UInt8(ascii: ",") where depth == 1:
                found.append(array[start..<at])
                start = at + 1
            default: break
            }
        }
        return found
    }
}

/// `teltel at`: what holds at a frame of a run.
import ArgumentParser
import Foundation
import TeltelAPI
import TeltelEvents

struct At: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the values of all types of a stored run at a frame.",
        discussion: "Of each type, source and instance it is the event at this frame, or the last one before it.")

    @Argument(
        help: "Run id, the beginning of one, or latest.", completion: .shellCommand("teltel runs --ids 2>/dev/null"))
    var run: String

    @Argument(help: "The frame.")
    var frame: UInt64

    @Option(name: .customLong("type"), help: "Only this event type.")
    var type: String?

    @Option(help: "Only this source.")
    var source: String?

    @Flag(help: "As JSON, one event a line, as the API gives it.")
    var json = false

    @Flag(help: "As CSV.")
    var csv = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        if json, csv { throw ValidationError("--json and --csv exclude each other") }
    }

    func run() async throws {
        try await options.talk { client in
            var parameters = [("runId", try await client.runID(run)), ("frame", String(frame))]
            if let type { parameters.append(("eventType", type)) }
            if let source { parameters.append(("sourceId", source)) }
            let path = "/api/analysis/at?" + CollectorClient.query(parameters)
            let body = Data(try await client.text(path).readableBytesView)
            guard !body.isEmpty else {
                throw ClientError(description: "nothing is stored of this run up to frame \(Terminal.grouped(frame))")
            }
            if json { return Terminal.write(body) }
            let lines = body.split(separator: UInt8(ascii: "\n"))
            let rows = try lines.flatMap { line throws(ClientError) in try Self.rows(Data(line)) }
            let head = ["value", "is", "at frame", "source"]
            if csv || !Terminal.isShown {
                Terminal.write(Data(([head] + rows).map { CSVLine.of($0) }.joined().utf8))
            } else {
                Terminal.table(
                    [head.map { $0.uppercased() }] + rows.map { $0.map(Terminal.printable) }, rightAligned: [2],
                    shortened: [0, 1])
            }
        }
    }

    /// One for each value of the event.
    private static func rows(_ line: Data) throws(ClientError) -> [[String]] {
        guard let event = try? JSONSerialization.jsonObject(with: line) as? [String: Any], let type = event["type"] as? String
        else {
            throw ClientError(description: "the answer has a line that is no event: \(String(decoding: line, as: UTF8.self))")
        }
        let key = event["key"] as? String ?? ""
        let frame = (event["frame_index"] as? NSNumber)?.stringValue ?? ""
        let source = event["source_id"] as? String ?? ""
        var found: [[String]] = []
        func add(_ name: String, _ value: Any) {
            switch value {
            case let members as [String: Any]:
                for (member, value) in members.sorted(by: { $0.key < $1.key }) { add("\(name).\(member)", value) }
            case let elements as [Any]:
                for (number, value) in elements.enumerated() { add("\(name)[\(number)]", value) }
            case is NSNull: found.append([name, "null", frame, source])
            default: found.append([name, "\(value)", frame, source])
            }
        }
        add(key.isEmpty ? type : "\(type)[\(key)]", event["payload"] ?? NSNull())
        return found.isEmpty ? [[type, "", frame, source]] : found
    }
}

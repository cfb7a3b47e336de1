/// `teltel tail`: a run's events in a terminal, as they come.
import ArgumentParser
import Foundation

struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints a run's events as they come; ends with the run.",
        discussion: "One line per event: frame, sim time, type, then its values as name=value.")

    @Argument(help: "Run id.")
    var run: String

    @Option(name: .customLong("type"), help: "Only this event type (repeatable).")
    var types: [String] = []

    @Option(name: .shortAndLong, help: "So many buffered events first.")
    var lines = 10

    @Flag(help: "The events as JSON, one a line.")
    var json = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard lines >= 0 else { throw ValidationError("--lines must not be negative") }
    }

    private struct Request: Encodable {
        let runId: String
        let types: [String]
        let tail: Int
        let notices = true
    }

    func run() async throws {
        try await options.talk { client in
            // The end of the run is asked for as well, so that the command knows when to leave.
            let wanted = types.isEmpty || types.contains("run.end") ? types : types + ["run.end"]
            let request = Request(runId: run, types: wanted, tail: lines)
            let subscription = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
            try await client.subscribe(subscription) { text in
                guard let event = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
                    return true  // no event: nothing to print
                }
                return show(event, text)
            }
        }
    }

    /// Returns whether to go on.
    private func show(_ event: [String: Any], _ text: String) -> Bool {
        if let notice = event["notice"] {
            Terminal.complain("\(notice): \(event["count"] ?? "") events not shown, this terminal is too slow")
            return true
        }
        let type = event["type"] as? String ?? ""
        if types.isEmpty || types.contains(type) {
            Terminal.say(json ? text.trimmingCharacters(in: .newlines) : Self.line(event, type))
        }
        return type != "run.end"
    }

    private static func line(_ event: [String: Any], _ type: String) -> String {
        let frame = (event["frameIndex"] as? NSNumber)?.stringValue ?? ""
        let time = (event["simTime"] as? NSNumber).map { String(format: "%.4f", $0.doubleValue) } ?? "\(event["simTime"] ?? "")"
        let values = leaves(event["payload"] ?? NSNull(), "").map { "\($0.0)=\($0.1)" }.joined(separator: " ")
        return Terminal.printable("\(frame)\t\(time)\t\(type)\t\(values)")
    }

    private static func leaves(_ value: Any, _ path: String) -> [(String, String)] {
        switch value {
        case let object as [String: Any]:
            object.sorted { $0.key < $1.key }.flatMap { leaves($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") }
        case let array as [Any]: array.enumerated().flatMap { leaves($0.element, "\(path)[\($0.offset)]") }
        case is NSNull: path.isEmpty ? [] : [(path, "null")]
        case let number as NSNumber: [(path, number.stringValue)]
        default: [(path, "\(value)")]
        }
    }
}

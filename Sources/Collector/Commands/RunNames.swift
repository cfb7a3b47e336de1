/// Runs and values as people name them on the command line.
import Foundation
import TeltelAPI
import TeltelEvents

extension CollectorClient {
    /// The whole id of a run that was named by the beginning of it, or as the latest one.
    func runID(_ text: String) async throws(ClientError) -> String {
        let path = "/api/run-id?" + Self.query([("run", text)])
        return try await get(path, as: RunReferenceAnswer.self).runId.text
    }

    /// The same; a text that no run has stays what it is.
    func runIDIfKnown(_ text: String) async throws(ClientError) -> String {
        let path = "/api/run-id?" + Self.query([("run", text)])
        return try await find(path, as: RunReferenceAnswer.self)?.runId.text ?? text
    }

    /// Behind the `?`.
    static func query(_ parameters: [(String, String)]) -> String {
        parameters.map { "\($0)=\(RunCommand.escaped($1))" }.joined(separator: "&")
    }
}

/// A type of one source, as /api/analysis/schema tells of it.
struct ListedType: Decodable {
    struct Field: Decodable {
        let field, kind: String
        let key: Bool
    }
    let channel, type, sourceId: String
    let fields: [Field]

    private enum CodingKeys: String, CodingKey {
        case channel, type, fields
        case sourceId = "source_id"
    }

    static func all(_ client: CollectorClient, _ runID: String) async throws(ClientError) -> [ListedType] {
        let path = "/api/analysis/schema?" + CollectorClient.query([("runId", runID)])
        let body = try await client.text(path)
        do {
            return try Data(body.readableBytesView).split(separator: UInt8(ascii: "\n")).map {
                try JSONDecoder().decode(ListedType.self, from: Data($0))
            }
        } catch { throw ClientError(description: "\(path) answered something else than expected: \(error)") }
    }
}

/// TYPE.FIELD or TYPE[KEY].FIELD.
struct NamedValue {
    let text: String
    let channel, type, field: String
    let key: String?
    let sources: [String]

    /// Types and fields may have dots: what is meant is what there is.
    init(_ text: String, in types: [ListedType]) throws(ClientError) {
        var found: [(channel: String, type: String, field: String, key: String?)] = []
        for type in types {
            for (key, rest) in Self.rests(text, behind: type.type) {
                for field in type.fields where field.field.utf8.elementsEqual(rest.utf8) {
                    if !found.contains(where: { Name($0.channel) == Name(type.channel) && Name($0.type) == Name(type.type) }) {
                        found.append((type.channel, type.type, field.field, key))
                    }
                }
            }
        }
        guard let first = found.first else { throw ClientError(description: Terminal.printable(Self.unknown(text, types))) }
        guard found.count == 1 else {
            let places = found.map { "\($0.type) of channel \($0.channel)" }.joined(separator: ", ")
            throw ClientError(description: Terminal.printable("\(text) may be of \(places); choose with --channel"))
        }
        self.text = text
        (channel, type, field, key) = first
        sources = types.filter { Name($0.type) == Name(first.type) && Name($0.channel) == Name(first.channel) }.map(\.sourceId)
    }

    private static func rests(_ text: String, behind type: String) -> [(key: String?, field: String)] {
        guard text.utf8.starts(with: type.utf8) else { return [] }
        let rest = text.utf8.dropFirst(type.utf8.count)
        if rest.first == UInt8(ascii: ".") { return [(nil, String(Substring(rest.dropFirst())))] }
        guard rest.first == UInt8(ascii: "[") else { return [] }
        let inner = Substring(rest.dropFirst())
        guard let close = inner.range(of: "].") else { return [] }
        return [(String(inner[..<close.lowerBound]), String(inner[close.upperBound...]))]
    }

    private static func unknown(_ text: String, _ types: [ListedType]) -> String {
        let all = Set(types.flatMap { type in type.fields.map { "\(type.type).\($0.field)" } }).sorted()
        let near = Nearest.of(text, among: all)
        let guess = near.isEmpty ? "" : "; did you mean \(near.joined(separator: " or "))?"
        let known = all.isEmpty ? "; nothing of this run is stored" : ""
        return "the run has no value \(text)\(guess)\(known)"
    }
}

/// Names that may have been meant by one that was typed wrongly.
enum Nearest {
    static func of(_ text: String, among names: [String], most: Int = 3) -> [String] {
        let limit = max(2, text.utf8.count / 3)
        let ends = names.filter { !text.isEmpty && $0.lowercased().hasSuffix(text.lowercased()) }
        let near = names.map { (name: $0, distance: distance(Array(text.lowercased().utf8), Array($0.lowercased().utf8))) }
            .filter { $0.distance <= limit }.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.map(\.name)
        var found: [String] = []
        for name in near + ends where !found.contains(name) { found.append(name) }
        return Array(found.prefix(most))
    }

    /// Letters that are put in, taken away or changed.
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var corner = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = x == y ? corner : 1 + min(corner, above, row[j])
                corner = above
            }
        }
        return row[b.count]
    }
}

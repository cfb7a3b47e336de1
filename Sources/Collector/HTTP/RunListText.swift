/// GET /api/runs: the names of types are most of a long list, and are written without an encoder.
import NIOCore
import TeltelAPI
import TeltelControl
import TeltelEvents
import TeltelRuns

/// One run of the list. In the text `tags` and `types` stand last in its object.
struct RunListEntry {
    let run: RunAnswer
    let tags: [Name: Name]
    let types: [RunRecord.EventType]

    init(_ snapshot: RunRegistry.Snapshot, size: Int) {
        run = RunAnswer(snapshot, size: size)
        tags = snapshot.record.tags
        types = snapshot.record.types
    }
}

/// An array of runs, written in parts: alone, or as the last member of an object.
struct RunListText {
    private let isMember: Bool
    private var isFirst = true

    init() { isMember = false }

    /// - Parameter object: has members.
    init(in object: some Encodable, _ text: inout [UInt8]) throws {
        isMember = true
        text += try TagsText.open(object)
        JSONText.append(",\"runs\":", to: &text)
    }

    mutating func append(_ entries: [RunListEntry], to text: inout [UInt8]) throws {
        for entry in entries {
            JSONText.append(isFirst ? "[" : ",", to: &text)
            isFirst = false
            text.append(contentsOf: try TagsText.open(entry.run))
            TagsText.append(entry.tags, to: &text)
            JSONText.append(",\"types\":[", to: &text)
            Self.append(entry.types, to: &text)
            JSONText.append("]}", to: &text)
        }
    }

    func end(_ text: inout [UInt8]) {
        if isFirst { JSONText.append("[", to: &text) }
        JSONText.append(isMember ? "]}" : "]", to: &text)
    }

    private static func append(_ types: [RunRecord.EventType], to text: inout [UInt8]) {
        for (index, type) in types.enumerated() {
            JSONText.append(index > 0 ? ",{\"channel\":" : "{\"channel\":", to: &text)
            JSONText.appendString(type.channel, to: &text)
            JSONText.append(",\"type\":", to: &text)
            JSONText.appendString(type.type, to: &text)
            JSONText.append("}", to: &text)
        }
    }
}

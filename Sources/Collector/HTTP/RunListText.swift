/// GET /api/runs: the names of types are most of a long list, and are written without an encoder.
import NIOCore
import TeltelControl
import TeltelEvents

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

enum RunListText {
    /// All runs, as an array.
    static func list(_ entries: [RunListEntry]) throws -> ByteBuffer {
        var text: [UInt8] = []
        try append(entries, to: &text)
        return ByteBuffer(bytes: text)
    }

    /// What has changed, with the runs as its last member.
    static func changes(_ changes: RunChangesAnswer, _ entries: [RunListEntry]) throws -> ByteBuffer {
        var text = try TagsText.open(changes)
        JSONText.append(",\"runs\":", to: &text)
        try append(entries, to: &text)
        JSONText.append("}", to: &text)
        return ByteBuffer(bytes: text)
    }

    private static func append(_ entries: [RunListEntry], to text: inout [UInt8]) throws {
        JSONText.append("[", to: &text)
        for (index, entry) in entries.enumerated() {
            if index > 0 { JSONText.append(",", to: &text) }
            text.append(contentsOf: try TagsText.open(entry.run))
            TagsText.append(entry.tags, to: &text)
            JSONText.append(",\"types\":[", to: &text)
            append(entry.types, to: &text)
            JSONText.append("]}", to: &text)
        }
        JSONText.append("]", to: &text)
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

/// GET /api/runs: the names of types are most of a long list, and are written without an encoder.
import NIOCore
import TeltelControl
import TeltelEvents

/// One run of the list. In the text `types` stands last in its object, where the alphabet has it too.
struct RunListEntry {
    let run: RunAnswer
    let types: [RunRecord.EventType]

    init(_ snapshot: RunRegistry.Snapshot, size: Int) {
        run = RunAnswer(snapshot, size: size)
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
        var text = try open(changes)
        JSONText.append(",\"runs\":", to: &text)
        try append(entries, to: &text)
        JSONText.append("}", to: &text)
        return ByteBuffer(bytes: text)
    }

    private static func append(_ entries: [RunListEntry], to text: inout [UInt8]) throws {
        JSONText.append("[", to: &text)
        for (index, entry) in entries.enumerated() {
            if index > 0 { JSONText.append(",", to: &text) }
            text.append(contentsOf: try open(entry.run))
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

    /// An object that has members, without its last bracket.
    private static func open(_ object: some Encodable) throws -> [UInt8] {
        Array(try JSONAnswer.encoded(object).readableBytesView.dropLast())
    }
}

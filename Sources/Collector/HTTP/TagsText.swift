/// Tags in answers. Foundation's JSON would take two keys for one that differ in their bytes only (see `Name`).
import Hummingbird
import NIOCore
import TeltelEvents
import TeltelHTTP

enum TagsText {
    /// The object with `tags` as its last member.
    static func response(_ object: some Encodable, _ tags: [Name: Name]) throws -> Response {
        var text = try open(object)
        append(tags, to: &text)
        JSONText.append("}", to: &text)
        return JSONAnswer.response(bytes: ByteBuffer(bytes: text))
    }

    /// A further member of an object that has some.
    static func append(_ tags: [Name: Name], to text: inout [UInt8]) {
        JSONText.append(",\"tags\":", to: &text)
        text += tags.isEmpty ? Array("{}".utf8) : TagSet(tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }).json
    }

    /// An object that has members, without its last bracket.
    static func open(_ object: some Encodable) throws -> [UInt8] {
        Array(try JSONAnswer.encoded(object).readableBytesView.dropLast())
    }
}

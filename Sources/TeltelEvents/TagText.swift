/// Reads the tags that an ingest record carries: a flat JSON object of strings, checked when it was taken in.
import Foundation

enum TagText {
    /// Pairs in no fixed order; empty if the text is none.
    static func pairs(_ text: [UInt8]) -> [(key: String, value: String)] {
        guard !text.isEmpty else { return [] }
        // Text that is no object of strings cannot come from our ingest; a lying ring has no tags.
        guard let object = try? JSONDecoder().decode([String: String].self, from: Data(text)) else { return [] }
        return object.map { ($0.key, $0.value) }
    }
}

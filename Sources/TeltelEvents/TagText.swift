/// Reads tags that are JSON text: a flat object of strings, as an ingest record carries it, checked when it was taken in.

package enum TagText {
    /// Pairs in their order; empty if the text is none: that cannot come from our ingest, and a lying ring has no tags.
    package static func pairs(_ text: [UInt8]) -> [(key: Name, value: Name)] {
        text.isEmpty ? [] : text.withUnsafeBytes(JSONCheck.pairs) ?? []
    }
}

/// Numbers and texts of JSON payloads, wherever they lie in them.
import CTeltelJSON

/// Owns a simdjson parser.
// Sendable: its stream is used by one session's writer alone.
package final class PayloadParser: @unchecked Sendable {
    private let parser: OpaquePointer?
    /// So many are told of a payload.
    private let fieldsMax: Int
    /// Numbers that a payload may have, unless somebody wants more.
    package static let fieldsMax = 1_024

    package init(fieldsMax: Int = fieldsMax) {
        self.fieldsMax = fieldsMax
        parser = teltel_json_parser_create()
    }
    deinit { if let parser { teltel_json_parser_destroy(parser) } }

    /// Calls `found` with each number: its place in the text, its dotted path, its value. Nothing for text that is no JSON.
    package func read(_ payload: UnsafeRawBufferPointer, _ found: (_ place: Int, _ path: UnsafeRawBufferPointer, Double) -> Void)
    {
        var flat = teltel_json_flat()
        let text = payload.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let parser, teltel_json_flatten(parser, text, payload.count, Self.fieldsMax, &flat) == 1 else { return }
        each(flat, found)
    }

    /// The same with each text that means no number; the value is none.
    package func readTexts(
        _ payload: UnsafeRawBufferPointer, _ found: (_ place: Int, _ path: UnsafeRawBufferPointer, Double) -> Void
    ) {
        var flat = teltel_json_flat()
        let text = payload.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let parser, teltel_json_find_texts(parser, text, payload.count, &flat) == 1 else { return }
        each(flat, found)
    }

    private func each(_ flat: teltel_json_flat, _ found: (_ place: Int, _ path: UnsafeRawBufferPointer, Double) -> Void) {
        // SAFETY: the answer points into the parser's memory, which holds until its next call; paths lie inside `paths`.
        for place in 0..<min(flat.number_count, fieldsMax) {
            let number = flat.numbers[place]
            found(
                place, UnsafeRawBufferPointer(start: flat.paths + Int(number.path_offset), count: Int(number.path_count)),
                number.value)
        }
    }
}

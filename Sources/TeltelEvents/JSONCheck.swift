/// Small questions about JSON text that are asked seldom, and answered by one parser.
import CTeltelJSON
import Synchronization

enum JSONCheck {
    /// Is a text that an engine emitted as JSON really JSON? Asked before it becomes part of a larger text. Thread-safe.
    static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
        shared.use { teltel_json_valid($0, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count) == 1 } ?? false
    }

    /// The members of an object of strings, in their order; nil if the text is anything else. Thread-safe.
    static func pairs(_ text: UnsafeRawBufferPointer) -> [(key: Name, value: Name)]? {
        shared.use { parser in
            var count = 0
            guard
                let pairs = teltel_json_pairs(parser, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, &count)
            else { return nil }
            // SAFETY: the parser's answer has `count` pairs, and holds until its next call, which waits for this one.
            return UnsafeBufferPointer(start: pairs, count: count).map { (name($0.key), name($0.value)) }
        } ?? nil
    }
    private static func name(_ span: teltel_json_span) -> Name {
        Name(String(decoding: UnsafeRawBufferPointer(start: span.bytes, count: span.count), as: UTF8.self))
    }

    private static let shared = Parser()

    // Sendable: the parser is only touched under the lock.
    private final class Parser: @unchecked Sendable {
        private let parser = teltel_json_parser_create()
        private let lock = Mutex(())

        /// nil: there is no memory for a parser.
        func use<Result: Sendable>(_ body: (OpaquePointer) -> Result) -> Result? {
            guard let parser else { return nil }
            return lock.withLock { _ in body(parser) }
        }
        deinit { if let parser { teltel_json_parser_destroy(parser) } }
    }
}

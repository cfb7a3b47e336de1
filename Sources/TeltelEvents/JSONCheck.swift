/// Is a text that an engine emitted as JSON really JSON? Asked before it becomes part of a larger text.
import CTeltelJSON
import Synchronization

enum JSONCheck {
    /// One parser for all: such events are rare. Thread-safe.
    private static let shared = Parser()

    static func isValid(_ text: UnsafeRawBufferPointer) -> Bool { shared.isValid(text) }

    // Sendable: the parser is only touched under the lock.
    private final class Parser: @unchecked Sendable {
        private let parser = teltel_json_parser_create()
        private let lock = Mutex(())

        func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
            guard let parser else { return false }
            return lock.withLock { _ in
                teltel_json_valid(parser, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count) == 1
            }
        }
        deinit { if let parser { teltel_json_parser_destroy(parser) } }
    }
}

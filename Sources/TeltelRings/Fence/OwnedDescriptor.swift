/// A file descriptor with one owner.
import Foundation

/// Closes its descriptor when nobody holds it any more, and nowhere else.
///
/// A class that closes a descriptor in its own `deinit` must not close it when its initializer fails: Swift runs `deinit` of whatever
/// was complete by then, and the second `close` would hit a file that another thread has just opened.
// Sendable: the number never changes.
package final class OwnedDescriptor: Sendable {
    package let number: Int32

    /// - Parameter number: an open descriptor that nobody else closes.
    package init(_ number: Int32) {
        precondition(number >= 0, "not a descriptor")
        self.number = number
    }
    deinit { close(number) }
}

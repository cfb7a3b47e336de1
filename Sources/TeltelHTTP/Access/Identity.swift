/// Who asks.
import Hummingbird
import Synchronization

/// Found out in one place, by the port's policy, when the head of a request comes in.
package struct Identity: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Of a port with a token: nobody who has shown it. Only what is open to everybody is answered.
        case anyone
        /// Of a port without a token: whoever reaches it.
        case local
        /// A program that has sent the token.
        case token
        /// A browser that has logged in.
        case session
    }
    package let kind: Kind
    /// That of the port when this was found out.
    package let revision: UInt64

    package init(_ kind: Kind, revision: UInt64 = 0) {
        self.kind = kind
        self.revision = revision
    }

    package func mayAsk(_ endpoint: Endpoint) -> Bool { endpoint.access == .everybody || kind != .anyone }
}

/// What a route knows of a request has to include who asks.
package protocol IdentifiedContext: RequestContext {
    var identity: Identity { get }
}

/// Counts the changes of what somebody may do: whoever was let in under an earlier one is looked at again. Thread-safe.
package final class AccessRevision: Sendable {
    private let number = Atomic<UInt64>(0)

    package init() {}

    package var current: UInt64 { number.load(ordering: .acquiring) }
    /// After the change.
    package func advance() { number.add(1, ordering: .releasing) }
}

/// Somebody who listens to the bus: for whom, how, and what waits for it.
import Synchronization
import TeltelEvents

/// How a consumer wants to be served, and whom its counters belong to.
package struct SubscriptionTerms: Sendable {
    /// A kind of consumer, as `/metrics` names it: "json", "columns".
    package var owner: String
    package var limits: SubscriberQueue.Limits
    /// It looks at each event as it comes, and the live reader hurries for it.
    package var isPrompt: Bool
    /// The stream is over when its run is.
    package var isUntilEnd: Bool

    package init(owner: String, limits: SubscriberQueue.Limits, isPrompt: Bool = true, isUntilEnd: Bool = false) {
        self.owner = owner
        self.limits = limits
        self.isPrompt = isPrompt
        self.isUntilEnd = isUntilEnd
    }
}

/// One filter and its queue, for as long as somebody listens.
package final class Subscriber: Sendable {
    package let filter: EventFilter
    package let queue: SubscriberQueue
    /// Where the stream begins, ring by ring: for the cursors that the client gets.
    package let begin: StreamCursor
    /// Of streams that start with the tail: what came before it.
    package let earlier: EarlierRows?
    let listener: Listener

    init(_ listener: Listener, begin: StreamCursor, earlier: EarlierRows?) {
        filter = listener.filter
        queue = listener.queue
        self.listener = listener
        self.begin = begin
        self.earlier = earlier
    }
}

/// A subscriber as the publishing side sees it.
final class Listener: Sendable {
    let filter: EventFilter
    let terms: SubscriptionTerms
    let queue: SubscriberQueue
    /// Of a client that came back: what it has seen, in rings that have not passed that point yet.
    private let seen: Mutex<StreamCursor?>

    init(_ filter: EventFilter, _ terms: SubscriptionTerms, seen: StreamCursor?, wake: @escaping @Sendable () -> Void) {
        self.filter = filter
        self.terms = terms
        queue = SubscriberQueue(filter, limits: terms.limits, wake: wake)
        self.seen = Mutex(seen)
    }

    /// All of one round of `ring`, which has been published up to `published`.
    func offer(_ batches: [Batch], of ring: RingID, published: UInt64) {
        let cursor = seen.withLock { seen in
            defer { if let position = seen?[ring], position <= published { seen?.forget(ring) } }
            return seen
        }
        if let delivery = Delivery(batches, filter, after: cursor) { queue.offer(delivery) }
    }

    /// The ring is read from `position` on.
    func began(_ ring: RingID, at position: UInt64) {
        guard let seen = seen.withLock({ $0?[ring] }), seen < position else { return }
        queue.offer(gap: StreamGap(ring: ring, positions: seen..<position))
    }
}

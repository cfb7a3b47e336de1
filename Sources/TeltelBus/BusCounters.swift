/// What the bus has handed on, holds, and had to give up: for `/metrics`.

package struct BusCounters: Sendable {
    /// Of all subscribers of one kind, those included that have left.
    package struct Owner: Sendable {
        package var subscribers = 0
        package var dropped: UInt64 = 0
        package var queuedEvents = 0
        package var queuedBytes = 0
    }
    package var published: UInt64 = 0
    package var liveBytes = 0
    package var liveEvents = 0
    package var liveRuns = 0
    package var evictedRuns: UInt64 = 0
    package var owners: [String: Owner] = [:]

    /// Of all consumers.
    package func total<Count: BinaryInteger>(_ count: KeyPath<Owner, Count>) -> Count {
        owners.values.reduce(0) { $0 + $1[keyPath: count] }
    }

    mutating func add(_ queue: SubscriberQueue, of owner: String) {
        let depth = queue.depth
        owners[owner, default: Owner()].subscribers += 1
        owners[owner, default: Owner()].dropped += queue.dropped
        owners[owner, default: Owner()].queuedEvents += depth.events
        owners[owner, default: Owner()].queuedBytes += depth.bytes
    }
}

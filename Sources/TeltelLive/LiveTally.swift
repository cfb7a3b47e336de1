/// Counters of the WebSocket side, for `/metrics`.
import Synchronization

package final class LiveTally: Sendable {
    package struct Counts: Sendable {
        package var clients = 0
        package var clientsEver: UInt64 = 0
        package var sentBytes: UInt64 = 0
        /// Ended because they answered no ping.
        package var silent: UInt64 = 0
    }
    private let counts = Mutex(Counts())

    package init() {}

    func opened() {
        counts.withLock { counts in
            counts.clients += 1
            counts.clientsEver += 1
        }
    }
    func closed() { counts.withLock { $0.clients -= 1 } }
    func sent(bytes: Int) { counts.withLock { $0.sentBytes += UInt64(bytes) } }
    func silent() { counts.withLock { $0.silent += 1 } }
    package var snapshot: Counts { counts.withLock { $0 } }
}

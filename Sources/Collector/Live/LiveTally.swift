/// Counters of the WebSocket side, for `/metrics`.
import Synchronization

final class LiveTally: Sendable {
    struct Counts: Sendable {
        var clients = 0
        var clientsEver: UInt64 = 0
        var sentBytes: UInt64 = 0
        /// Ended because they answered no ping.
        var silent: UInt64 = 0
    }
    private let counts = Mutex(Counts())

    func opened() {
        counts.withLock { counts in
            counts.clients += 1
            counts.clientsEver += 1
        }
    }
    func closed() { counts.withLock { $0.clients -= 1 } }
    func sent(bytes: Int) { counts.withLock { $0.sentBytes += UInt64(bytes) } }
    func silent() { counts.withLock { $0.silent += 1 } }
    var snapshot: Counts { counts.withLock { $0 } }
}

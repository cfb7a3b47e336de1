/// Counters of the WebSocket side, for `/metrics`.
import Synchronization

final class LiveTally: Sendable {
    enum CutOff: String, Sendable, CaseIterable {
        /// Took nothing for too long.
        case stalled
        /// Answered no ping.
        case silent
    }
    struct Counts: Sendable {
        var clients = 0
        var clientsEver: UInt64 = 0
        var sentBytes: UInt64 = 0
        var cutOff: [CutOff: UInt64] = [:]
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
    func cutOff(_ reason: CutOff) { counts.withLock { $0.cutOff[reason, default: 0] += 1 } }
    var snapshot: Counts { counts.withLock { $0 } }
}

/// What the port has let in and refused, for /metrics. Thread-safe.
import Synchronization

package final class PortCounters: Sendable {
    package struct Values: Sendable {
        package fileprivate(set) var open = 0
        package fileprivate(set) var refused: [Refusal.Reason: UInt64] = [:]
        package fileprivate(set) var acceptErrors: UInt64 = 0
    }
    private let state = Mutex(Values())

    package init() {}

    package var values: Values { state.withLock { $0 } }

    /// false: there are `most` already.
    package func opens(most: Int) -> Bool {
        state.withLock { values in
            guard values.open < most else {
                values.refused[.limit, default: 0] += 1
                return false
            }
            values.open += 1
            return true
        }
    }
    package func closed() { state.withLock { $0.open -= 1 } }
    package func refused(_ reason: Refusal.Reason) { state.withLock { $0.refused[reason, default: 0] += 1 } }
    package func acceptFailed() { state.withLock { $0.acceptErrors += 1 } }
}

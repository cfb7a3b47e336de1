/// What the port has let in and refused, for /metrics. Thread-safe.
import Synchronization

final class PortCounters: Sendable {
    struct Values: Sendable {
        var open = 0
        var refused: [Refusal.Reason: UInt64] = [:]
        var acceptErrors: UInt64 = 0
    }
    private let state = Mutex(Values())
    var values: Values { state.withLock { $0 } }

    /// false: there are `most` already.
    func opens(most: Int) -> Bool {
        state.withLock { values in
            guard values.open < most else {
                values.refused[.limit, default: 0] += 1
                return false
            }
            values.open += 1
            return true
        }
    }
    func closed() { state.withLock { $0.open -= 1 } }
    func refused(_ reason: Refusal.Reason) { state.withLock { $0.refused[reason, default: 0] += 1 } }
    func acceptFailed() { state.withLock { $0.acceptErrors += 1 } }

    func add(to text: inout MetricsText, limit: Int) {
        let values = values
        text.add("teltel_http_connections", .gauge, "Open connections, WebSockets included.", values.open)
        text.add("teltel_http_connections_limit", .gauge, "Most connections that may be open at once.", limit)
        text.add(
            "teltel_http_refused_total", .counter, "Connections and requests that were refused or cut off.",
            Refusal.Reason.allCases.map { ([("reason", $0.rawValue)], Double(values.refused[$0] ?? 0)) })
        text.add(
            "teltel_http_accept_errors_total", .counter, "Connections that the system could not hand over.", values.acceptErrors)
    }
}

/// Connections, for /metrics.
import TeltelHTTP

extension PortCounters {
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

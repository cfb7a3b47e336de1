/// GET /metrics
import Foundation
import Hummingbird
import TeltelBus
import TeltelHTTP
import TeltelLive
import TeltelQuery
import TeltelRings
import TeltelRuns

struct MetricsRoute: Sendable {
    let registry: RunRegistry
    let bus: EventBus
    let tally: LiveTally
    let directory: RingDirectory
    /// nil: nothing is kept.
    let queries: QueryService?
    /// What other parts add.
    let extra: @Sendable (inout MetricsText) -> Void

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(HealthEndpoints.metrics) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: render())))
        }
    }

    private func render() -> String {
        var text = MetricsText()
        text.add("teltel_build_info", .gauge, "Version of the collector.", [([("version", Version.text)], 1)])
        addRuns(&text)
        let bus = bus.counters
        text.add("teltel_live_events_total", .counter, "Events read by the live reader.", bus.published)
        text.add("teltel_live_buffer_events", .gauge, "Events in the live buffer.", bus.liveEvents)
        text.add("teltel_live_buffer_bytes", .gauge, "Bytes of rounds pinned by the live buffer.", bus.liveBytes)
        text.add(
            "teltel_live_buffer_evicted_runs_total", .counter, "Runs that left the live buffer for lack of room.", bus.evictedRuns
        )
        text.add("teltel_live_subscribers", .gauge, "Open live subscriptions.", bus.total(\.subscribers))
        text.add("teltel_live_queued_events", .gauge, "Events that wait for live subscribers.", bus.total(\.queuedEvents))
        text.add("teltel_live_queued_bytes", .gauge, "Bytes of rounds pinned for live subscribers.", bus.total(\.queuedBytes))
        text.add("teltel_live_buffer_runs", .gauge, "Runs in the live buffer.", bus.liveRuns)
        let clients = tally.snapshot
        text.add("teltel_live_clients", .gauge, "Open WebSocket connections.", clients.clients)
        text.add("teltel_live_opened_clients_total", .counter, "WebSocket connections since the start.", clients.clientsEver)
        text.add("teltel_live_sent_bytes_total", .counter, "Bytes of messages given to WebSocket connections.", clients.sentBytes)
        text.add(
            "teltel_live_silent_clients_total", .counter, "WebSocket connections ended because no ping was answered.",
            clients.silent)
        text.add(
            "teltel_live_dropped_events_total", .counter, "Events given up because a live subscriber was too slow.",
            bus.total(\.dropped))
        addConsumers(bus, &text)
        text.add("teltel_rings_instances", .gauge, "Instances whose rings are being read.", directory.instances.count)
        text.add(
            "teltel_rings_quarantined", .gauge, "Instances put aside because their files are damaged or foreign.",
            directory.quarantined.count)
        text.add(
            "teltel_rings_waiting", .gauge, "Instances that wait for memory or descriptors of the collector.",
            directory.waiting.count)
        addQueries(&text)
        extra(&text)
        return text.text
    }

    private func addQueries(_ text: inout MetricsText) {
        guard let counters = queries?.counters else { return }
        text.add("teltel_queries_total", .counter, "Questions to ClickHouse that were taken.", counters.asked)
        text.add("teltel_queries_underway", .gauge, "Questions that ClickHouse works on.", counters.underway)
        text.add(
            "teltel_queries_busy_total", .counter, "Questions refused because too many were waiting.", counters.refusedAsBusy)
        text.add(
            "teltel_queries_cancelled_total", .counter, "Questions ended because nobody waited for them any more.",
            counters.cancelled)
    }

    /// The same by kind of consumer, so that one sees which of them is too slow.
    private func addConsumers(_ bus: BusCounters, _ text: inout MetricsText) {
        let owners = bus.owners.sorted { $0.key < $1.key }
        func samples(_ value: (BusCounters.Owner) -> Double) -> [(labels: [(String, String)], value: Double)] {
            owners.map { ([("consumer", $0.key)], value($0.value)) }
        }
        text.add(
            "teltel_live_consumer_subscribers", .gauge, "Open live subscriptions, by kind of consumer.",
            samples { Double($0.subscribers) })
        text.add(
            "teltel_live_consumer_queued_bytes", .gauge, "Bytes of rounds pinned, by kind of consumer.",
            samples { Double($0.queuedBytes) })
        text.add(
            "teltel_live_consumer_dropped_events_total", .counter,
            "Events given up because a subscriber was too slow, by kind of consumer.", samples { Double($0.dropped) })
    }

    /// Sums over runs, not one series per run: labels stay bounded.
    private func addRuns(_ text: inout MetricsText) {
        let runs = registry.snapshots()
        var byStatus: [String: Int] = [:]
        var refused: [String: UInt64] = [:]
        var lost: [String: UInt64] = [:]
        for run in runs {
            byStatus[run.record.status.rawValue, default: 0] += 1
            refused.merge(run.record.refused) { $0 &+ $1 }
            lost.merge(run.record.lostByReason) { $0 &+ $1 }
        }
        let (inMemory, away) = registry.away
        for run in away.runs.values {
            byStatus[run.status.rawValue, default: 0] += 1
            refused.merge(run.refused) { $0 &+ $1 }
            lost.merge(run.lost) { $0 &+ $1 }
        }
        text.add(
            "teltel_runs_in_memory", .gauge, "Runs in memory; others are read from the control store when somebody asks.",
            inMemory)
        text.add(
            "teltel_runs", .gauge, "Known runs.",
            byStatus.sorted { $0.key < $1.key }.map { ([("status", $0.key)], Double($0.value)) })
        text.add(
            "teltel_refused_events_total", .counter, "Events refused at the engine.",
            refused.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        text.add(
            "teltel_lost_events_total", .counter, "Accepted events that will never be stored.",
            lost.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], Double($0.value)) })
        text.add(
            "teltel_live_missed_bytes_total", .counter, "Ring bytes that the live reader missed because it was lapped.",
            runs.reduce(away.runs.values.reduce(UInt64(0)) { $0 &+ $1.missedBytes }) { $0 &+ $1.missedBytes })
    }
}

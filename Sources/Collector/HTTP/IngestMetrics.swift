/// What `/metrics` says about NDJSON.
import TeltelIngest

enum IngestMetrics {
    static func add(
        _ pool: IngestPool.Counters, _ keys: IdempotencyKeys.Counters, _ memory: DecodingMemory, to text: inout MetricsText
    ) {
        text.add("teltel_ingest_accepted_events_total", .counter, "NDJSON lines that were written into a ring.", pool.accepted)
        text.add(
            "teltel_ingest_dropped_events_total", .counter, "Valid NDJSON lines that found no room for 5 s.", pool.dropped)
        text.add(
            "teltel_ingest_rejected_lines_total", .counter, "NDJSON lines that are no event.", byCode(pool.rejected))
        text.add(
            "teltel_ingest_broken_bodies_total", .counter, "Bodies that could not be read to their end.",
            byCode(pool.brokenBodies))
        text.add(
            "teltel_ingest_decoder_bytes", .gauge, "Memory of the decoders of compressed bodies.", memory.takenBytes)
        text.add(
            "teltel_ingest_decoder_limit_bytes", .gauge, "Most memory that decoders may have together.", memory.limitBytes)
        text.add("teltel_ingest_keys", .gauge, "Idempotency keys that are remembered.", keys.kept)
        text.add(
            "teltel_ingest_replayed_requests_total", .counter, "Repeated requests that were answered as before.", keys.replayed)
        text.add(
            "teltel_ingest_resumed_requests_total", .counter, "Repeated requests that went on where one broke off.",
            keys.resumed)
        text.add(
            "teltel_ingest_busy_keys_total", .counter, "Requests refused because one with their key was being read.",
            keys.refusedAsBusy)
        text.add(
            "teltel_ingest_evicted_keys_total", .counter, "Idempotency keys that gave way to newer ones, or were a day old.",
            keys.evicted)
        text.add(
            "teltel_ingest_unsaved_answers_total", .counter, "Answers that the control store could not keep.", keys.unsaved)
    }

    private static func byCode(_ counts: [String: UInt64]) -> [(labels: [(String, String)], value: Double)] {
        counts.sorted { $0.key < $1.key }.map { ([("code", $0.key)], Double($0.value)) }
    }
}

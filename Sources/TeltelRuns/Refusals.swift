/// What an engine's own counters say about events that did not come through.
import TeltelControl
import TeltelEvents
import TeltelRings

struct Refusals {
    private let instance: InstanceID
    private var byReason: [String: UInt64] = [:]
    private var types: [RunRecord.TypeRefusals] = []

    /// Reads the counters as they are now.
    init(_ instance: RingInstance) {
        self.instance = instance.id
        let rows = instance.refusals()
        // A table that cannot be read names no types; the counts stay right.
        let known = rows.isEmpty ? [] : (try? instance.table().types) ?? []
        for row in rows {
            var counts: [String: UInt64] = [:]
            for (reason, count) in zip(RefusalRow.reasons, row.counts) where count > 0 { counts[reason] = count }
            byReason.merge(counts) { $0 &+ $1 }
            let schema = row.names(among: known)
            types.append(
                RunRecord.TypeRefusals(
                    sourceID: instance.run.sourceID, channel: schema?.channel ?? "", type: schema?.type ?? "", byReason: counts))
        }
    }

    func note(in record: inout RunRecord) {
        guard !byReason.isEmpty else { return }
        record.refusedByInstance[instance.description] = byReason
        var all = record.refusedTypesByInstance ?? [:]
        all[instance.description] = types
        record.refusedTypesByInstance = all
    }
}

/// What one engine has counted itself: read outside of the registry's lock, as it takes a look into each of its rings.
struct ProducerCounters {
    let refusals: Refusals
    /// Where its rings had no room.
    let stretches: [RingID: RefusedStretches]

    init(_ instance: RingInstance) {
        refusals = Refusals(instance)
        stretches = instance.refusedStretches()
    }
}

extension RefusalRow {
    /// The type that the row counts; nil if it counts several, or none that is known.
    fileprivate func names(among types: [EventSchema]) -> EventSchema? {
        countsOneType && type <= types.count ? types[type - 1] : nil
    }
}

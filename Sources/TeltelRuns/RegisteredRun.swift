/// A run as the registry keeps it: its record, and what is needed to bring it up to date.
import TeltelControl
import TeltelEvents
import TeltelIngest
import TeltelRings

/// A value; the registry guards it.
struct RegisteredRun {
    var record: RunRecord
    /// Instances that have not ended.
    var open: Set<InstanceID> = []
    var ends: [RunEnd] = []
    /// Instances whose end no `tick` has told yet.
    var untoldEnds: [InstanceID] = []
    /// Keeps the schema, so that its identity is not taken by another one.
    var typeIndex: [ObjectIdentifier: (index: Int, schema: EventSchema)] = [:]
    var missedBytes: UInt64 = 0
    var rejected = RejectedLines()
    /// By ring that is still there: everything before has been counted.
    var counted: [RingID: UInt64] = [:]
    /// An earlier collector has seen events of it.
    var hadEarlier = false
    /// When somebody last asked for it by name after it had not been in memory; milliseconds since 1970, 0: nobody did.
    var recalledMs: Int64 = 0
    var changed = true
    /// Of its newest change; a change that no `tick` has seen yet has none.
    var revision: UInt64 = 0
    /// When events came last, on the monotonic clock; 0: not since this collector started.
    var lastEventNs: UInt64 = 0
    /// Counts of the last second, for the rate.
    var samples: [(at: UInt64, accepted: UInt64)] = []
    var producers: [RingInstance] = []
    /// What these have counted themselves, as of the last look.
    var counters: [InstanceID: ProducerCounters] = [:]
    /// Of producers that have left since the last `tick`.
    var lastRefused: [RingID: RefusedStretches] = [:]

    /// Of posted sources: where their first stream stands among those of its instance, which are in the order of their first lines
    /// whatever ring these are in.
    var sourcePlaces: [Name: (instance: InstanceID, place: Int)] = [:]

    /// The batch is of a type that has not been seen.
    mutating func heard(of batch: Batch) {
        let (source, instance) = (batch.run.sourceID, batch.round.ring.instance)
        guard case .ingest = batch.schema.encoding else { return record.heard(of: source) }
        if let known = sourcePlaces[source] {
            guard known.instance == instance, batch.place < known.place else { return }
        } else if record.orderedSources.contains(source) {
            return
        }
        sourcePlaces[source] = (instance, batch.place)
        let later = sourcePlaces.filter { $0.value.instance == instance && $0.value.place > batch.place }
        record.heard(of: source, before: Set(later.keys))
    }

    /// Nothing is left to be done about it, and nobody has had to do with it for so long: what is on disk says all of it.
    /// - Parameter isStored: somebody writes `run_metadata`.
    func mayLeave(now: (ns: UInt64, ms: Int64), quietNs: UInt64, isStored: Bool) -> Bool {
        guard record.status != .running, record.isRecorded || !isStored && record.storedEvents == 0, isQuiet, open.isEmpty,
            producers.isEmpty, untoldEnds.isEmpty,
            lastRefused.isEmpty
        else { return false }
        let heard = lastEventNs == 0 || now.ns > lastEventNs && now.ns - lastEventNs > quietNs
        return heard && (recalledMs == 0 || now.ms - recalledMs > Int64(quietNs / 1_000_000))
    }

    /// Nothing to save and nothing to measure: most of many runs, most of the time.
    var isQuiet: Bool { !changed && samples.isEmpty }

    /// `seen`: what lies before it in its ring has been counted. Returns how many rows had not been.
    /// - Parameter isStored: storage takes them too.
    mutating func count(_ batch: Batch, after seen: UInt64, isStored: Bool) -> UInt64 {
        let index = indexOfType(batch)
        // The rows are in order: those that an earlier collector has counted come first.
        let known = seen <= batch.sequence(0) ? 0 : (0..<batch.count).prefix { batch.sequence($0) < seen }.count
        record.types[index].accepted += UInt64(batch.count - known)
        if !isStored { record.unstoredEvents = record.unstored &+ UInt64(batch.count - known) }
        record.isRecorded = false
        lastEventNs = max(lastEventNs, batch.round.readAt)
        let highest = batch.highest
        record.lastFrame = max(record.lastFrame, highest.frame)
        if let time = highest.simTime { record.lastSimTime = max(record.lastSimTime, time) }
        changed = true
        return UInt64(batch.count - known)
    }

    /// Of the record's types.
    private mutating func indexOfType(_ batch: Batch) -> Int {
        let schema = batch.schema
        if let known = typeIndex[ObjectIdentifier(schema)] { return known.index }
        let old = record.types.firstIndex {
            $0.sourceID == batch.run.sourceID && $0.channel == schema.channel && $0.type == schema.type
        }
        let index = old ?? record.types.count
        heard(of: batch)
        if old == nil {
            record.types.append(.init(sourceID: batch.run.sourceID, channel: schema.channel, type: schema.type))
        }
        if !schema.fields.isEmpty { record.types[index].fields = schema.fields.map(RunRecord.FieldRecord.init) }
        typeIndex[ObjectIdentifier(schema)] = (index, schema)
        return index
    }

    /// Everything up to the batch's end has been counted.
    mutating func passed(_ batch: Batch) {
        let end = batch.sequenceEnd(batch.count - 1)
        if end > counted[batch.round.ring] ?? 0 { counted[batch.round.ring] = end }
    }

    /// Where its rings had no room: of producers that are there, and for the last time of those that have left.
    mutating func takeRefused() -> [RingID: RefusedStretches] {
        defer { lastRefused = [:] }
        return counters.values.reduce(into: lastRefused) { all, counters in all.merge(counters.stretches) { $1 } }
    }

    mutating func sample(_ now: UInt64) {
        changed = false
        samples.append((now, record.accepted))
        if samples.count > 5 { samples.removeFirst() }
        let isStill = samples.count == 5 && samples[0].accepted == record.accepted
        if isStill || record.status != .running { samples = [] }
    }
}

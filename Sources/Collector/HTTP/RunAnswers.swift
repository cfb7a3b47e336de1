/// What is known of a run, as the answers have it.
import TeltelAPI
import TeltelControl
import TeltelEvents
import TeltelRuns

extension RunAnswer {
    init(_ snapshot: RunRegistry.Snapshot, size: Int) {
        let record = snapshot.record
        let refused = record.refused.values.reduce(0, &+)
        let lost = record.lostByReason.values.reduce(0, &+)
        self.init(
            runId: record.runID.text, name: record.name, note: record.note,
            sourceId: record.sourceID.isEmpty ? nil : record.sourceID.text, size: size, created: TimeText.of(record.startedMs),
            status: record.status.rawValue, endedAt: record.endedMs.map(TimeText.of), endReason: record.endReason,
            engineVersion: record.engineVersion.isEmpty ? nil : record.engineVersion, seed: record.seed,
            channels: Array(Set(record.types.map(\.channel))).sorted(), lastFrame: record.lastFrame,
            lastSimTime: record.lastSimTime, ratePerSecond: snapshot.ratePerSecond, accepted: record.accepted, refused: refused,
            lost: lost, dropped: refused &+ lost, stored: record.storedEvents, unstored: record.unstored,
            rejected: record.rejectedLines.values.reduce(0, &+), lateEvents: record.lateEvents ?? 0,
            receivedAt: TimeText.of(record.orderMs), warnings: record.warnings ?? [])
    }
}

extension RunDetailAnswer {
    init(
        _ snapshot: RunRegistry.Snapshot, size: Int, writers: [Writer], eventsBeyond32Bits: UInt64?, same: RunFingerprints.Found?
    ) {
        let record = snapshot.record
        self.init(
            RunAnswer(snapshot, size: size),
            Details(
                sources: record.orderedSources,
                types: record.types.map {
                    TypeDetail(
                        sourceId: $0.sourceID, channel: $0.channel, type: $0.type, accepted: $0.accepted, fields: $0.fields)
                },
                writers: writers, refusedByReason: record.refused, lostByReason: record.lostByReason,
                rejectedByCode: record.rejectedLines, refusedByType: Self.refused(record),
                rejectedLines: snapshot.rejectedLines.map {
                    Rejected(line: $0.line, code: $0.code, message: $0.message, at: TimeText.of($0.atMs))
                },
                losses: record.losses ?? [], config: record.config.isEmpty ? nil : record.config,
                missedBytes: snapshot.missedBytes, eventsBeyond32Bits: eventsBeyond32Bits, fingerprint: same?.fingerprint,
                sameRuns: same?.same))
    }

    /// Of all instances of the run.
    private static func refused(_ record: RunRecord) -> [RefusedType] {
        var sums: [RefusedType] = []
        for one in (record.refusedTypesByInstance ?? [:]).sorted(by: { $0.key < $1.key }).flatMap(\.value) {
            let same = sums.firstIndex { $0.sourceId == one.sourceID && $0.channel == one.channel && $0.type == one.type }
            if let same {
                sums[same].byReason.merge(one.byReason) { $0 &+ $1 }
            } else {
                sums.append(
                    RefusedType(sourceId: one.sourceID, channel: one.channel, type: one.type, byReason: one.byReason))
            }
        }
        return sums
    }
}

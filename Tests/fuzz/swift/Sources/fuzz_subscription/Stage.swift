// A bus with a few events of one ring; and which of them a filter names, found without the collector's help.
import CTeltel
import TeltelBus
import TeltelEvents
import TeltelLive

struct Stage {
    static let ring = RingID(instance: InstanceID(1), writer: 0)
    static let recordBytes: UInt64 = 24
    static let roundBytes = recordBytes * UInt64(events.count)

    private struct Event {
        let type: Name
        /// 0: none, 1: `tags`.
        let tagSet: UInt16
    }
    private static let run = RunKey(runID: "r", sourceID: "s")
    private static let channel: Name = "c"
    private static let tags: [Name: Name] = ["car": "red", "lap": "1"]
    private static let events = [
        Event(type: "wheel.force", tagSet: 1), Event(type: "wheel.force", tagSet: 0), Event(type: "body.state", tagSet: 1),
        Event(type: "", tagSet: 0),
    ]

    let bus = EventBus(
        buffer: LiveBuffer(capacity: 1_000, byteBudget: 1 << 20), finalPosition: { $0.writer == 1 ? 1 << 40 : nil },
        isPresent: { $0.value == 2 })

    init() {
        bus.began(Self.ring, run: Self.run, at: 0)
        publish(at: 0)
    }
    func publishAgain() { publish(at: Self.roundBytes) }

    private func publish(at position: UInt64) {
        var bytes: [UInt8] = []
        var offsets: [Name: [UInt32]] = [:]
        for (index, event) in Self.events.enumerated() {
            offsets[event.type, default: []].append(UInt32(bytes.count))
            let record = teltel_record(
                bytes: UInt32(Self.recordBytes), type: 0, tag_set: event.tagSet, frame: UInt64(index), sim_time: 0)
            withUnsafeBytes(of: record) { bytes.append(contentsOf: $0) }
        }
        let round = Round(ring: Self.ring, begin: position, bytes: bytes, readAt: 0)
        let tagSet = TagSet(Self.tags.map { (key: $0.key, value: $0.value) })
        bus.publish(
            offsets.sorted { $0.key < $1.key }.map { type, offsets in
                Batch(
                    run: Self.run, schema: EventSchema(channel: Self.channel, type: type, encoding: .record(size: 0)),
                    round: round,
                    offsets: offsets, wallTimes: offsets.map { _ in Batch.unknownTime }, tagSets: [tagSet])
            })
    }

    /// Positions of the first round's events that match: the contract's sentences, one by one.
    func matching(_ filter: EventFilter) -> [UInt64] {
        Self.events.indices.filter { index in
            let event = Self.events[index]
            if !["", Self.run.runID].contains(filter.runID) { return false }
            if !["", Self.run.sourceID].contains(filter.sourceID) { return false }
            if !["", Self.channel].contains(filter.channel) { return false }
            if !filter.types.isEmpty, !filter.types.contains(event.type) { return false }
            if !event.type.utf8.starts(with: filter.typePrefix.utf8) { return false }
            if UInt64(index) % filter.every != 0 { return false }
            if filter.tags.isEmpty { return true }
            if event.tagSet == 0 { return false }
            return filter.tags.allSatisfy { key, value in (Self.tags[key] ?? "") == value }
        }.map { UInt64($0) * Self.recordBytes }
    }

    /// Positions of the events that a subscriber got, in the order in which they came.
    func rows(_ content: SubscriberQueue.Content) -> [UInt64] {
        var found: [UInt64] = []
        for delivery in content.deliveries { delivery.forEachRow { batch, row in found.append(batch.sequence(row)) } }
        return found
    }
}

/// From the live reader to registry and bus.
import Logging
import TeltelBus
import TeltelEvents
import TeltelRings
import TeltelRuns

final class LivePath: LiveSink {
    private let registry: RunRegistry
    private let bus: EventBus
    private let logger: Logger

    init(registry: RunRegistry, bus: EventBus, logger: Logger) {
        self.registry = registry
        self.bus = bus
        self.logger = logger
    }
    var attention: Attention {
        let listeners = bus.listeners
        return listeners.prompt > 0 ? .prompt : listeners.paced > 0 ? .paced : .none
    }
    /// Each costs the sender of a single event some microseconds.
    private static let fewMax = 16
    var areFewWaiting: Bool { (1...Self.fewMax).contains(bus.listeners.prompt) }
    func appeared(_ instance: RingInstance) { registry.appeared(instance) }
    func publish(_ batches: [Batch]) {
        let shown = registry.note(batches)
        if shown.count < batches.count, let last = batches.last {
            bus.withheld(last.round.ring, upTo: last.sequenceEnd(last.count - 1))
        }
        bus.publish(shown)
        for batch in shown where batch.schema.channel == "run" || batch.schema.type == .runEnd { lifecycle(batch) }
    }

    private func lifecycle(_ batch: Batch) {
        var isPosted = false
        if case .ingest = batch.schema.encoding { isPosted = true }
        switch batch.schema.type {
        case .runStart where !isPosted: tellTags(batch)
        // Of engines' runs the reader tells the end. A run of several sources may go on.
        case .runEnd where isPosted && registry.snapshot(batch.run.runID)?.record.status != .running:
            bus.runFinished(batch.run.runID)
        default: break
        }
    }

    /// The engine has been told; who looks after the collector may not look at its output.
    private func tellTags(_ batch: Batch) {
        for tag in RunStartPayload(batch, row: 0)?.tagsLeftOut ?? [] {
            let text = "run \(batch.run.runID) starts without its tag \(tag): at most 255 bytes of UTF-8, no key empty or twice"
            logger.warning("\(Terminal.printable(text))")
        }
    }

    func began(_ ring: RingID, of instance: RingInstance, at position: UInt64) {
        bus.began(ring, run: Self.run(instance), at: position)
    }
    func missed(_ ring: RingID, of instance: RingInstance, bytes: UInt64, upTo position: UInt64) {
        registry.missed(instance, bytes: bytes)
        bus.missed(ring, run: Self.run(instance), bytes: bytes, upTo: position)
    }
    /// The collector's own rings hold events of many runs.
    private static func run(_ instance: RingInstance) -> RunKey? {
        instance.description.kind == .engine ? instance.run : nil
    }
    func ended(_ instance: RingInstance, _ end: RunEnd) {
        bus.instanceEnded(instance.id)
        if registry.ended(instance, end) { bus.runFinished(instance.run.runID) }
    }
}

/// Puts the parts together. Services stop in the opposite order of their list: first the port, last the readers.
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TeltelControl
import TeltelEvents
import TeltelRings
import TeltelSDK

/// Why the collector cannot start; says what the user can do.
struct CollectorError: Error, CustomStringConvertible {
    let description: String
}

struct Collector: Sendable {
    private let settings: CollectorSettings
    private let logger: Logger
    private let registry: RunRegistry
    private let bus: EventBus
    private let directory: RingDirectory
    private let live: LiveReader
    private let ingest: IngestPool

    init(_ settings: CollectorSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        let registry = RunRegistry()
        self.registry = registry
        bus = EventBus(
            buffer: LiveBuffer(
                capacity: settings.liveCapacity, byteBudget: settings.liveBytes, maxRuns: settings.liveMaxRuns))
        do throws(RingDirectoryError) {
            directory = try RingDirectory(path: settings.shmDirectory, waitsForSpool: settings.storage) { description, others in
                registry.shownName(description, others: others)
            }
        } catch { throw CollectorError(description: error.description) }
        let live = LiveReader(
            directory: directory, sink: LivePath(registry: registry, bus: bus), releases: !settings.storage)
        self.live = live
        let lanes = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))
        do throws(TelemetryError) {
            ingest = try IngestPool(folder: settings.shmDirectory, lanes: lanes, ringBytes: 32 << 20) { live.wake() }
        } catch { throw CollectorError(description: "cannot make the ingest rings in \(settings.shmDirectory): \(error)") }
    }

    func run() async throws {
        let server = HTTPServer.make(
            settings, .init(registry: registry, bus: bus, directory: directory, ingest: ingest, writers: { writers(of: $0) }),
            logger: logger)
        let services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: ThreadService(name: "rings", body: directory.run, stop: directory.stop)),
            .init(service: ThreadService(name: "live", body: live.run, stop: live.stop)),
            .init(service: TickService(registry: registry)),
            .init(service: server),
        ]
        Terminal.say("rings     \(settings.shmDirectory)")
        Terminal.say("data      \(settings.storage ? settings.dataDirectory : "none")")
        Terminal.say(
            "storage   \(settings.storage ? settings.clickhouseURL.map { _ in "ClickHouse server" } ?? "embedded ClickHouse" : "off")"
        )
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // One stuck request must not keep the collector from leaving.
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Marks of the rings of one run that are still there.
    private func writers(of runID: String) -> [RunDetailAnswer.Writer] {
        directory.instances.filter { $0.run.runID == runID }.flatMap { instance in
            // An instance that cannot be read any more has no marks; it is shown as quarantined.
            ((try? instance.rings()) ?? []).map { ring in
                let released = ring.released
                return RunDetailAnswer.Writer(
                    instance: instance.id.description, writer: ring.id.writer, name: ring.name, head: ring.head,
                    live: live.position(of: ring.id), spooled: released, stored: released, released: released)
            }
        }
    }
}

/// From the live reader to registry and bus.
final class LivePath: LiveSink {
    private let registry: RunRegistry
    private let bus: EventBus

    init(registry: RunRegistry, bus: EventBus) {
        self.registry = registry
        self.bus = bus
    }
    func appeared(_ instance: RingInstance) { registry.appeared(instance) }
    func publish(_ batches: [Batch]) {
        registry.note(batches)
        bus.publish(batches)
    }
    func missed(_ instance: RingInstance, writer: UInt16, bytes: UInt64) { registry.missed(instance, bytes: bytes) }
    func ended(_ instance: RingInstance, _ end: RunEnd) {
        if registry.ended(instance, end) { bus.runFinished(instance.run.runID) }
    }
}

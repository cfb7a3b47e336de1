/// Puts the parts together. Services stop in the opposite order of their list: first the port, last the readers.
import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import TeltelAPI
import TeltelBooks
import TeltelBus
import TeltelControl
import TeltelEvents
import TeltelIngest
import TeltelLive
import TeltelQuery
import TeltelRings
import TeltelRuns
import TeltelSDK
import TeltelStorage

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
    private let keys: IdempotencyKeys
    private let storage: Storage?
    private let control: ControlStore?
    /// Held for as long as this lives.
    private let folder: DataFolder?
    private let bookkeeper: Bookkeeper
    private let rebuild: RunRebuild
    private let removal: RunRemoval
    private let retention: Retention
    private let port: Port

    /// Nothing is touched by a collector that may not listen: that is why `port` comes first.
    init(_ settings: CollectorSettings, port: Port, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        self.port = port
        let registry = RunRegistry(isStored: settings.storage) { Int64(Date().timeIntervalSince1970 * 1_000) }
        self.registry = registry
        do {
            let directory = try RingDirectory(
                path: settings.shmDirectory, waitsForSpool: settings.storage, waitsForRecords: true,
                naming: { run, others in registry.shownName(run, others: others) })
            self.directory = directory
            let kept = try DataFolder.open(settings, registry: registry) { logger.warning("\(Terminal.printable($0))") }
            folder = kept
            let storage = kept?.storage
            self.storage = storage
            control = kept?.control
            for notice in kept?.control.notices ?? [] { logger.warning("\(Terminal.printable(notice))") }
            let bus = EventBus(
                buffer: LiveBuffer(
                    capacity: settings.liveCapacity, byteBudget: settings.liveBytes, maxRuns: settings.liveMaxRuns),
                finalPosition: { storage?.marks($0.instance)[$0.writer]?.head },
                isPresent: { id in directory.instances.contains { $0.id == id } }, hadEarlier: { registry.hadEarlier($0) })
            self.bus = bus
            bookkeeper = Bookkeeper(
                registry: registry, storage: storage, store: kept?.control,
                silenceNs: UInt64(settings.silenceMilliseconds) * 1_000_000,
                quarantine: QuarantineLog(directory, logger: logger), logger: logger,
                endsSaved: { directory.recordsFinished($0) }, fellSilent: { bus.runFinished($0) })
            rebuild = RunRebuild(
                registry: registry, storage: storage, store: kept?.control, bookkeeper: bookkeeper,
                isAlone: settings.clickHouse == nil, logger: logger)
            let posted = PostedRuns(lateMs: Int64(settings.silenceMilliseconds), hasEnded: { registry.hasEnded($0) })
            removal = RunRemoval(
                registry: registry, bus: bus, directory: directory, storage: storage, bookkeeper: bookkeeper,
                posted: posted)
            retention = Retention(
                settings.retention, storage: storage, removal: removal,
                pinned: { [control = kept?.control] in
                    guard let control else { return [] }
                    return (try? control.baselines()).map { Set($0.map(\.runID)) }
                }, logger: logger)
            keys = IdempotencyKeys(
                capacity: settings.idempotencyKeys, archive: kept.map { AnswerArchive($0.control, logger: logger) })
            let live = LiveReader(
                directory: directory, sink: LivePath(registry: registry, bus: bus, logger: logger), releases: storage == nil,
                roused: { storage?.wake() })
            self.live = live
            let lanes = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))
            ingest = try IngestPool(
                folder: settings.shmDirectory, lanes: lanes,
                ringBytes: Self.ingestRingBytes(settings.shmDirectory, lanes: lanes), posted: posted,
                rejected: { registry.rejected($0) },
                wake: { live.wake() }, tell: { live.wake(readingHere: $0) },
                hurry: {
                    live.hurry()
                    storage?.wake()
                })
        } catch let error as RingDirectoryError {
            throw CollectorError(description: error.description)
        } catch let error as StorageError {
            throw CollectorError(
                description: error.code == .inUse
                    ? error.detail
                    : "storage in \(settings.dataDirectory): \(error.detail)")
        } catch let error as TelemetryError {
            throw CollectorError(description: "cannot make the ingest rings in \(settings.shmDirectory): \(error)")
        }
    }

    /// 32 MiB, or what makes a quarter of the shared memory together: the rest is the engines'.
    private static func ingestRingBytes(_ folder: String, lanes: Int) -> Int {
        var facts = statvfs()
        // What cannot be asked is made as large as usual; too little space makes rings smaller.
        guard statvfs(folder, &facts) == 0 else { return 32 << 20 }
        let all = UInt64(facts.f_blocks) * UInt64(facts.f_frsize)
        return Int(min(32 << 20, max(1 << 20, all / 4 / UInt64(lanes))))
    }

    func run() async throws {
        // What is there already is known before the first question can be asked.
        directory.lookAround()
        if let present = directory.present {
            bookkeeper.settleGone(present: present)
            registry.keepPositions(of: present)
            bookkeeper.adoptRemoved(present: present)
        }
        for instance in directory.instances {
            registry.recallRuns(of: instance)
            registry.appeared(instance)
        }
        registry.failOrphans(reason: RunRegistry.hostRestarted)
        say()
        // They stop from the last to the first.
        let services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: ThreadService(name: "runs", body: bookkeeper.run, stop: bookkeeper.stop)),
            .init(service: ThreadService(name: "rebuild", body: rebuild.run, stop: rebuild.stop)),
            .init(service: ThreadService(name: "retention", body: retention.run, stop: retention.stop)),
            .init(service: StorageService(storage: storage, directory: directory)),
            .init(service: ThreadService(name: "rings", body: directory.run, stop: directory.stop)),
            .init(service: ThreadService(name: "live", body: live.run, stop: live.stop)),
            .init(
                service: EndService(end: { [ingest, directory] in
                    ingest.end()
                    // So that the readers know that these rings are whole when they look for the last time.
                    directory.lookAround(newOnes: false, asking: .runFile)
                })),
            // A port that is taken ends the others in their order too.
            .init(
                service: HTTPServer.make(settings, parts, port, logger: logger),
                failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: EndService(end: { Terminal.announce("stopping  what was accepted is drained") })),
        ]
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: Self.quiet(logger))
        // One stuck request must not keep the collector from leaving.
        configuration.maximumGracefulShutdownDuration = .seconds(20)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            throw CollectorError(
                description:
                    "cannot listen on \(settings.bind):\(settings.port): \(PortProbe.reason(error)); choose another port with --port"
            )
        }
        directory.tidy()
        let waiting = storage?.waitingRows ?? 0
        Terminal.announce(
            waiting == 0 ? "stopped" : "stopped   \(Terminal.grouped(waiting)) rows wait in the spool, the next start stores them"
        )
    }

    private var parts: HTTPServer.Parts {
        HTTPServer.Parts(
            registry: registry, bus: bus, tally: LiveTally(), directory: directory, ingest: ingest, keys: keys, storage: storage,
            queries: storage.map { QueryService($0.tables.client) },
            control: control, bookkeeper: bookkeeper, removal: removal, retention: retention, writers: { writers(of: $0) },
            caughtUp: { [live] in await live.caughtUp() })
    }

    private func say() {
        Terminal.announce("rings     \(settings.shmDirectory)")
        if control != nil { Terminal.announce("data      \(settings.dataDirectory)") }
        guard let storage else { return Terminal.announce("storage   off: events are live only") }
        let kind = settings.clickHouse == nil ? "embedded ClickHouse" : storage.tables.client.endpoint.description
        Terminal.announce("storage   \(kind)")
    }

    /// The service group's own lines matter only when something is wrong.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    /// Marks of the rings of one run: of those that are still there, and of those that storage remembers.
    private func writers(of runID: Name) -> [RunDetailAnswer.Writer] {
        var found: [RunDetailAnswer.Writer] = []
        var present: Set<InstanceID> = []
        for instance in directory.instances where instance.run.runID == runID {
            present.insert(instance.id)
            let marks = storage?.marks(instance.id) ?? [:]
            // An instance that cannot be read any more has no marks; it is shown as quarantined.
            for ring in (try? instance.rings()) ?? [] {
                let released = ring.released
                let mark = marks[ring.id.writer]
                found.append(
                    RunDetailAnswer.Writer(
                        instance: instance.id.description, writer: ring.id.writer, name: ring.name, head: ring.head,
                        live: live.position(of: ring.id), spooled: mark?.spooled ?? 0, stored: mark?.stored ?? 0,
                        released: released))
            }
        }
        for text in registry.snapshot(runID)?.record.instances ?? [] {
            guard let id = InstanceID(text: text), !present.contains(id), let marks = storage?.marks(id) else { continue }
            for (writer, mark) in marks.sorted(by: { $0.key < $1.key }) {
                found.append(
                    RunDetailAnswer.Writer(
                        instance: text, writer: writer, name: "", head: mark.head, live: mark.head, spooled: mark.spooled,
                        stored: mark.stored, released: mark.spooled))
            }
        }
        return found
    }
}

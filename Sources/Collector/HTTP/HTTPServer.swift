/// The one port: page, API, WebSocket, metrics.
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import TeltelAPI
import TeltelBooks
import TeltelBus
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelIngest
import TeltelIngestHTTP
import TeltelLive
import TeltelQuery
import TeltelRings
import TeltelRuns
import TeltelStorage

enum HTTPServer {
    /// What the routes answer from.
    struct Parts: Sendable {
        let registry: RunRegistry
        let bus: EventBus
        let tally: LiveTally
        let directory: RingDirectory
        let ingest: IngestPool
        let keys: IdempotencyKeys
        let storage: Storage?
        /// nil: nothing is kept.
        let queries: QueryService?
        /// nil: nothing is kept.
        let control: ControlStore?
        let bookkeeper: Bookkeeper
        let removal: RunRemoval
        let retention: Retention
        let writers: @Sendable (Name) -> [RunDetailAnswer.Writer]
        /// Returns when what has been posted so far is known to `registry` and `bus`.
        let caughtUp: @Sendable () async -> Void
    }

    private static func router(_ settings: CollectorSettings, _ parts: Parts, _ port: Port) -> Router<ConnectionContext> {
        let decoding = DecodingMemory(limitBytes: settings.decoderBytes)
        let router = Router(context: ConnectionContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware { ErrorMiddleware() }
        let endpoints = EndpointRouter(Endpoints.table, router)
        LoginRoutes(access: port.policy.access).add(to: endpoints)
        HealthRoutes(storage: { readiness(parts.storage) }).add(to: endpoints)
        let work = StorageWork()
        let beyond: @Sendable (Name) async -> UInt64? = { [queries = parts.queries] runID in
            // A count that ClickHouse cannot give now is left out.
            try? await queries?.rowsBeyond32Bits(runID)
        }
        let current = endpoints.behind(CatchUpMiddleware(caughtUp: parts.caughtUp))
        let catalogue = RunCatalogue(registry: parts.registry, store: parts.control)
        let references = RunReferences(catalogue) { [storage = parts.storage] runID in
            guard let storage else { return false }
            return try await work.look { try storage.tables.knows(run: runID) }
        }
        let answers = AnalysisAnswers(
            storage: parts.storage, queries: parts.queries, catalogue: catalogue, references: references, work: work)
        RunRoutes(
            registry: parts.registry, catalogue: catalogue, bus: parts.bus, writers: parts.writers, eventsBeyond32Bits: beyond,
            fingerprints: RunFingerprints(answers)
        ).add(to: current)
        RunChangeRoutes(
            registry: parts.registry, catalogue: catalogue, bookkeeper: parts.bookkeeper, removal: parts.removal, work: work
        ).add(to: current)
        LayoutRoutes(store: parts.control).add(to: endpoints)
        StorageRoutes(storage: parts.storage, retention: parts.retention, work: work).add(to: endpoints)
        let named = RunReferenceMiddleware(references: references)
        AnalysisRoutes(answers, store: parts.control).add(to: endpoints.behind(named))
        BaselineRoutes(store: parts.control, catalogue: catalogue, references: references).add(to: current)
        MarkerRoutes(store: parts.control, catalogue: catalogue, references: references).add(to: current.behind(named))
        IngestRoutes(
            pool: parts.ingest, keys: parts.keys, maxLineBytes: settings.maxLineBytes,
            limits: DecodingLimits(bytes: settings.maxBodyBytes), memory: decoding
        ).add(to: endpoints)
        MetricsRoute(
            registry: parts.registry, bus: parts.bus, tally: parts.tally, directory: parts.directory, queries: parts.queries,
            extra: { text in
                port.counters.add(to: &text, limit: port.limits.connections)
                IngestMetrics.add(parts.ingest.counters, parts.keys.counters, decoding, to: &text)
                if let storage = parts.storage { addStorage(storage.status(), to: &text) }
            }
        ).add(to: endpoints)
        endpoints.on(LiveEndpoints.socket) { _, _ in
            Response(status: .upgradeRequired, headers: [.upgrade: "websocket", .connection: "upgrade"])
        }
        endpoints.finish()
        UIRoutes(folder: settings.webFolder).add(to: router)
        return router
    }

    private static func readiness(_ storage: Storage?) -> ReadyAnswer.Storage {
        guard let status = storage?.status() else { return ReadyAnswer.Storage(state: .off, detail: "started with --no-storage") }
        return ReadyAnswer.Storage(
            state: ReadyAnswer.Storage.State(rawValue: status.state.rawValue) ?? .failed, detail: status.detail)
    }

    private static func addStorage(_ status: StorageStatus, to text: inout MetricsText) {
        text.add("teltel_storage_ready", .gauge, "1 while ClickHouse takes inserts.", status.isReady ? 1 : 0)
        text.add(
            "teltel_storage_stored_rows_total", .counter, "Rows that ClickHouse has acknowledged.", status.inserter.rowsStored)
        text.add(
            "teltel_storage_inserts_total", .counter, "Groups that ClickHouse has acknowledged.", status.inserter.groupsStored)
        text.add(
            "teltel_storage_refused_rows_total", .counter, "Rows that ClickHouse refused, and that were given up.",
            status.inserter.rowsRefused)
        text.add(
            "teltel_storage_given_up_rows_total", .counter,
            "Rows of types that ClickHouse never takes, given up because the spool was nearly full; at most 100 types.",
            status.inserter.givenUp.sorted.map { type, entry in
                ([("channel", type.channel.text), ("type", type.type.text)], Double(entry.rows))
            })
        text.add(
            "teltel_storage_surplus_rows_total", .counter, "Rows found in ClickHouse beyond those that it was sent.",
            status.inserter.surplusRows)
        text.add("teltel_storage_waiting_groups", .gauge, "Groups that wait for ClickHouse.", status.inserter.groupsWaiting)
        text.add("teltel_spool_waiting_segments", .gauge, "Segments that are not stored yet.", status.spool.segmentsWaiting)
        text.add("teltel_spool_waiting_bytes", .gauge, "Bytes of segments that are not stored yet.", status.spool.waitingBytes)
        text.add("teltel_spool_file_bytes", .gauge, "Bytes of all spool files.", status.spool.fileBytes)
        text.add("teltel_spool_limit_bytes", .gauge, "Most bytes that spool files may take.", status.spool.limitBytes)
        text.add(
            "teltel_spool_damaged_total", .counter, "Parts of the spool that could not be read back.",
            status.spool.damage.segments + status.spool.damage.logs + status.spool.damage.manifests)
        text.add("teltel_spool_errors_total", .counter, "Operations on spool files that failed.", status.spool.errors)
    }

    static func make(_ settings: CollectorSettings, _ parts: Parts, _ port: Port, logger: Logger) -> some Service {
        let session = LiveSession(
            bus: parts.bus, limits: settings.live, tally: parts.tally,
            hasEnded: { [registry = parts.registry] in registry.recall($0).map { $0.record.status != .running } ?? false })
        return Application(
            router: router(settings, parts, port),
            server: .httpAndWebSocket(
                port: port,
                serve: { socket, _ in
                    try await socket.executeThenClose { inbound, outbound in
                        try await session.serve(ClientMessages(frames: inbound), WebSocketSink(outbound: outbound))
                    }
                },
                first: {
                    [IngestShortcut(pool: parts.ingest, eventLoop: $0, maxLineBytes: settings.maxLineBytes, repeats: $1)]
                }),
            configuration: .init(
                address: .hostname(settings.bind, port: settings.port), serverName: "teltel", backlog: 4_096),
            onServerRunning: { channel in
                await port.guardAccepting(channel)
                port.say(bind: settings.bind, number: channel.localAddress?.port ?? settings.port)
            },
            logger: quiet(logger))
    }

    /// The server's own lines matter only when something is wrong.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// The options of `teltel collect`. Names of the reference service work as aliases.
import ArgumentParser
import Foundation
import TeltelStorage

/// Where the collector listens, and where its things lie: what `teltel doctor` looks at.
struct PlaceOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("port"),
        help: "TCP port of the page, the API and the WebSocket; 0: any free one. (default: 8080) [TELTEL_HTTP_PORT]")
    var port: Int?

    @Option(help: "Address to listen on; beyond loopback only with a token. (default: 127.0.0.1) [TELTEL_BIND]")
    var bind: String?

    @Option(
        name: .customLong("allow-host"),
        help: "A further host name that this port answers to (repeatable). [TELTEL_ALLOW_HOST, with commas]")
    var allowHost: [String] = []

    @Option(
        help:
            "File with the token that every request must have, readable by its user alone. (default: none) [TELTEL_TOKEN_FILE; TELTEL_TOKEN: the token]"
    )
    var tokenFile: String?

    @Flag(help: "Let other users of this machine in. [TELTEL_ALLOW_LOCAL_USERS=1]")
    var allowLocalUsers = false

    @Option(help: "Folder of the rings. (default: /dev/shm/teltel-<uid>) [TELTEL_SHM_DIR]")
    var shmDir: String?

    @Option(
        help:
            "Folder of spool, control store and embedded ClickHouse. (default: $XDG_DATA_HOME/teltel, else ~/.local/share/teltel) [TELTEL_DATA_DIR]"
    )
    var dataDir: String?

    @OptionGroup var clickHouse: ClickHouseOptions

    @Flag(help: "Live only: events are not stored; names, notes, tags and layouts are kept. [TELTEL_NO_STORAGE=1]")
    var noStorage = false
}

/// How much of everything.
struct TuningOptions: ParsableArguments, Sendable {
    @Option(help: "Most connections at once. (default: 16384, or what the limit of open files allows) [TELTEL_MAX_CONNECTIONS]")
    var maxConnections: Int?

    @Option(help: "Time for a request to arrive; streamed bodies excepted. (default: 10s) [TELTEL_REQUEST_TIMEOUT]")
    var requestTimeout: String?

    @Option(help: "Time in which a client must send or take something. (default: 60s) [TELTEL_IDLE_TIMEOUT]")
    var idleTimeout: String?

    @Option(
        help:
            "Time after which a posted run without events and without run.end counts as failed. (default: 600s) [TELTEL_SILENCE_TIMEOUT]"
    )
    var silenceTimeout: String?

    @Option(
        name: [.customLong("live-capacity"), .customLong("buffer-capacity")],
        help: "Events kept per run in the live buffer. (default: 10000) [TELTEL_BUFFER_CAPACITY]")
    var bufferCapacity: Int?

    @Option(
        name: [.customLong("live-max-runs"), .customLong("buffer-max-runs")],
        help: "Runs kept in the live buffer, 0: no limit. (default: 0) [TELTEL_BUFFER_MAX_RUNS]")
    var bufferMaxRuns: Int?

    @Option(help: "Memory of the live buffer, MiB. (default: 256) [TELTEL_LIVE_MIB]")
    var liveMib: Int?

    @Option(help: "Most disk for the spool, MiB. (default: 4096, or a tenth of the free disk) [TELTEL_SPOOL_MIB]")
    var spoolMib: Int?

    @Option(
        help:
            "Event types that get a table of their own in ClickHouse; further ones share one. (default: 256) [TELTEL_MAX_TABLES]")
    var maxTables: Int?

    @Option(help: "How long runs are kept after their end, e.g. failed=7d,completed=90d. (default: for ever) [TELTEL_RETAIN]")
    var retain: String?

    @Option(
        help:
            "Most disk for stored runs, MiB: beyond it the oldest that have ended go. (default: no limit) [TELTEL_RETAIN_MIB]")
    var retainMib: Int?

    @Option(help: "Longest NDJSON line, bytes. (default: 1044480) [TELTEL_MAX_LINE_BYTES]")
    var maxLineBytes: Int?

    @Option(help: "Seconds between two pings of a WebSocket client. (default: 54) [TELTEL_PING_SECONDS]")
    var pingSeconds: Int?

    @Option(help: "Most that one compressed POST may become, MiB. (default: 16384) [TELTEL_MAX_BODY_MIB]")
    var maxBodyMib: Int?

    @Option(help: "Memory for decoding compressed POSTs, all together, MiB. (default: 256) [TELTEL_DECODER_MEMORY_MIB]")
    var decoderMemoryMib: Int?

    @Option(help: "Idempotency keys that are remembered, for a day. (default: 10000) [TELTEL_IDEMPOTENCY_KEYS]")
    var idempotencyKeys: Int?

    @Option(
        help: ArgumentHelp(
            "Folder to take the page's files from, in place of those in this program. [TELTEL_WEB_FOLDER]", visibility: .hidden)
    )
    var webFolder: String?

    @Option(name: .customLong("buffer-cleanup-interval"), help: .hidden)
    var bufferCleanupInterval: String?

    @Option(name: .customLong("batcher-batch-size"), help: "Events per segment. (default: 10000) [TELTEL_BATCHER_BATCH_SIZE]")
    var batchSize: Int?

    @Option(
        name: .customLong("batcher-flush-interval"),
        help: "Longest wait before a segment is written. (default: 500ms) [TELTEL_BATCHER_FLUSH_INTERVAL]")
    var flushInterval: String?

    @Option(
        name: .customLong("batcher-enabled"),
        help: "false is the same as --no-storage. (default: true) [TELTEL_BATCHER_ENABLED]")
    var batcherEnabled: String?
}

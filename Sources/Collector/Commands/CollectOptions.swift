/// How the collector is set up: flags, then TELTEL_* variables, then defaults.
import ArgumentParser
import Foundation
import TeltelStorage

/// Every option of `teltel collect`. Names of the reference service work as aliases.
struct CollectOptions: ParsableArguments, Sendable {
    @Option(name: .customLong("port"), help: "TCP port of the page, the API and the WebSocket. [TELTEL_HTTP_PORT]")
    var port: Int?

    @Option(help: "Address to listen on; beyond loopback only with a token. [TELTEL_BIND]")
    var bind: String?

    @Option(
        name: .customLong("allow-host"),
        help: "A further host name that this port answers to (repeatable). [TELTEL_ALLOW_HOST, with commas]")
    var allowHost: [String] = []

    @Option(
        help:
            "File with the token that every request must have, readable by its user alone. [TELTEL_TOKEN_FILE; TELTEL_TOKEN: the token]"
    )
    var tokenFile: String?

    @Flag(help: "Let other users of this machine in. [TELTEL_ALLOW_LOCAL_USERS=1]")
    var allowLocalUsers = false

    @Option(help: "Most connections at once; default: 16384, or what the limit of open files allows. [TELTEL_MAX_CONNECTIONS]")
    var maxConnections: Int?

    @Option(help: "Time for a request to arrive, e.g. 10s; streamed bodies excepted. [TELTEL_REQUEST_TIMEOUT]")
    var requestTimeout: String?

    @Option(help: "Time in which a client must send or take something, e.g. 60s. [TELTEL_IDLE_TIMEOUT]")
    var idleTimeout: String?

    @Option(
        help:
            "Time after which a posted run without events and without run.end counts as failed, e.g. 600s. [TELTEL_SILENCE_TIMEOUT]"
    )
    var silenceTimeout: String?

    @Option(help: "Folder of the rings. [TELTEL_SHM_DIR]")
    var shmDir: String?

    @Option(help: "Folder of spool, control store and embedded ClickHouse. [TELTEL_DATA_DIR]")
    var dataDir: String?

    @OptionGroup var clickHouse: ClickHouseOptions

    @Flag(help: "Live only: nothing is kept. [TELTEL_NO_STORAGE=1]")
    var noStorage = false

    @Option(
        name: [.customLong("live-capacity"), .customLong("buffer-capacity")],
        help: "Events kept per run in the live buffer. [TELTEL_BUFFER_CAPACITY]")
    var bufferCapacity: Int?

    @Option(
        name: [.customLong("live-max-runs"), .customLong("buffer-max-runs")],
        help: "Runs kept in the live buffer, 0 = no limit. [TELTEL_BUFFER_MAX_RUNS]")
    var bufferMaxRuns: Int?

    @Option(help: "Memory of the live buffer, MiB. [TELTEL_LIVE_MIB]")
    var liveMib: Int?

    @Option(help: "Most disk for the spool, MiB; default: 4 GiB or a tenth of the free disk. [TELTEL_SPOOL_MIB]")
    var spoolMib: Int?

    @Option(
        help: "Event types that get a table of their own in ClickHouse, default 256; further ones share one. [TELTEL_MAX_TABLES]")
    var maxTables: Int?

    @Option(help: "How long runs are kept after their end, e.g. failed=7d,completed=90d; default: for ever. [TELTEL_RETAIN]")
    var retain: String?

    @Option(
        help: "Most disk for stored runs, MiB: beyond it the oldest that have ended go; default: no limit. [TELTEL_RETAIN_MIB]")
    var retainMib: Int?

    @Option(help: "Longest NDJSON line, bytes. [TELTEL_MAX_LINE_BYTES]")
    var maxLineBytes: Int?

    @Option(help: "Seconds between two pings of a WebSocket client. [TELTEL_PING_SECONDS]")
    var pingSeconds: Int?

    @Option(help: "Most that one compressed POST may become, MiB. [TELTEL_MAX_BODY_MIB]")
    var maxBodyMib: Int?

    @Option(help: "Memory for decoding compressed POSTs, all together, MiB. [TELTEL_DECODER_MEMORY_MIB]")
    var decoderMemoryMib: Int?

    @Option(help: "Idempotency keys that are remembered, for a day. [TELTEL_IDEMPOTENCY_KEYS]")
    var idempotencyKeys: Int?

    @Option(
        help: ArgumentHelp(
            "Folder to take the page's files from, in place of those in this program. [TELTEL_WEB_FOLDER]", visibility: .hidden)
    )
    var webFolder: String?

    @Option(name: .customLong("buffer-cleanup-interval"), help: .hidden)
    var bufferCleanupInterval: String?

    @Option(name: .customLong("batcher-batch-size"), help: "Events per segment. [TELTEL_BATCHER_BATCH_SIZE]")
    var batchSize: Int?

    @Option(
        name: .customLong("batcher-flush-interval"),
        help: "Longest wait before a segment is written, e.g. 500ms. [TELTEL_BATCHER_FLUSH_INTERVAL]")
    var flushInterval: String?

    @Option(name: .customLong("batcher-enabled"), help: "false is the same as --no-storage. [TELTEL_BATCHER_ENABLED]")
    var batcherEnabled: String?
}

/// The options after environment and defaults.
struct CollectorSettings: Sendable {
    var port = 8080
    var bind = "127.0.0.1"
    var allowedHosts: [String] = []
    var tokenFile: String?
    var allowLocalUsers = false
    /// nil: by the limit of open files.
    var maxConnections: Int?
    var requestMilliseconds = 10_000
    var idleMilliseconds = 60_000
    var silenceMilliseconds = 600_000
    var retention = RetentionPolicy()
    var shmDirectory = ""
    var dataDirectory = ""
    /// nil: the embedded one.
    var clickHouse: ClickHouseServer?
    var storage = true
    var liveCapacity = 10_000
    var liveMaxRuns = 0
    var liveBytes = 256 << 20
    var maxLineBytes = 1 << 20
    var live = LiveSession.Limits()
    /// Of one compressed POST, after decoding.
    var maxBodyBytes = 16 << 30
    /// Of all decoders together.
    var decoderBytes = 256 << 20
    var idempotencyKeys = 10_000
    /// For work on the page; nil: its files lie in this program.
    var webFolder: String?
    /// nil: by the free disk.
    var spoolBytes: Int?
    var segmentEvents = 10_000
    var flushMilliseconds = 500
    var maxTables = 256

    init(_ options: CollectOptions, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        func text(_ flag: String?, _ name: String) -> String? { flag ?? environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        func number(_ flag: Int?, _ name: String, _ range: ClosedRange<Int>, _ standard: Int) throws -> Int {
            guard let text = flag.map(String.init) ?? environment[name], !text.isEmpty else { return standard }
            guard let value = Int(text), range.contains(value) else {
                throw ValidationError("\(name): \(text) is not a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return value
        }
        func milliseconds(_ flag: String?, _ name: String, _ standard: Int, most: Int = 3_600_000) throws -> Int {
            guard let interval = text(flag, name) else { return standard }
            guard let value = ReferenceFlags.milliseconds(interval), (1...most).contains(value) else {
                throw ValidationError("\(name): \(interval) is not a time such as 500ms or 2s")
            }
            return value
        }
        port = try number(options.port, "TELTEL_HTTP_PORT", 0...65_535, port)
        bind = text(options.bind, "TELTEL_BIND") ?? bind
        allowedHosts =
            options.allowHost.isEmpty
            ? (environment["TELTEL_ALLOW_HOST"] ?? "").split(separator: ",").map(String.init) : options.allowHost
        tokenFile = options.tokenFile
        allowLocalUsers = options.allowLocalUsers || environment["TELTEL_ALLOW_LOCAL_USERS"] == "1"
        let connections = try number(options.maxConnections, "TELTEL_MAX_CONNECTIONS", 1...1_000_000, 0)
        maxConnections = connections > 0 ? connections : nil
        requestMilliseconds = try milliseconds(options.requestTimeout, "TELTEL_REQUEST_TIMEOUT", requestMilliseconds)
        idleMilliseconds = try milliseconds(options.idleTimeout, "TELTEL_IDLE_TIMEOUT", idleMilliseconds)
        silenceMilliseconds = try milliseconds(
            options.silenceTimeout, "TELTEL_SILENCE_TIMEOUT", silenceMilliseconds, most: 30 * 86_400_000)
        let retained = try number(options.retainMib, "TELTEL_RETAIN_MIB", 0...1 << 40, 0)
        do throws(RetentionError) {
            retention = try RetentionPolicy(
                ages: text(options.retain, "TELTEL_RETAIN") ?? "", mebibytes: retained > 0 ? retained : nil)
        } catch { throw ValidationError("TELTEL_RETAIN: \(error)") }
        shmDirectory = text(options.shmDir, "TELTEL_SHM_DIR") ?? "/dev/shm/teltel-\(getuid())"
        dataDirectory = text(options.dataDir, "TELTEL_DATA_DIR") ?? Self.defaultDataDirectory(environment)
        webFolder = text(options.webFolder, "TELTEL_WEB_FOLDER")
        do throws(SecretFileError) { clickHouse = try options.clickHouse.server(environment) } catch {
            throw ValidationError(error.description)
        }
        storage = !options.noStorage && environment["TELTEL_NO_STORAGE"] != "1"
        if let text = text(options.batcherEnabled, "TELTEL_BATCHER_ENABLED") {
            guard let isEnabled = ReferenceFlags.bool(text) else {
                throw ValidationError("TELTEL_BATCHER_ENABLED: \(text) is neither true nor false")
            }
            storage = storage && isEnabled
        }
        liveCapacity = try number(options.bufferCapacity, "TELTEL_BUFFER_CAPACITY", 1...10_000_000, liveCapacity)
        liveMaxRuns = try number(options.bufferMaxRuns, "TELTEL_BUFFER_MAX_RUNS", 0...1_000_000, liveMaxRuns)
        liveBytes = try number(options.liveMib, "TELTEL_LIVE_MIB", 1...65_536, liveBytes >> 20) << 20
        live.pingInterval = .seconds(try number(options.pingSeconds, "TELTEL_PING_SECONDS", 1...3_600, 54))
        live.pongDeadline = min(live.pongDeadline, live.pingInterval)
        let spool = try number(options.spoolMib, "TELTEL_SPOOL_MIB", 0...1 << 30, 0)
        spoolBytes = spool > 0 ? max(16, spool) << 20 : nil
        maxLineBytes = try number(options.maxLineBytes, "TELTEL_MAX_LINE_BYTES", 256...(1 << 20) - 4_096, (1 << 20) - 4_096)
        maxBodyBytes = try number(options.maxBodyMib, "TELTEL_MAX_BODY_MIB", 1...1 << 30, maxBodyBytes >> 20) << 20
        decoderBytes =
            try number(options.decoderMemoryMib, "TELTEL_DECODER_MEMORY_MIB", 16...1 << 20, decoderBytes >> 20) << 20
        idempotencyKeys = try number(options.idempotencyKeys, "TELTEL_IDEMPOTENCY_KEYS", 1...10_000_000, idempotencyKeys)
        // A view over many more does not fit into a query.
        maxTables = try number(options.maxTables, "TELTEL_MAX_TABLES", 1...512, maxTables)
        segmentEvents = try number(options.batchSize, "TELTEL_BATCHER_BATCH_SIZE", 1...1_000_000, segmentEvents)
        flushMilliseconds = try milliseconds(
            options.flushInterval, "TELTEL_BATCHER_FLUSH_INTERVAL", flushMilliseconds, most: 60_000)
    }

    /// Where runs are kept unless something else is said.
    static func defaultDataDirectory(_ environment: [String: String]) -> String {
        let base = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return (base ?? NSHomeDirectory() + "/.local/share") + "/teltel"
    }
}

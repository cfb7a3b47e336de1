/// How the collector is set up: flags, then TELTEL_* variables, then defaults.
import ArgumentParser
import Foundation
import TeltelBooks
import TeltelHTTP
import TeltelLive
import TeltelStorage

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

    init(
        _ places: PlaceOptions, _ tuning: TuningOptions,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let given = GivenSettings(environment: environment)
        port = try given.number("--port", places.port, "TELTEL_HTTP_PORT", 0...65_535) ?? port
        bind = given.text("--bind", places.bind, "TELTEL_BIND")?.value ?? bind
        allowedHosts =
            places.allowHost.isEmpty
            ? (environment["TELTEL_ALLOW_HOST"] ?? "").split(separator: ",").map(String.init) : places.allowHost
        tokenFile = places.tokenFile
        allowLocalUsers = places.allowLocalUsers || environment["TELTEL_ALLOW_LOCAL_USERS"] == "1"
        shmDirectory = given.text("--shm-dir", places.shmDir, "TELTEL_SHM_DIR")?.value ?? "/dev/shm/teltel-\(getuid())"
        dataDirectory =
            given.text("--data-dir", places.dataDir, "TELTEL_DATA_DIR")?.value ?? Self.defaultDataDirectory(environment)
        do throws(SecretFileError) { clickHouse = try places.clickHouse.server(environment) } catch {
            throw ValidationError(error.description)
        }
        storage = !places.noStorage && environment["TELTEL_NO_STORAGE"] != "1"
        try tune(tuning, given)
        try tuneStorage(tuning, given)
    }

    private mutating func tune(_ options: TuningOptions, _ given: GivenSettings) throws {
        maxConnections = try given.number("--max-connections", options.maxConnections, "TELTEL_MAX_CONNECTIONS", 1...1_000_000)
        requestMilliseconds =
            try given.milliseconds("--request-timeout", options.requestTimeout, "TELTEL_REQUEST_TIMEOUT") ?? requestMilliseconds
        idleMilliseconds =
            try given.milliseconds("--idle-timeout", options.idleTimeout, "TELTEL_IDLE_TIMEOUT") ?? idleMilliseconds
        silenceMilliseconds =
            try given.milliseconds(
                "--silence-timeout", options.silenceTimeout, "TELTEL_SILENCE_TIMEOUT", most: 30 * 86_400_000)
            ?? silenceMilliseconds
        liveCapacity =
            try given.number("--live-capacity", options.bufferCapacity, "TELTEL_BUFFER_CAPACITY", 1...10_000_000) ?? liveCapacity
        liveMaxRuns =
            try given.number("--live-max-runs", options.bufferMaxRuns, "TELTEL_BUFFER_MAX_RUNS", 0...1_000_000) ?? liveMaxRuns
        if let mebibytes = try given.number("--live-mib", options.liveMib, "TELTEL_LIVE_MIB", 1...65_536) {
            liveBytes = mebibytes << 20
        }
        live.pingInterval = .seconds(
            try given.number("--ping-seconds", options.pingSeconds, "TELTEL_PING_SECONDS", 1...3_600) ?? 54)
        live.pongDeadline = min(live.pongDeadline, live.pingInterval)
        maxLineBytes =
            try given.number("--max-line-bytes", options.maxLineBytes, "TELTEL_MAX_LINE_BYTES", 256...(1 << 20) - 4_096)
            ?? (1 << 20) - 4_096
        if let mebibytes = try given.number("--max-body-mib", options.maxBodyMib, "TELTEL_MAX_BODY_MIB", 1...1 << 30) {
            maxBodyBytes = mebibytes << 20
        }
        if let mebibytes = try given.number(
            "--decoder-memory-mib", options.decoderMemoryMib, "TELTEL_DECODER_MEMORY_MIB", 16...1 << 20)
        {
            decoderBytes = mebibytes << 20
        }
        idempotencyKeys =
            try given.number("--idempotency-keys", options.idempotencyKeys, "TELTEL_IDEMPOTENCY_KEYS", 1...10_000_000)
            ?? idempotencyKeys
        webFolder = given.text("--web-folder", options.webFolder, "TELTEL_WEB_FOLDER")?.value
    }

    private mutating func tuneStorage(_ options: TuningOptions, _ given: GivenSettings) throws {
        if let (text, name) = given.text("--batcher-enabled", options.batcherEnabled, "TELTEL_BATCHER_ENABLED") {
            guard let isEnabled = ReferenceFlags.bool(text) else {
                throw ValidationError("\(name): \(text) is neither true nor false")
            }
            storage = storage && isEnabled
        }
        let retained = try given.number("--retain-mib", options.retainMib, "TELTEL_RETAIN_MIB", 0...1 << 40) ?? 0
        let ages = given.text("--retain", options.retain, "TELTEL_RETAIN")
        do throws(RetentionError) {
            retention = try RetentionPolicy(ages: ages?.value ?? "", mebibytes: retained > 0 ? retained : nil)
        } catch { throw ValidationError("\(ages?.name ?? "--retain"): \(error)") }
        let spool = try given.number("--spool-mib", options.spoolMib, "TELTEL_SPOOL_MIB", 0...1 << 30) ?? 0
        spoolBytes = spool > 0 ? max(16, spool) << 20 : nil
        // A view over many more does not fit into a query.
        maxTables = try given.number("--max-tables", options.maxTables, "TELTEL_MAX_TABLES", 1...512) ?? maxTables
        segmentEvents =
            try given.number("--batcher-batch-size", options.batchSize, "TELTEL_BATCHER_BATCH_SIZE", 1...1_000_000)
            ?? segmentEvents
        flushMilliseconds =
            try given.milliseconds(
                "--batcher-flush-interval", options.flushInterval, "TELTEL_BATCHER_FLUSH_INTERVAL", most: 60_000)
            ?? flushMilliseconds
    }

    /// Where runs are kept unless something else is said.
    static func defaultDataDirectory(_ environment: [String: String]) -> String { UserFolders.data(environment) + "/teltel" }
}

/// What was given, by flag or by variable; problems name the one that it was. nil: neither.
struct GivenSettings {
    let environment: [String: String]

    func text(_ flag: String, _ value: String?, _ variable: String) -> (value: String, name: String)? {
        if let value { return (value, flag) }
        return environment[variable].flatMap { $0.isEmpty ? nil : ($0, variable) }
    }

    func number(_ flag: String, _ value: Int?, _ variable: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let (text, name) = text(flag, value.map(String.init), variable) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ValidationError("\(name): \(text) is not a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func milliseconds(_ flag: String, _ value: String?, _ variable: String, most: Int = 3_600_000) throws -> Int? {
        guard let (text, name) = text(flag, value, variable) else { return nil }
        guard let time = ReferenceFlags.milliseconds(text), (1...most).contains(time) else {
            throw ValidationError("\(name): \(text) is not a time such as 500ms or 2s")
        }
        return time
    }
}

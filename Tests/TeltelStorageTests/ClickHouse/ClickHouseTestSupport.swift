/// Rows as a ring would hold them, and a ClickHouse to store them in.
import CTeltel
import CTeltelStorage
import Foundation
import TeltelEvents
import TeltelStorage
import Testing

/// Records of one ring, one after the other.
struct RingRows {
    var bytes: [UInt8] = []
    var offsets: [UInt32] = []
    var wallTimes: [Int64] = []

    mutating func add(frame: UInt64, simTime: Double, tagSet: UInt16 = 0, wallTime: Int64 = Batch.unknownTime, payload: [UInt8]) {
        offsets.append(UInt32(bytes.count))
        wallTimes.append(wallTime)
        let size = Int(TELTEL_RECORD_HEADER_BYTES) + payload.count
        var head = teltel_record(bytes: UInt32(size), type: 1, tag_set: tagSet, frame: frame, sim_time: simTime)
        withUnsafeBytes(of: &head) { bytes += $0 }
        bytes += payload
        bytes += [UInt8](repeating: 0xEE, count: (8 - size & 7) & 7)
    }

    mutating func addIngest(frame: UInt64, simTime: Double, wallTime: Int64, tags: String = "", payload: String) {
        var head = teltel_ingest_head(stream: 0, tags_bytes: UInt32(tags.utf8.count), wall_time_ms: wallTime)
        let text = withUnsafeBytes(of: &head) { Array($0) } + Array(tags.utf8) + Array(payload.utf8)
        add(frame: frame, simTime: simTime, payload: text)
    }

    /// Appends all rows; returns how many were refused.
    func append(
        to blocks: NativeBlocks, _ schema: EventSchema, run: RunKey = RunKey(runID: "run 1", sourceID: "engine"),
        writer: UInt16 = 3,
        instance: UInt64 = 0xABC, begin: UInt64 = 1_000_000, tagSets: [TagSet] = []
    ) -> Int {
        bytes.withUnsafeBytes { bytes in
            offsets.withUnsafeBufferPointer { offsets in
                wallTimes.withUnsafeBufferPointer { wallTimes in
                    blocks.append(
                        RowChunk(
                            ring: RingID(instance: InstanceID(instance), writer: writer), run: run, schema: schema,
                            tagSets: tagSets,
                            bytes: bytes, begin: begin, offsets: offsets, wallTimes: wallTimes))
                }
            }
        }
    }
}

/// Bytes of values as they lie in an engine's struct.
func plainBytes<T: BitwiseCopyable>(_ values: T...) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
}

struct FinishedBlock {
    let description: NativeBlock
    let bytes: [UInt8]
}

extension NativeBlocks {
    func finished(insertedAt: UInt32 = 1_700_000_000) -> [FinishedBlock] {
        var found: [FinishedBlock] = []
        finish(insertedAt: insertedAt) { found.append(FinishedBlock(description: $0, bytes: Array($1))) }
        return found
    }
}

/// A ClickHouse for one test, in a process of its own, with folders of its own. Ends and is removed with this object.
final class TestClickHouse: Sendable {
    let directory: String
    let tables: ClickHouseTables
    let client: ClickHouseClient
    private let process: ChildProcess

    enum Way: CaseIterable { case file, body }
    static var library: String? { HostFiles(dataDirectory: "", payloadDirectory: "").library }

    /// - Parameter way: `file`: as the embedded host, on a socket. `body`: as a server, on a TCP port.
    init(_ way: Way, credentials: String? = nil, directory given: String? = nil) throws {
        directory = given ?? NSTemporaryDirectory() + "teltel-test-" + UUID().uuidString
        let files = HostFiles(dataDirectory: directory, payloadDirectory: directory + "/payloads")
        let (program, _) = try files.prepare()
        try FileManager.default.createDirectory(atPath: files.payloadDirectory, withIntermediateDirectories: true)
        let socket = "/tmp/teltel-test-\(UUID().uuidString.prefix(8)).sock"
        var arguments = ["/usr/bin/env"]
        if let credentials { arguments.append("TELTEL_HOST_CREDENTIALS=\(credentials)") }
        arguments += [try #require(files.interpreter), "-I", "-S", program, "--library", try #require(Self.library)]
        arguments += ["--data", files.databaseDirectory, "--payloads", files.payloadDirectory, "--nice", "0"]
        arguments += way == .file ? ["--socket", socket] : ["--port", "0"]
        process = try ChildProcess(arguments, errorPath: files.errorPath)
        guard case .text(let line) = process.nextLine(timeoutMilliseconds: 60_000), line.hasPrefix("ready ") else {
            throw ClickHouseError(
                .unreachable, String(decoding: FileManager.default.contents(atPath: files.errorPath) ?? Data(), as: UTF8.self))
        }
        let endpoint =
            way == .file
            ? ClickHouseEndpoint(socket: socket)
            : try ClickHouseEndpoint(
                url: "http://\(credentials.map { $0 + "@" } ?? "")127.0.0.1:\(line.split(separator: " ")[2])/teltel")
        client = ClickHouseClient(endpoint)
        tables = ClickHouseTables(client: client, catalog: TableCatalog())
    }

    /// Returns when the process is dead and has left its folder; `deinit` still collects it.
    func kill() {
        Foundation.kill(process.processID, SIGKILL)
        var info = siginfo_t()
        while waitid(P_PID, id_t(process.processID), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }

    deinit {
        process.askToEnd()
        _ = process.waitForEnd(timeoutMilliseconds: 5_000)
        if let socket = client.endpoint.socket { unlink(socket) }
    }
    func removeFiles() throws { try FileManager.default.removeItem(atPath: directory) }

    /// Writes the blocks as the spool would: one zstd frame after the other.
    func payload(_ blocks: [FinishedBlock], name: String) throws -> (path: String, bytes: Int) {
        let packer = try #require(teltel_zstd_packer_make(1))
        defer { teltel_zstd_packer_free(packer) }
        var all = Data()
        for block in blocks {
            var frame = [UInt8](repeating: 0, count: teltel_zstd_bound(block.bytes.count))
            let count = teltel_zstd_pack(packer, &frame, frame.count, block.bytes, block.bytes.count)
            try #require(count > 0)
            all += frame[..<count]
        }
        let path = "\(directory)/payloads/\(name).native.zst"
        try all.write(to: URL(fileURLWithPath: path))
        return (path, all.count)
    }

    /// Stores blocks of one layout as one group.
    func store(_ blocks: [FinishedBlock], token: String = UUID().uuidString) throws {
        let table = try #require(blocks.first).description.table
        try tables.ensureTable(table)
        let file = try payload(blocks, name: token)
        let rows = blocks.reduce(0) { $0 + $1.description.rows }
        try tables.insert(
            InsertRequest(table: table, token: token, payloadPath: file.path, payloadBytes: file.bytes, rows: rows))
        let deadline = ContinuousClock.now + .seconds(30)
        while try !tables.shows(table) {
            try #require(ContinuousClock.now < deadline, "the view shows \(table.name)")
            usleep(10_000)
        }
    }

    func lines(_ sql: String, _ parameters: [String: String] = [:]) throws -> [String] {
        let answer = try client.run(ClickHouseQuery(sql, parameters: parameters, settings: ["readonly": "1"], format: "TSVRaw"))
        return String(decoding: answer, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Values of a column by bits, in the order of the rows.
    func bits(_ expression: String, from table: String) throws -> [UInt64] {
        try lines("SELECT \(expression) FROM \(SQLText.name(table)) ORDER BY writer, sequence").map { try #require(UInt64($0)) }
    }

    /// What the view gives for each row, as a JSON value.
    func payloads() throws -> [NSObject] {
        let sql = "SELECT payload FROM telemetry_events ORDER BY frame_index, channel, type"
        return try lines(sql).map { try jsonValue(Array($0.utf8)) }
    }
}

func jsonValue(_ text: [UInt8]) throws -> NSObject {
    let value = try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
    return try #require(value as? NSObject)
}

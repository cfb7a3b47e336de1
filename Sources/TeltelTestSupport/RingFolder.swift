/// Ring files made by hand, so that tests can bring a reader into any state, possible or not.
import CTeltel
import Foundation
import TeltelEvents

/// One instance in a shared-memory folder of its own. Written straight after the ABI, without the library's writer.
package final class RingFolder {
    package let path: String
    package let instance = InstanceID(0x0123_4567_89ab_cdef)
    package let ringBytes: Int
    private let runPath: String
    package let ringPath: String
    package private(set) var head: UInt64 = 0

    package static let tableOffset = 8_192
    private static let dataOffset = 8_192

    /// - Parameter alive: the run file names this process, so that its producer is taken for alive.
    package init(ringBytes: Int = 4_096, runID: String = "made", alive: Bool = true) throws {
        self.ringBytes = ringBytes
        path = "/dev/shm/teltel-test-\(UUID().uuidString)"
        let folder = "\(path)/\(instance)"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        chmod(path, 0o700)
        runPath = "\(folder)/run"
        ringPath = "\(folder)/ring-0"
        try makeRing()
        try makeRun(runID, alive: alive)
    }
    deinit {
        // Nothing depends on it: the folder lies in memory.
        try? FileManager.default.removeItem(atPath: path)
    }

    private func makeRing() throws {
        var header = teltel_ring_header()
        header.magic = TELTEL_RING_MAGIC
        header.abi_version = TELTEL_ABI_VERSION
        header.byte_order = TELTEL_BYTE_ORDER_MARK
        header.instance = instance.value
        header.data_offset = UInt64(Self.dataOffset)
        header.data_bytes = UInt64(ringBytes)
        header.counters_offset = UInt64(TELTEL_HEADER_BYTES)
        header.counter_rows = 4
        try write(ringPath, withUnsafeBytes(of: header) { Data($0) } + Data(count: Self.dataOffset - 4_096 + ringBytes))
    }

    private func makeRun(_ runID: String, alive: Bool) throws {
        var header = teltel_run_header()
        header.magic = TELTEL_RUN_MAGIC
        header.abi_version = TELTEL_ABI_VERSION
        header.byte_order = TELTEL_BYTE_ORDER_MARK
        header.header_bytes = UInt32(TELTEL_HEADER_BYTES)
        header.kind = UInt32(TELTEL_KIND_ENGINE)
        header.instance = instance.value
        header.pid = alive ? UInt32(getpid()) : 0
        header.counters_offset = UInt64(TELTEL_HEADER_BYTES)
        header.counter_rows = 4
        header.table_offset = UInt64(Self.tableOffset)
        header.file_bytes = UInt64(Self.tableOffset + 65_536)
        header.ring_count = 1
        header.state = UInt32(TELTEL_STATE_RUNNING)
        withUnsafeMutableBytes(of: &header.run_id) { $0.copyBytes(from: Array(runID.utf8).prefix(255)) }
        withUnsafeMutableBytes(of: &header.source_id) { $0.copyBytes(from: Array("test".utf8)) }
        if alive { fillProcess(&header) }
        let text = withUnsafeBytes(of: header) { Data($0) }
        try write(runPath, text + Data(count: Self.tableOffset - text.count + 65_536))
    }

    private func fillProcess(_ header: inout teltel_run_header) {
        let boot = (FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id")).map {
            String(decoding: $0, as: UTF8.self)
        }
        let digits = Array((boot ?? "").filter(\.isHexDigit))
        withUnsafeMutableBytes(of: &header.boot_id) { bytes in
            for index in 0..<min(16, digits.count / 2) {
                bytes[index] = UInt8(String(digits[2 * index...2 * index + 1]), radix: 16) ?? 0
            }
        }
        var facts = stat()
        if stat("/proc/self/ns/pid", &facts) == 0 { header.pid_namespace = UInt64(facts.st_ino) }
        let status = FileManager.default.contents(atPath: "/proc/self/stat").map { String(decoding: $0, as: UTF8.self) } ?? ""
        let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
        header.pid_start = fields.count > 20 ? UInt64(fields[20]) ?? 0 : 0
    }

    private func write(_ path: String, _ data: Data) throws {
        try data.write(to: URL(fileURLWithPath: path))
        chmod(path, 0o600)
    }

    // MARK: changes

    package enum File { case run, ring }

    /// Writes bytes into a file in place, as another process would.
    package func poke(_ file: File, at offset: Int, _ bytes: [UInt8]) {
        let descriptor = open(file == .run ? runPath : ringPath, O_RDWR)
        pwrite(descriptor, bytes, bytes.count, off_t(offset))
        close(descriptor)
    }
    package func poke<T: BitwiseCopyable>(_ file: File, at offset: Int, value: T) {
        poke(file, at: offset, withUnsafeBytes(of: value) { Array($0) })
    }

    package func setHead(_ value: UInt64) {
        head = value
        poke(.ring, at: MemoryLayout<teltel_ring_header>.offset(of: \.head)!, value: value)
    }
    package func setReleased(_ value: UInt64) {
        poke(.ring, at: MemoryLayout<teltel_ring_header>.offset(of: \.released)!, value: value)
    }
    package func end(_ status: Int = TELTEL_END_COMPLETED) {
        poke(.run, at: MemoryLayout<teltel_run_header>.offset(of: \.end_status)!, value: Int32(status))
        poke(.run, at: MemoryLayout<teltel_run_header>.offset(of: \.state)!, value: UInt32(TELTEL_STATE_ENDED))
    }

    private var tableHead = 0

    /// Appends an entry to the run file's table; `body` follows the head.
    package func appendEntry(kind: Int, id: UInt32, recordSize: UInt32 = 0, count: UInt32 = 0, flags: UInt16 = 0, _ body: [UInt8])
    {
        let size = MemoryLayout<teltel_entry>.size + body.count
        let entry = teltel_entry(
            bytes: UInt32(size), kind: UInt16(kind), flags: flags, id: id, record_size: recordSize, count: count, every: 0)
        poke(.run, at: Self.tableOffset + tableHead, withUnsafeBytes(of: entry) { Array($0) } + body)
        tableHead += (size + 7) & ~7
        poke(.run, at: MemoryLayout<teltel_run_header>.offset(of: \.table_head)!, value: UInt64(tableHead))
    }

    package static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return withUnsafeBytes(of: UInt32(bytes.count)) { Array($0) } + bytes
            + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    /// Type 1: "test"/"sample", one f64 named "value".
    package func defineSample() {
        let field = teltel_entry_field(kind: FieldKind.f64.rawValue, offset: 0, count: 1, flags: 0)
        appendEntry(
            kind: TELTEL_ENTRY_TYPE, id: 1, recordSize: 8, count: 1,
            Self.text("test") + Self.text("sample") + withUnsafeBytes(of: field) { Array($0) } + Self.text("value")
                + Self.text("m")
                + Self.text(""))
    }

    /// One record of type 1 at the head; wraps as the library does. Returns its sequence.
    @discardableResult
    package func appendSample(frame: UInt64, value: Double) -> UInt64 {
        let bytes = 32
        let left = ringBytes - (Int(head) & (ringBytes - 1))
        if left < bytes {
            pokeData([UInt32(left), UInt32(TELTEL_WRAP_TYPE)].flatMap { withUnsafeBytes(of: $0) { Array($0) } })
            head += UInt64(left)
        }
        let record = teltel_record(bytes: UInt32(bytes), type: 1, tag_set: 0, frame: frame, sim_time: Double(frame) / 100)
        pokeData(withUnsafeBytes(of: record) { Array($0) } + withUnsafeBytes(of: value) { Array($0) })
        let sequence = head
        setHead(head + UInt64(bytes))
        return sequence
    }
    /// Bytes at the head's place in the data area.
    package func pokeData(_ bytes: [UInt8]) { poke(.ring, at: Self.dataOffset + (Int(head) & (ringBytes - 1)), bytes) }
}

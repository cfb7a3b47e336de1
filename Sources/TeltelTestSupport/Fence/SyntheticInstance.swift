/// Writes instance folders as the ring ABI says, without the engine library: rings in any state, at any size.
import CTeltel
import Foundation
import TeltelEvents

/// One instance folder with its run file and rings. Used by one thread; not a model of the library's speed.
package final class SyntheticInstance {
    package struct TypeDefinition {
        package let channel: String
        package let type: String
        /// nil: JSON.
        package let fields: [(name: String, kind: FieldKind)]?
        package init(_ channel: String, _ type: String, _ fields: [(name: String, kind: FieldKind)]?) {
            self.channel = channel
            self.type = type
            self.fields = fields
        }
        package var recordSize: Int { (fields ?? []).reduce(0) { $0 + $1.kind.size } }
    }

    package let id: InstanceID
    package let folder: String
    private let run: MappedFile
    private var rings: [MappedFile] = []
    private var writers: [(head: UInt64, size: UInt64)] = []
    private var tableHead = 0
    private var typeCount: UInt32 = 0
    private var streamCount: UInt32 = 0
    /// Fewer than the library makes: reading them takes most of a test's time.
    private static let counterRows = 8
    private let counterBytes = SyntheticInstance.counterRows * MemoryLayout<teltel_counter_row>.size
    private let tableBytes = 256 << 10
    private static let dataOffsetOffset = MemoryLayout<teltel_ring_header>.offset(of: \.data_offset)!

    package init(
        in shm: String, id: UInt64, isIngest: Bool = false, runID: String = "run", sourceID: String = "engine", writers: Int = 1,
        ringBytes: Int = 1 << 16
    ) {
        self.id = InstanceID(id)
        folder = "\(shm)/\(self.id)"
        mkdir(shm, 0o700)
        mkdir(folder, 0o700)
        run = MappedFile(folder + "/run.new", bytes: 4_096 + counterBytes + tableBytes)
        var header = teltel_run_header()
        header.magic = TELTEL_RUN_MAGIC
        header.abi_version = TELTEL_ABI_VERSION
        header.byte_order = TELTEL_BYTE_ORDER_MARK
        header.header_bytes = TELTEL_HEADER_BYTES
        header.kind = UInt32(isIngest ? TELTEL_KIND_INGEST : TELTEL_KIND_ENGINE)
        header.instance = id
        header.uid = getuid()
        Self.describeProcess(&header)
        header.counters_offset = 4_096
        header.counter_rows = UInt32(Self.counterRows)
        header.ring_bytes = UInt64(ringBytes)
        header.table_offset = UInt64(4_096 + counterBytes)
        Self.put(isIngest ? "" : runID, &header.run_id)
        Self.put(isIngest ? "" : sourceID, &header.source_id)
        header.file_bytes = UInt64(run.count)
        header.state = UInt32(TELTEL_STATE_RUNNING)
        run.store(header, at: 0)
        for _ in 0..<writers { addRing(ringBytes) }
        Foundation.rename(folder + "/run.new", folder + "/run")
    }

    private static func describeProcess(_ header: inout teltel_run_header) {
        header.pid = UInt32(getpid())
        let text = (FileManager.default.contents(atPath: "/proc/self/stat")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        header.pid_start = fields.count > 19 ? UInt64(fields[19]) ?? 0 : 0
        header.pid_namespace = namespaceInode()
        withUnsafeMutableBytes(of: &header.boot_id) { $0.copyBytes(from: Self.bootID) }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        header.wall_ns = UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
        clock_gettime(CLOCK_MONOTONIC, &now)
        header.mono_ns = UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    private static func namespaceInode() -> UInt64 {
        var facts = stat()
        return stat("/proc/self/ns/pid", &facts) == 0 ? UInt64(facts.st_ino) : 0
    }

    /// This start of the machine.
    package static let bootID: [UInt8] = {
        let text =
            FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id").map { String(decoding: $0, as: UTF8.self) }
            ?? ""
        let digits = Array(text.filter(\.isHexDigit).utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
        }
    }()

    private static func put<T>(_ text: String, _ field: inout T) {
        withUnsafeMutableBytes(of: &field) { $0.copyBytes(from: text.utf8.prefix($0.count - 1)) }
    }

    private func addRing(_ bytes: Int) {
        let writer = rings.count
        let dataOffset = (4_096 + counterBytes + 4_095) & ~4_095
        let file = MappedFile("\(folder)/ring-\(writer)", bytes: dataOffset + bytes)
        var header = teltel_ring_header()
        header.magic = TELTEL_RING_MAGIC
        header.abi_version = TELTEL_ABI_VERSION
        header.byte_order = TELTEL_BYTE_ORDER_MARK
        header.instance = id.value
        header.data_offset = UInt64(dataOffset)
        header.data_bytes = UInt64(bytes)
        header.counters_offset = 4_096
        header.counter_rows = UInt32(Self.counterRows)
        header.writer = UInt32(writer)
        header.state = UInt32(TELTEL_WRITER_USED)
        file.store(header, at: 0)
        rings.append(file)
        writers.append((0, UInt64(bytes)))
        run.store(UInt32(rings.count), at: MemoryLayout<teltel_run_header>.offset(of: \.ring_count)!)
    }

    // MARK: the table

    /// Returns the type's number.
    @discardableResult package func define(_ type: TypeDefinition) -> UInt16 {
        typeCount += 1
        var body: [UInt8] = []
        Self.text(type.channel, &body)
        Self.text(type.type, &body)
        var offset: UInt32 = 0
        for (name, kind) in type.fields ?? [] {
            Self.plain(teltel_entry_field(kind: kind.rawValue, offset: offset, count: 1, flags: 0), &body)
            for text in [name, "", ""] { Self.text(text, &body) }
            offset += UInt32(kind.size)
        }
        let kind = type.fields == nil ? TELTEL_ENTRY_JSON_TYPE : TELTEL_ENTRY_TYPE
        entry(kind, id: typeCount, recordSize: UInt32(type.recordSize), count: UInt32(type.fields?.count ?? 0), body)
        return UInt16(typeCount)
    }

    /// Returns the stream's number.
    @discardableResult package func addStream(_ run: RunKey, channel: String, type: String) -> UInt32 {
        var body: [UInt8] = []
        for text in [run.runID.text, run.sourceID.text, channel, type] { Self.text(text, &body) }
        entry(TELTEL_ENTRY_STREAM, id: streamCount, recordSize: 0, count: 0, body)
        streamCount += 1
        return streamCount - 1
    }

    private static func text(_ text: String, _ body: inout [UInt8]) {
        plain(UInt32(text.utf8.count), &body)
        body += Array(text.utf8)
        while body.count % 4 != 0 { body.append(0) }
    }
    private static func plain<T: BitwiseCopyable>(_ value: T, _ body: inout [UInt8]) {
        withUnsafeBytes(of: value) { body.append(contentsOf: $0) }
    }

    private func entry(_ kind: Int, id: UInt32, recordSize: UInt32, count: UInt32, _ body: [UInt8]) {
        let head = teltel_entry(
            bytes: UInt32(24 + body.count), kind: UInt16(kind), flags: 0, id: id, record_size: recordSize, count: count,
            every: 0)
        let at = 4_096 + counterBytes + tableHead
        run.store(head, at: at)
        run.store(bytes: body, at: at + 24)
        tableHead += (24 + body.count + 7) & ~7
        run.store(UInt64(tableHead), at: MemoryLayout<teltel_run_header>.offset(of: \.table_head)!)
    }

    // MARK: records

    package func released(_ writer: Int) -> UInt64 {
        rings[writer].load(UInt64.self, at: MemoryLayout<teltel_ring_header>.offset(of: \.released)!)
    }
    package func head(_ writer: Int) -> UInt64 { writers[writer].head }

    /// Returns the record's sequence; nil if the ring is full.
    @discardableResult package func emit(
        _ writer: Int, _ type: UInt16, frame: UInt64, simTime: Double = 0, _ payload: [UInt8]
    ) -> UInt64? {
        let size = writers[writer].size
        let bytes = 24 + payload.count
        let padded = UInt64((bytes + 7) & ~7)
        var at = writers[writer].head
        let left = size - at % size
        let needed = padded > left ? left + padded : padded
        guard at + needed - released(writer) <= size else { return nil }
        let file = rings[writer]
        let data = Int(file.load(UInt64.self, at: Self.dataOffsetOffset))
        if padded > left {
            file.store(UInt32(left), at: data + Int(at % size))
            file.store(UInt32(TELTEL_WRAP_TYPE), at: data + Int(at % size) + 4)
            at += left
        }
        let place = data + Int(at % size)
        file.store(teltel_record(bytes: UInt32(bytes), type: type, tag_set: 0, frame: frame, sim_time: simTime), at: place)
        file.store(bytes: payload, at: place + 24)
        writers[writer].head = at + padded
        file.store(at + padded, at: MemoryLayout<teltel_ring_header>.offset(of: \.head)!)
        return at
    }

    /// An ingest record.
    @discardableResult package func emit(
        _ writer: Int, stream: UInt32, frame: UInt64, wallTimeMs: Int64 = 1_700_000_000_000, tags: String = "", json: String
    ) -> UInt64? {
        var payload: [UInt8] = []
        Self.plain(teltel_ingest_head(stream: stream, tags_bytes: UInt32(tags.utf8.count), wall_time_ms: wallTimeMs), &payload)
        return emit(writer, UInt16(TELTEL_INGEST_TYPE), frame: frame, payload + Array(tags.utf8) + Array(json.utf8))
    }

    package func end() {
        run.store(UInt32(TELTEL_STATE_ENDED), at: MemoryLayout<teltel_run_header>.offset(of: \.state)!)
    }

    /// Spoils a ring: any bytes anywhere in its file.
    package func scribble(_ writer: Int, _ bytes: [UInt8], at offset: Int) { rings[writer].store(bytes: bytes, at: offset) }
    package func dataOffset(_ writer: Int) -> Int { Int(rings[writer].load(UInt64.self, at: Self.dataOffsetOffset)) }
}

/// SAFETY: the mapping lives as long as the object; every access is checked against its size.
private final class MappedFile {
    private let base: UnsafeMutableRawPointer
    let count: Int

    init(_ path: String, bytes: Int) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0 && ftruncate(descriptor, bytes) == 0, path)
        let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        close(descriptor)
        precondition(memory != nil && memory != MAP_FAILED, path)
        base = memory!
        count = bytes
    }
    deinit { munmap(base, count) }

    func store<T: BitwiseCopyable>(_ value: T, at offset: Int) {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
        base.storeBytes(of: value, toByteOffset: offset, as: T.self)
    }
    func store(bytes: [UInt8], at offset: Int) {
        precondition(offset >= 0 && offset + bytes.count <= count)
        bytes.withUnsafeBytes { (base + offset).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(base), byteCount: $0.count) }
    }
    func load<T: BitwiseCopyable>(_: T.Type, at offset: Int) -> T {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
        return base.loadUnaligned(fromByteOffset: offset, as: T.self)
    }
}

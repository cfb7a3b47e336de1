/// The run file of one instance: who made it, its table, its end.
import CTeltel
import Foundation
import Synchronization
import TeltelEvents

/// Reads the run file. Thread-safe.
final class RunFile: Sendable {
    let description: RunDescription
    /// Kept open for as long as the instance is known: a process that closes any descriptor of a file drops its locks on
    /// it, and the collector reads the run files of its own ingest instances too.
    let descriptor: OwnedDescriptor
    /// The first mapping: the header is at the same place in the later, larger ones.
    private let header: FileMapping
    private let tableOffset: Int
    private let countersOffset: Int
    private let counterRows: Int
    private let state: Mutex<State>

    private struct State {
        var mapping: FileMapping
        var table = RunTable()
    }

    private static let largest = 256 << 20
    private static let fileBytesOffset = MemoryLayout<teltel_run_header>.offset(of: \.file_bytes)!
    private static let tableHeadOffset = MemoryLayout<teltel_run_header>.offset(of: \.table_head)!
    private static let ringCountOffset = MemoryLayout<teltel_run_header>.offset(of: \.ring_count)!
    private static let stateOffset = MemoryLayout<teltel_run_header>.offset(of: \.state)!

    init(folder: Int32, instance: InstanceID) throws(RingFault) {
        let smallest = Int(TELTEL_HEADER_BYTES)
        let (descriptor, bytes) = try openShared(folder: folder, "run", writable: false, smallest: smallest)
        let mapping = try FileMapping(
            descriptor: descriptor, count: min(bytes, Self.largest), writable: false, name: "run")
        var header = teltel_run_header()
        mapping.loadHeader(&header, before: Self.fileBytesOffset)
        try Self.check(header, bytes: bytes, instance: instance)
        tableOffset = Int(header.table_offset)
        countersOffset = Int(header.counters_offset)
        counterRows = Int(header.counter_rows)
        self.header = mapping
        var state = State(mapping: mapping)
        try Self.readTable(&state, descriptor, tableOffset)
        description = Self.describe(header, state.table)
        self.state = Mutex(state)
        self.descriptor = descriptor
    }

    private static func check(_ header: teltel_run_header, bytes: Int, instance: InstanceID) throws(RingFault) {
        guard header.magic == TELTEL_RUN_MAGIC else { throw RingFault(.magic, "run") }
        guard header.byte_order == TELTEL_BYTE_ORDER_MARK else { throw RingFault(.byteOrder, "run") }
        guard header.abi_version == TELTEL_ABI_VERSION else { throw .unknownVersion(header.abi_version, "run") }
        guard header.instance == instance.value else { throw RingFault(.instance, "run") }
        guard header.kind == TELTEL_KIND_ENGINE || header.kind == TELTEL_KIND_INGEST else {
            throw RingFault(.version, "run: kind \(header.kind)")
        }
        let rows = UInt64(header.counter_rows) * UInt64(MemoryLayout<teltel_counter_row>.size)
        guard header.table_offset >= TELTEL_HEADER_BYTES, header.table_offset & 7 == 0, header.table_offset <= UInt64(bytes),
            header.counter_rows <= 65_536, header.counters_offset >= TELTEL_HEADER_BYTES, header.counters_offset & 7 == 0,
            header.counters_offset <= UInt64(bytes), UInt64(bytes) - header.counters_offset >= rows
        else { throw RingFault(.geometry, "run: table at \(header.table_offset) of \(bytes)") }
        guard header.kind == TELTEL_KIND_INGEST || withUnsafeBytes(of: header.run_id, { $0[0] != 0 }) else {
            throw RingFault(.geometry, "run: no run id")
        }
    }

    private static func describe(_ header: teltel_run_header, _ table: RunTable) -> RunDescription {
        RunDescription(
            instance: InstanceID(header.instance), kind: header.kind == TELTEL_KIND_INGEST ? .ingest : .engine,
            runID: Name(fixedText(header.run_id)), sourceID: Name(fixedText(header.source_id)),
            engineVersion: fixedText(header.engine_version),
            seed: header.has_seed != 0 ? header.seed : nil, config: table.config, tags: table.runTags,
            libraryVersion: header.library_version, processID: Int32(truncatingIfNeeded: header.pid),
            processStart: header.pid_start,
            processNamespace: header.pid_namespace, bootID: withUnsafeBytes(of: header.boot_id) { Array($0) },
            startWall: header.wall_ns, startMonotonic: header.mono_ns, ringBytes: Int(clamping: header.ring_bytes))
    }

    /// Reads what was appended since. PAIR P3: acquire here <-> release in the producer.
    private static func readTable(_ state: inout State, _ descriptor: OwnedDescriptor, _ tableOffset: Int) throws(RingFault) {
        let head = state.mapping.loadAcquire(tableHeadOffset)
        guard head > UInt64(state.table.position) else { return }
        // The offset lies within a file, so that the sum of both is a number.
        guard head & 7 == 0, head <= UInt64(largest), UInt64(tableOffset) + head <= UInt64(largest) else {
            throw RingFault(.table, "table head \(head)")
        }
        let end = UInt64(tableOffset) + head
        if end > UInt64(state.mapping.count) {
            var facts = stat()
            let claimed = state.mapping.loadAcquire(fileBytesOffset)
            guard fstat(descriptor.number, &facts) == 0, UInt64(facts.st_size) >= end, claimed >= end else {
                throw RingFault(.table, "table head \(head) beyond the file")
            }
            let count = min(Int(facts.st_size), largest)
            state.mapping = try FileMapping(descriptor: descriptor, count: count, writable: false, name: "run")
        }
        try state.table.append(state.mapping.copy(tableOffset + state.table.position..<Int(end)))
    }

    /// Everything that the table holds now. Cheap when nothing was added.
    func table() throws(RingFault) -> RunTable {
        let result = state.withLock { state -> Result<RunTable, RingFault> in
            do throws(RingFault) {
                try Self.readTable(&state, descriptor, tableOffset)
                return .success(state.table)
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Changes when a ring is added and when the engine ends the run: `ring_count` and `state` in one look (they are
    /// neighbours). Only to be compared; for as long as this object is kept.
    var newsWord: SharedWord { header.sharedWord(Self.ringCountOffset) }

    /// Rings that are complete. PAIR P4.
    var ringCount: Int {
        state.withLock { min(Int($0.mapping.loadAcquire32(Self.ringCountOffset)), Int(TELTEL_MAX_WRITERS)) }
    }

    /// How the engine ended the run; nil while it has not. PAIR P5: after this the heads are final.
    var end: RunEnd? {
        guard header.loadAcquire32(Self.stateOffset) == UInt32(TELTEL_STATE_ENDED) else { return nil }
        return state.withLock { state in
            let header = state.mapping.load(teltel_run_header.self, at: 0)
            let status: RunEnd.Status =
                switch Int(header.end_status) {
                case TELTEL_END_COMPLETED: .completed
                case TELTEL_END_CANCELLED: .cancelled
                default: .failed
                }
            return RunEnd(status: status, reason: fixedText(header.end_reason), wall: header.end_wall_ns)
        }
    }

    /// Refusals that met no ring.
    func refusals() -> [RefusalRow] {
        state.withLock { RefusalRow.read($0.mapping, countersOffset, counterRows) }
    }
}

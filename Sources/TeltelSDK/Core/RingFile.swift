// Makes a ring file: sized, allocated in full, mapped and populated before its first record. All functions: lock held.
import CTeltel

enum RingFile {
    static let nameCapacity = 64
    private static let countersBytes = (UInt64(TELTEL_COUNTER_ROWS) * 64 + 4095) & ~4095
    private static var dataOffset: UInt64 { UInt64(TELTEL_HEADER_BYTES) + countersBytes }

    /// A new ring of the run, not in use, counted in the run file. Too little space: tries smaller ones down to the minimum.
    static func make(_ run: RunState, name: UnsafePointer<CChar>?) -> WriterState? {
        guard run.pointee.writer_count < TELTEL_MAX_WRITERS, let w = ctel_writer_take() else { return nil }
        let index = run.pointee.writer_count
        guard let map = makeFile(run, index, w) else {
            ctel_writer_return(w)
            return nil
        }
        let ring = map.assumingMemoryBound(to: teltel_ring_header.self)
        fillHeader(ring, run, index, w.pointee.data_bytes, name)
        connect(w, to: run, ring)
        ctel_publish_ring_magic(ring)
        w.pointee.next_in_run = run.pointee.writers
        run.pointee.writers = w
        run.pointee.writer_count = index + 1
        ctel_publish_ring_count(run.pointee.file, index + 1)
        return w
    }

    private static func makeFile(_ run: RunState, _ index: UInt32, _ w: WriterState) -> UnsafeMutableRawPointer? {
        var bytes = run.pointee.ring_bytes
        var error: Int32 = 0
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: nameCapacity) { file in
            ctel_name(file.baseAddress, file.count, "ring-", UInt64(index), 0)
            while bytes >= UInt64(TELTEL_MIN_RING_BYTES) {
                var map: UnsafeMutableRawPointer?
                error = ctel_make_file(run.pointee.folder_descriptor, file.baseAddress, dataOffset + bytes, 1, &map, nil)
                if error == 0 {
                    run.pointee.ring_bytes = bytes  // what did not fit once is not tried again
                    w.pointee.data_bytes = bytes
                    w.pointee.map_bytes = dataOffset + bytes
                    return map
                }
                guard Status.of(errno: error) == Status.noSpace else { break }
                bytes >>= 1
            }
            run.pointee.out_of_space = 1
            _ = Status.fail(Status.of(errno: error), "cannot make a ring file", file.baseAddress, errno: error)
            return nil
        }
    }

    private static func fillHeader(
        _ ring: UnsafeMutablePointer<teltel_ring_header>, _ run: RunState, _ index: UInt32, _ bytes: UInt64,
        _ name: UnsafePointer<CChar>?
    ) {
        ring.pointee.abi_version = TELTEL_ABI_VERSION
        ring.pointee.byte_order = TELTEL_BYTE_ORDER_MARK
        ring.pointee.instance = run.pointee.instance
        ring.pointee.data_offset = dataOffset
        ring.pointee.data_bytes = bytes
        ring.pointee.counters_offset = UInt64(TELTEL_HEADER_BYTES)
        ring.pointee.counter_rows = TELTEL_COUNTER_ROWS
        ring.pointee.writer = index
        ring.pointee.policy = run.pointee.policy
        copyText(name, to: ctel_ring_name(ring), capacity: nameCapacity)
    }

    private static func connect(_ w: WriterState, to run: RunState, _ ring: UnsafeMutablePointer<teltel_ring_header>) {
        let map = UnsafeMutableRawPointer(ring)
        // SAFETY: offsets inside the mapping that was just made with this size.
        let data = (map + Int(dataOffset)).assumingMemoryBound(to: UInt8.self)
        w.pointee.ring = ring
        w.pointee.data = data
        w.pointee.counters = (map + Int(TELTEL_HEADER_BYTES)).assumingMemoryBound(to: teltel_counter_row.self)
        w.pointee.head = ctel_head_of(ring)
        w.pointee.cursor = UInt(bitPattern: data)
        w.pointee.bias = 0 &- UInt64(UInt(bitPattern: data))
        w.pointee.refused = nil
        w.pointee.salt = run.pointee.salt
        w.pointee.owner = run
        w.pointee.index = run.pointee.writer_count
        w.pointee.policy = run.pointee.policy
        w.pointee.block_ns = run.pointee.block_ns
    }

    /// Unmaps the ring and gives the writer's memory back. Nobody may use it any more.
    static func release(_ w: WriterState) {
        ctel_unmap(w.pointee.ring, w.pointee.map_bytes)
        ctel_writer_return(w)
    }
}

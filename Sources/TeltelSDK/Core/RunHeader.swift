// The run file's header: who the producer is, what it calls itself, and how the run ended.
import CTeltel

enum RunHeader {
    /// Lock held; the file is new and zero.
    static func fill(_ run: RunState, _ options: teltel_run_options) {
        // SAFETY: the file has just been mapped.
        let header = run.pointee.file.unsafelyUnwrapped
        header.pointee.abi_version = TELTEL_ABI_VERSION
        header.pointee.byte_order = TELTEL_BYTE_ORDER_MARK
        header.pointee.header_bytes = TELTEL_HEADER_BYTES
        header.pointee.kind = run.pointee.kind
        header.pointee.instance = run.pointee.instance
        header.pointee.pid = ctel_pid()
        header.pointee.uid = ctel_uid()
        header.pointee.pid_start = ctel_pid_start()
        header.pointee.pid_namespace = ctel_pid_namespace()
        ctel_boot_id(ctel_boot_id_of(header))
        header.pointee.wall_ns = ctel_wall_ns()
        header.pointee.mono_ns = ctel_monotonic_ns()
        header.pointee.seed = options.has_seed == 0 ? 0 : options.seed
        header.pointee.has_seed = options.has_seed == 0 ? 0 : 1
        header.pointee.library_version = UInt32(TELTEL_VERSION_NUMBER)
        header.pointee.counters_offset = UInt64(TELTEL_HEADER_BYTES)
        header.pointee.counter_rows = TELTEL_COUNTER_ROWS
        header.pointee.policy = options.policy
        header.pointee.ring_bytes = run.pointee.ring_bytes
        header.pointee.table_offset = TableWriter.offset
        header.pointee.file_bytes = run.pointee.file_bytes
        header.pointee.state = UInt32(TELTEL_STATE_RUNNING)
        if run.pointee.kind == UInt32(TELTEL_KIND_ENGINE) { fillNames(header, run.pointee.instance, options) }
    }

    private static func fillNames(
        _ header: UnsafeMutablePointer<teltel_run_header>, _ instance: UInt64, _ options: teltel_run_options
    ) {
        let capacity = Int(TELTEL_MAX_NAME_BYTES) + 1
        if let id = options.run_id, id.pointee != 0 {
            copyText(id, to: ctel_run_id(header), capacity: capacity)
        } else {
            ctel_name(ctel_run_id(header), capacity, "run-", instance, 1)
        }
        let source = options.source_id.flatMap { $0.pointee == 0 ? nil : $0 } ?? ctel_program_name()
        copyText(source, to: ctel_source_id(header), capacity: capacity)
        copyText(options.engine_version, to: ctel_engine_version(header), capacity: capacity)
    }

    /// PAIR P5: everything about the end, then the state. Every head is final by now.
    static func end(_ header: UnsafeMutablePointer<teltel_run_header>, _ status: Int32, _ reason: UnsafePointer<CChar>?) {
        header.pointee.end_status = status
        header.pointee.end_wall_ns = ctel_wall_ns()
        copyText(
            isText(reason, limit: .max) ? reason : nil, to: ctel_end_reason(header), capacity: Int(TELTEL_MAX_NAME_BYTES) + 1)
        ctel_publish_run_state(header, UInt32(TELTEL_STATE_ENDED))
    }
}

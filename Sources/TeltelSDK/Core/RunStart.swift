// Starts a run: folder, run file, lock, first rings, run.start; visible to collectors only when all of it is there.
import CTeltel

enum RunStart {
    static let defaultRingBytesMax: UInt64 = 8 << 20
    static let defaultBlockMs: UInt32 = 1_000
    static let tableBytesMax: UInt64 = 1 << 30
    static let ingestTableBytesMax: UInt64 = 16 << 20

    /// Makes a run of the given kind, with `rings` rings for writers to come besides an engine's starting thread's. Lock held.
    /// On failure nothing is left behind and the reason is noted.
    static func start(_ options: teltel_run_options, kind: Int, rings: UInt32, _ out: inout RunState?) -> Int32 {
        let status = check(options)
        guard status == Status.ok else { return status }
        var unused: UInt32 = 0
        while let made = ctel_run_slot(unused), made.pointee.state != UInt32(CTEL_RUN_UNUSED) { unused += 1 }
        guard unused < UInt32(CTEL_MAX_RUNS), let run = ctel_run_slot(unused) else {
            return Status.fail(Status.limit, "more than 1024 open runs")
        }
        prepare(run, slot: unused, kind, options)
        var base: Int32 = -1
        let opened = openFolder(options.shm_dir, &base)
        guard opened == Status.ok else { return opened }
        defer { ctel_close(base) }
        run.pointee.ring_bytes = ringBytes(options.ring_bytes, folder: base)
        if kind == Int(TELTEL_KIND_ENGINE) { Selection.read(run) }
        let made = makeInstance(run, base, options, rings)
        if made == Status.ok { out = run } else { abandon(run, base) }
        return made
    }

    private static func check(_ o: teltel_run_options) -> Int32 {
        guard isText(o.run_id), isText(o.source_id), isText(o.engine_version) else {
            return Status.fail(Status.argument, "run_id, source_id and engine_version are UTF-8 of at most 255 bytes")
        }
        let config = cStringBytes(o.config_json)
        guard config.count <= Int(TELTEL_MAX_CONFIG_BYTES), config.isEmpty || JSONCheck.isObject(config) else {
            return Status.fail(Status.argument, "config_json is not a JSON object of at most 1 MiB")
        }
        guard o.policy <= UInt32(TELTEL_BLOCK) else { return Status.fail(Status.argument, "unknown overflow policy") }
        guard o.ring_bytes <= TELTEL_MAX_RING_BYTES else { return Status.fail(Status.argument, "ring_bytes above 1 GiB") }
        guard o.writers < TELTEL_MAX_WRITERS else { return Status.fail(Status.argument, "more than 255 writers") }
        guard o.flags & ~UInt32(TELTEL_NO_CLOCK_MARKS) == 0 else { return Status.fail(Status.argument, "unknown option flag") }
        guard o.tag_count == 0 || o.tags != nil else { return Status.fail(Status.argument, "tag_count without tags") }
        return Status.ok
    }

    private static func prepare(_ run: RunState, slot: UInt32, _ kind: Int, _ options: teltel_run_options) {
        let generation = ctel_next_generation()
        let every = run.pointee.every  // an emit with a stale handle may still read it
        run.pointee = ctel_run()
        if let every {
            for type in 0...Int(TELTEL_MAX_TYPES) { every[type] = 0 }
            run.pointee.every = every
        }
        run.pointee.handle = (generation << 10 | UInt64(slot)) << 4
        run.pointee.salt = (generation % 255 + 1) << 24
        run.pointee.instance = ctel_random()
        run.pointee.flags = options.flags
        run.pointee.kind = UInt32(kind)
        run.pointee.policy = options.policy
        if options.policy == UInt32(TELTEL_BLOCK) {
            run.pointee.block_ns = UInt64(options.block_ms == 0 ? defaultBlockMs : options.block_ms) * 1_000_000
        }
        setTypes(run, kind == Int(TELTEL_KIND_INGEST) ? TELTEL_INGEST_TYPE : 0)  // fixed, not in the table
        run.pointee.table_limit = kind == Int(TELTEL_KIND_INGEST) ? ingestTableBytesMax : tableBytesMax
        run.pointee.folder_descriptor = -1
        run.pointee.run_descriptor = -1
    }

    private static func openFolder(_ wanted: UnsafePointer<CChar>?, _ descriptor: inout Int32) -> Int32 {
        let given = wanted.flatMap { $0.pointee == 0 ? nil : $0 } ?? ctel_environment("TELTEL_SHM_DIR")
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: RingFile.nameCapacity) { standard in
            ctel_name(standard.baseAddress, standard.count, "/dev/shm/teltel-", UInt64(ctel_uid()), 0)
            var problem: UnsafePointer<CChar>?
            let path = given ?? UnsafePointer(standard.baseAddress)
            let error = ctel_open_private_folder(path, &descriptor, &problem)
            if error == 0 { return Status.ok }
            ctel_message(problem, path, error)
            return Status.of(errno: error)
        }
    }

    /// Rings that are smaller than one expects last for less time without a collector.
    private static func tellSmall(_ run: RunState, _ options: teltel_run_options) {
        let bytes = run.pointee.ring_bytes
        guard bytes < (options.ring_bytes > 0 ? options.ring_bytes : defaultRingBytesMax) else { return }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: RingFile.nameCapacity) { size in
            let text = size.baseAddress.unsafelyUnwrapped
            ctel_name(text, size.count, "", bytes >> 10, 0)
            let unit: StaticString = " KiB"
            let end = Int(strlen(text))
            unit.withUTF8Buffer { copyText(UnsafeRawBufferPointer($0), to: text + end, capacity: size.count - end) }
            let what: StaticString =
                options.ring_bytes > 0
                ? "the rings are smaller than ring_bytes, for lack of space"
                : "the rings are smaller than 8 MiB: a 64th of the free shared memory, or what there was space for"
            _ = Status.fail(Status.noSpace, what, UnsafePointer(text))
        }
    }

    /// A power of two. Default: a 64th of what is free, at most 8 MiB.
    private static func ringBytes(_ wanted: UInt64, folder: Int32) -> UInt64 {
        let least = UInt64(TELTEL_MIN_RING_BYTES)
        var bytes = least
        if wanted > 0 {
            while bytes < wanted { bytes <<= 1 }
        } else {
            let share = ctel_free_bytes(folder) / 64
            while bytes << 1 <= min(share, defaultRingBytesMax) { bytes <<= 1 }
        }
        return bytes
    }

    private static func makeInstance(_ run: RunState, _ base: Int32, _ options: teltel_run_options, _ rings: UInt32) -> Int32 {
        let file = makeFiles(run, base)
        guard file == Status.ok else { return file }
        RunHeader.fill(run, options)
        setState(run, UInt32(CTEL_RUN_OPEN))
        let entries = appendEntries(run, options)
        guard entries == Status.ok else { return entries }
        guard makeRings(run, rings) else { return Status.noSpace }
        run.pointee.file.pointee.ring_bytes = run.pointee.ring_bytes
        if run.pointee.kind == UInt32(TELTEL_KIND_ENGINE) {
            tellSmall(run, options)
            RunEvents.emitStart(run, options)
        }
        ctel_publish_run_magic(run.pointee.file)
        let error = ctel_rename(run.pointee.folder_descriptor, "run.new", "run")
        guard error == 0 else { return Status.fail(Status.of(errno: error), "cannot name the run file", errno: error) }
        return Status.ok
    }

    private static func makeFiles(_ run: RunState, _ base: Int32) -> Int32 {
        var error: Int32 = withInstanceName(run) { ctel_make_folder(base, $0, &run.pointee.folder_descriptor) }
        guard error == 0 else {
            run.pointee.folder_descriptor = -1
            return Status.fail(Status.of(errno: error), "cannot make the run's folder", errno: error)
        }
        var map: UnsafeMutableRawPointer?
        let size = TableWriter.offset + TableWriter.growthBytes
        error = ctel_make_file(run.pointee.folder_descriptor, "run.new", size, 0, &map, &run.pointee.run_descriptor)
        if error == 0 {
            run.pointee.file = map?.assumingMemoryBound(to: teltel_run_header.self)
            run.pointee.file_bytes = size
            error = ctel_lock_file(run.pointee.run_descriptor)
        }
        return error == 0 ? Status.ok : Status.fail(Status.of(errno: error), "cannot make the run file", errno: error)
    }

    static func withInstanceName<Result>(_ run: RunState, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: RingFile.nameCapacity) { name in
            ctel_name(name.baseAddress, name.count, "", run.pointee.instance, 1)
            return body(UnsafePointer(name.baseAddress))
        }
    }

    private static func appendEntries(_ run: RunState, _ options: teltel_run_options) -> Int32 {
        let config = cStringBytes(options.config_json)
        if !config.isEmpty {
            var entry = TableEntry(kind: Int(TELTEL_ENTRY_CONFIG))
            entry.text(config)
            entry.finish(id: 0)
            guard TableWriter.append(run, entry, key: nil) else { return Status.noSpace }
        }
        if var tags = TagSets.runTags(options, left: { _ in }) {
            tags.finish(id: 0)
            guard TableWriter.append(run, tags, key: nil) else { return Status.noSpace }
        }
        return Status.ok
    }

    /// The starting thread's ring, and as many more for those to come; an ingest instance's are all for explicit writers.
    /// Without the first there is no telemetry; of the others there may be fewer.
    private static func makeRings(_ run: RunState, _ more: UInt32) -> Bool {
        if run.pointee.kind == UInt32(TELTEL_KIND_ENGINE), Writers.attached(run, insist: true) == nil { return false }
        for _ in 0..<more {
            guard let w = RingFile.make(run, name: nil) else { break }
            Writers.makeFree(w)
        }
        return run.pointee.writer_count > 0
    }

    /// Takes back everything of a start that failed.
    private static func abandon(_ run: RunState, _ base: Int32) {
        setState(run, UInt32(CTEL_RUN_UNUSED))
        if ctel_thread_writer_get()?.pointee.owner == run { ctel_thread_writer_set(ctel_no_writer_get()) }
        if let mine = ctel_thread_list_get(), mine.pointee.owner == run { ctel_thread_list_set(mine.pointee.next_in_thread) }
        var next = run.pointee.writers
        while let w = next {
            next = w.pointee.next_in_run
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: RingFile.nameCapacity) { name in
                ctel_name(name.baseAddress, name.count, "ring-", UInt64(w.pointee.index), 0)
                ctel_remove(run.pointee.folder_descriptor, name.baseAddress)
            }
            RingFile.release(w)
        }
        if run.pointee.file != nil {
            ctel_remove(run.pointee.folder_descriptor, "run.new")
            ctel_unmap(run.pointee.file, run.pointee.file_bytes)
            ctel_close(run.pointee.run_descriptor)
        }
        if run.pointee.folder_descriptor >= 0 {
            ctel_close(run.pointee.folder_descriptor)
            withInstanceName(run) { ctel_remove_folder(base, $0) }
        }
        if let index = run.pointee.index { ctel_free(index) }
        Selection.forget(run)
        let every = run.pointee.every
        run.pointee = ctel_run()
        run.pointee.every = every
    }
}

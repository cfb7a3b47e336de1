// The collector's own instance: what comes in over the network goes through a ring like everything else.
//
// Same files and the same ring writer as an engine's; the differences are the kind, the record's payload (ingest head, tags,
// JSON text) and a table of streams instead of types.
#if !hasFeature(Embedded)
    import CTeltel

    /// A `TELTEL_KIND_INGEST` instance with a fixed number of rings.
    ///
    /// Safe to use from any thread; each ``IngestWriter`` is used by one thread at a time.
    ///
    /// The instance holds an `F_SETLK` lock on its run file until ``end()``. **Closing any descriptor of that file in this
    /// process drops the lock**: a reader in this process must not open it by its path. It maps ``runFileDescriptor`` instead.
    package final class IngestInstance: Sendable {
        /// Streams that one instance's table takes; then ``stream(run:source:channel:type:)`` answers nil.
        package static let streamsMax: UInt32 = 65_536

        /// Random; in 16 hex digits the name of the instance's folder.
        package let instance: UInt64
        private let handle: RunHandle
        private let writers: [IngestWriter]

        /// - Parameters:
        ///   - folder: the shared-memory folder (0700, the user's own; made if missing).
        ///   - rings: how many writers, 1 ... 256.
        ///   - ringBytes: of each, 256 KiB ... 1 GiB, rounded up to a power of two; too little space makes them smaller.
        /// - Throws: why there is no instance, or fewer than `rings` rings.
        package init(folder: String, rings: Int, ringBytes: Int) throws(TelemetryError) {
            precondition(rings >= 1 && rings <= Int(TELTEL_MAX_WRITERS), "1 to 256 rings")
            installHooks()
            var run: RunState?
            var writers: [IngestWriter] = []
            let status = folder.withCString { path in
                var options = teltel_run_options_default()
                options.shm_dir = path
                options.ring_bytes = UInt64(max(ringBytes, 1))
                ctel_lock()
                defer { ctel_unlock() }
                let status = RunStart.start(options, kind: Int(TELTEL_KIND_INGEST), rings: UInt32(rings), &run)
                guard let run else { return status }
                for _ in 0..<rings {
                    guard let w = Writers.take(run, name: nil, insist: true) else {
                        RunClosing.end(run, Int32(TELTEL_FAILED), "no space for all rings")
                        return Status.noSpace
                    }
                    writers.append(IngestWriter(w))
                }
                return status
            }
            guard status == Status.ok, let run else { throw TelemetryError(status: status) }
            handle = RunHandle(UInt(run.pointee.handle))
            instance = run.pointee.instance
            self.writers = writers.sorted { $0.index < $1.index }
        }

        deinit { end() }

        /// The index of this stream in the instance's table; appended at first use. Thread-safe.
        ///
        /// - Returns: nil if the table is full, the instance has ended or a text has more than 255 bytes: make a new instance.
        package func stream(run: String, source: String, channel: String, type: String) -> UInt32? {
            var entry = TableEntry(kind: Int(TELTEL_ENTRY_STREAM))
            for var text in [run, source, channel, type] {
                let fits = text.withUTF8 { bytes in
                    entry.text(UnsafeRawBufferPointer(bytes))
                    return bytes.count <= Int(TELTEL_MAX_NAME_BYTES)
                }
                guard fits else { return nil }
            }
            let key = entry.bytes.count - TableWriter.headBytes
            ctel_lock()
            defer { ctel_unlock() }
            guard let state = findOpenRun(handle.pointer) else { return nil }
            if let found = TableWriter.find(state, class: UInt32(TELTEL_ENTRY_STREAM), entry, key: key) {
                return found.load(as: teltel_entry.self).id
            }
            let index = state.pointee.streams
            guard index < Self.streamsMax else { return nil }
            entry.finish(id: index)
            guard TableWriter.append(state, entry, key: (UInt32(TELTEL_ENTRY_STREAM), key)) else { return nil }
            state.pointee.streams = index + 1
            return index
        }

        /// The writer of ring `index`, 0 ..< rings. One thread at a time may use it.
        package func writer(_ index: Int) -> IngestWriter { writers[index] }

        /// The run file, open for reading and writing while the instance is; for `mmap` and `fstat` only, never to be closed.
        /// nil after ``end()``.
        package var runFileDescriptor: Int32? {
            ctel_lock()
            defer { ctel_unlock() }
            return findOpenRun(handle.pointer)?.pointee.run_descriptor
        }

        /// Marks the instance as ended and drops the lock; the files stay for the readers. Later appends answer `.full`. A
        /// record that another thread is appending at this moment may be lost. A second call does nothing.
        package func end() {
            ctel_lock()
            defer { ctel_unlock() }
            guard let state = findOpenRun(handle.pointer) else { return }
            RunClosing.end(state, Int32(TELTEL_COMPLETED), nil)
        }
    }
#endif

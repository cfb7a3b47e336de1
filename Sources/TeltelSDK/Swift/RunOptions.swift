#if !hasFeature(Embedded)
    import CTeltel

    /// How a run starts. Everything has a default.
    public struct RunOptions: Sendable {
        /// What becomes of an event that finds its ring full: the collector is absent, or too slow.
        public enum Overflow: Sendable, Equatable {
            /// It is refused and counted. Emitting takes the same time as always.
            case dropNewest
            /// It overwrites the oldest events that no collector has taken yet, as a flight recorder does; those are counted.
            case overwriteOldest
            /// It waits for the collector, in milliseconds of at least 1, then it is refused and counted; and so is what follows,
            /// at once, until the collector makes room again. For offline runs that must keep all.
            case block(upTo: Duration = .seconds(1))
        }

        /// Empty: generated, unique. At most 255 bytes, like all names.
        public var runID = ""
        /// For example "flight-engine"; empty: the program's name.
        public var sourceID = ""
        public var engineVersion = ""
        /// A JSON object of at most 1 MiB, stored with the run; empty: none.
        public var configJSON = ""
        /// Of the whole run. It starts without those that have an empty key or more than 255 bytes.
        public var tags: [String: String] = [:]
        public var seed: UInt64?
        /// Per writer, 256 KiB ... 1 GiB, rounded up to a power of two; 0: 8 MiB or a 64th of the free shared memory.
        public var ringBytes = 0
        /// Rings made at once besides the starting thread's, 0 ... 255: as many as worker threads.
        public var writers = 0
        /// What becomes of an event that finds its ring full.
        public var overflow = Overflow.dropNewest
        /// The shared-memory folder (0700, the user's own); empty: `$TELTEL_SHM_DIR`, else `/dev/shm/teltel-<uid>`.
        public var folder = ""
        /// Whether ``Run/frameStart(_:time:dt:)`` reads the clock; without it records have no wall time.
        public var clockMarks = true

        public init(sourceID: String = "", runID: String = "") {
            self.sourceID = sourceID
            self.runID = runID
        }
    }

    extension RunOptions {
        /// The same for the C interface; valid as long as `texts` lives.
        func cOptions(_ texts: CTexts) -> teltel_run_options {
            var o = teltel_run_options_default()
            o.run_id = texts.pointer(runID)
            o.source_id = texts.pointer(sourceID)
            o.engine_version = texts.pointer(engineVersion)
            o.config_json = texts.pointer(configJSON)
            o.shm_dir = texts.pointer(folder)
            o.tags = texts.tags(tags.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            o.tag_count = tags.count
            o.seed = seed ?? 0
            o.has_seed = seed == nil ? 0 : 1
            // Negative or huge numbers become one that the library refuses with its own words.
            o.ring_bytes = ringBytes < 0 ? .max : UInt64(ringBytes)
            o.writers = UInt32(exactly: writers) ?? .max
            switch overflow {
            case .dropNewest: o.policy = UInt32(TELTEL_DROP_NEWEST)
            case .overwriteOldest: o.policy = UInt32(TELTEL_OVERWRITE_OLDEST)
            case .block(let limit):
                o.policy = UInt32(TELTEL_BLOCK)
                // Whole numbers: the engine's rounding mode and its exceptions' flags are its own.
                let (seconds, attoseconds) = limit.components
                let milliseconds = attoseconds / 1_000_000_000_000_000
                o.block_ms = UInt32(clamping: max(1, min(seconds, Int64(UInt32.max)) * 1_000 + milliseconds))
            }
            o.flags = clockMarks ? 0 : UInt32(TELTEL_NO_CLOCK_MARKS)
            return o
        }
    }

    /// C strings and arrays that live as long as this object. Not for use by two threads.
    final class CTexts {
        private var blocks: [UnsafeMutableRawPointer] = []

        deinit { for block in blocks { block.deallocate() } }

        func pointer(_ text: String) -> UnsafePointer<CChar> {
            let bytes = text.utf8CString
            let copy = allocate(CChar.self, bytes.count)
            for (i, byte) in bytes.enumerated() { copy[i] = byte }
            return UnsafePointer(copy)
        }

        func tags(_ pairs: [(String, String)]) -> UnsafePointer<teltel_tag> {
            let copy = allocate(teltel_tag.self, max(pairs.count, 1))
            for (i, pair) in pairs.enumerated() { copy[i] = teltel_tag(key: pointer(pair.0), value: pointer(pair.1)) }
            return UnsafePointer(copy)
        }

        func fields(_ list: [teltel_field]) -> UnsafePointer<teltel_field> {
            let copy = allocate(teltel_field.self, max(list.count, 1))
            for (i, field) in list.enumerated() { copy[i] = field }
            return UnsafePointer(copy)
        }

        // SAFETY: freed in deinit only; the callers fill what they use, all of it trivial types.
        private func allocate<T: BitwiseCopyable>(_: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
            let memory = UnsafeMutablePointer<T>.allocate(capacity: count)
            blocks.append(UnsafeMutableRawPointer(memory))
            return memory
        }
    }
#endif

#if !hasFeature(Embedded)
    import CTeltel

    /// A run's handle: a number in a pointer's clothes, never followed.
    struct RunHandle: Sendable {
        let value: UInt
        init(_ value: UInt) { self.value = value }
        var pointer: OpaquePointer? { OpaquePointer(bitPattern: value) }
    }

    /// A recorded run. Safe to use from any thread.
    ///
    /// Starting never fails loudly, a simulation must fly without telemetry: look at ``problem``. All calls on a run that
    /// records nothing are no-ops.
    public final class Run: Sendable {
        public enum Outcome: Int32, Sendable { case completed, failed, cancelled }

        /// Why nothing is recorded; nil: recording.
        public let problem: TelemetryError?
        /// The run's name, also if it was generated; empty if nothing is recorded.
        public let id: String
        /// The random number that names this instance of the run and its folder (16 hex digits); 0 if nothing is recorded.
        public let instance: UInt64
        let handle: RunHandle

        /// Starts a run and records `run.start`.
        public init(_ options: RunOptions = RunOptions()) {
            let texts = CTexts()
            var cOptions = options.cOptions(texts)
            var run: OpaquePointer?
            let status = withExtendedLifetime(texts) { runStartC(&cOptions, &run) }
            handle = RunHandle(UInt(bitPattern: run))
            problem = status == Status.ok ? nil : TelemetryError(status: status)
            instance = instanceC(run)
            var name = [CChar](repeating: 0, count: Int(TELTEL_MAX_NAME_BYTES) + 1)
            let length = runIdC(run, &name, name.count)
            id = String(decoding: name[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        deinit { end(.cancelled, "run released without end()") }

        /// Records `run.end` and ends the run for all threads; stop those that emit first. A second call does nothing.
        public func end(_ outcome: Outcome = .completed, _ reason: String = "") {
            _ = reason.withCString { runEndC(handle.pointer, outcome.rawValue, $0) }
        }

        /// Defines a type of event by the stored properties of its state. The same definition again gives the same handle.
        ///
        /// - Returns: on a run that records nothing, a handle whose events are refused.
        /// - Throws: `argument`, `mismatch`, `limit` or `noSpace`: a wrong list of fields is a bug in the program.
        public func define<State: BitwiseCopyable>(
            _ name: String, channel: String, _ fields: [Field<State>]
        ) throws(TelemetryError) -> EventType<State> {
            guard handle.value != 0 else { return EventType(run: 0, word: 0) }
            let texts = CTexts()
            var list: [teltel_field] = []
            for field in fields { list.append(try field.cField(texts)) }
            var type = teltel_type(word: 0)
            let status = withExtendedLifetime(texts) {
                var desc = teltel_type_desc(
                    struct_size: MemoryLayout<teltel_type_desc>.size, field_size: MemoryLayout<teltel_field>.stride,
                    channel: texts.pointer(channel), name: texts.pointer(name), fields: texts.fields(list),
                    field_count: list.count, record_size: MemoryLayout<State>.size)
                return defineDescC(handle.pointer, &desc, &type)
            }
            if status != Status.ok, status != Status.ended { throw TelemetryError(status: status) }
            return EventType(run: handle.value, word: type.word)
        }

        /// Makes a tag set, or finds it.
        ///
        /// - Returns: on a run that records nothing, ``Tags/none``.
        /// - Throws: `argument` (a name or value longer than 255 bytes, an empty name, or one given twice), `limit` or `noSpace`.
        public func tags(_ pairs: KeyValuePairs<String, String>) throws(TelemetryError) -> Tags {
            let texts = CTexts()
            var tags = teltel_tags(id: 0)
            let status = withExtendedLifetime(texts) {
                tagsDefineC(handle.pointer, texts.tags(pairs.map { ($0.key, $0.value) }), pairs.count, &tags)
            }
            if status < Status.ok, status != Status.ended { throw TelemetryError(status: status) }
            return Tags(tags.id)
        }

        /// Records an event whose shape is not known beforehand. The text is checked by the collector.
        @discardableResult
        public func emit(json text: String, _ name: String, channel: String, frame: UInt64, time: Double) -> Bool {
            var text = text
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    emitJSONC(handle.pointer, channel, name, frame, time, $0.baseAddress, $0.count) == Status.ok
                }
            }
        }

        /// Records `frame.start` with the time step in seconds, and with the clock mark from which the collector knows the wall
        /// time of the records between two of them.
        @discardableResult
        public func frameStart(_ frame: UInt64, time: Double, dt: Double) -> Bool {
            frameStartC(handle.pointer, frame, time, dt) == Status.ok
        }

        /// Records `frame.end`: time step in seconds, physics steps, processor time in milliseconds.
        @discardableResult
        public func frameEnd(_ frame: UInt64, time: Double, dt: Double, substeps: Int, cpuTimeMs: Double) -> Bool {
            var values = teltel_frame_end_values(dt: dt, substeps: Int64(substeps), cpu_time_ms: cpuTimeMs)
            return frameEndC(handle.pointer, frame, time, &values) == Status.ok
        }

        /// Makes this thread's ring now, so that its first event does not pay for it (about 0.8 ms per MiB).
        @discardableResult
        public func attachThread() -> Bool { threadAttachC(handle.pointer) == Status.ok }

        /// Gives this thread's ring to the next thread; happens by itself when the thread ends.
        public func detachThread() { threadDetachC(handle.pointer) }

        /// Opens a writer of one's own; nil if there is none (256 at most) or nothing is recorded. `name`: at most 63 bytes.
        public func openWriter(_ name: String = "") -> Writer? {
            guard let pointer = name.withCString({ writerOpenC(handle.pointer, $0) }) else { return nil }
            return Writer(pointer)
        }

        /// Events of all types that were refused or overwritten so far, by reason.
        public var drops: Drops { drops(teltel_type(word: 0)) }

        /// The same for one type; those beyond the first 1,024 types are counted together.
        public func drops<State>(of type: EventType<State>) -> Drops {
            type.word == 0 ? Drops(teltel_drops_default()) : drops(teltel_type(word: type.word))
        }

        private func drops(_ type: teltel_type) -> Drops {
            var drops = teltel_drops_default()
            _ = droppedC(handle.pointer, type, &drops)
            return Drops(drops)
        }

        /// Largest record in bytes; 0 if nothing is recorded.
        public var maxRecordBytes: Int { maxRecordC(handle.pointer) }
    }

    /// Events that were refused, or overwritten, by reason.
    public struct Drops: Sendable, Equatable {
        /// Ring full: collector absent or too slow.
        public let full: UInt64
        /// Accepted, and overwritten before a collector took them (``RunOptions/Overflow/overwriteOldest``).
        public let overwritten: UInt64
        /// Record larger than the ring allows.
        public let size: UInt64
        /// Handle empty or of another run.
        public let type: UInt64
        /// Reservation open.
        public let state: UInt64
        /// No ring for the thread.
        public let writer: UInt64
        /// Emitted in a child of fork.
        public let fork: UInt64
        public var total: UInt64 { full + overwritten + size + type + state + writer + fork }

        init(_ drops: teltel_drops) {
            (full, overwritten, size, type) = (drops.full, drops.overwritten, drops.size, drops.type)
            (state, writer, fork) = (drops.state, drops.writer, drops.fork)
        }
    }
#endif

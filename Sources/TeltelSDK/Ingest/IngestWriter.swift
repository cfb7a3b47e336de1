// One ring of the collector's ingest instance.
#if !hasFeature(Embedded)
    import CTeltel

    /// What became of an appended event.
    package enum AppendResult: Equatable, Sendable {
        /// In the ring; `sequence` is its byte position there and identifies it for ever.
        case accepted(sequence: UInt64)
        /// No room now, or the instance has ended. Not counted: the caller may try again, see ``IngestWriter/countDropped()``.
        case full
        /// Larger than a quarter of the ring or than 1 MiB. Not counted.
        case tooLarge
    }

    /// Appends events to one ring. One thread at a time; it may outlive the instance, then everything is `.full`.
    ///
    /// `@unchecked Sendable`: the state behind it is a pooled writer (see `WriterState`), and the owner of this object keeps to
    /// one thread at a time, as documented.
    package final class IngestWriter: @unchecked Sendable {
        /// The ring's number: `writer` of each row that it makes.
        package let index: UInt32
        private let w: WriterState

        /// Lock held; takes over a writer in use.
        init(_ w: WriterState) {
            self.w = w
            index = w.pointee.index
        }

        deinit {
            ctel_lock()
            defer { ctel_unlock() }
            Writers.giveBack(w)
        }

        /// Appends one event.
        ///
        /// - Parameters:
        ///   - stream: from ``IngestInstance/stream(run:source:channel:type:)`` of the same instance.
        ///   - simTime: seconds; any bits.
        ///   - wallTimeMs: milliseconds since 1970.
        ///   - tags: JSON text of an object, or nothing.
        ///   - payload: JSON text, not empty.
        package func append(
            stream: UInt32, frame: UInt64, simTime: Double, wallTimeMs: Int64, tags: UnsafeRawBufferPointer,
            payload: UnsafeRawBufferPointer
        ) -> AppendResult {
            precondition(!payload.isEmpty, "an ingest record has a payload")
            let headBytes = MemoryLayout<teltel_ingest_head>.size
            let bytes = Int(TELTEL_RECORD_HEADER_BYTES) + headBytes + tags.count + payload.count
            guard UInt64(bytes) <= recordLimit(ringBytes: w.pointee.data_bytes) else { return .tooLarge }
            let word = RecordWord(bytes: bytes, type: TELTEL_INGEST_TYPE)
            guard w.pointee.cursor &+ word.padded <= ctel_limit(w) || findOpenRoom(w, Int(word.padded)) else { return .full }

            let cursor = w.pointee.cursor
            storeHeader(cursor, word, frame, simTime)
            // SAFETY: [cursor, limit) is this writer's, the sum of the parts fits, checked above.
            let room = UnsafeMutableRawPointer(ctel_at(cursor).unsafelyUnwrapped) + Int(TELTEL_RECORD_HEADER_BYTES)
            room.storeBytes(
                of: teltel_ingest_head(stream: stream, tags_bytes: UInt32(tags.count), wall_time_ms: wallTimeMs),
                as: teltel_ingest_head.self)
            let text = UnsafeMutableRawBufferPointer(start: room + headBytes, count: tags.count + payload.count)
            text.copyMemory(from: tags)
            UnsafeMutableRawBufferPointer(rebasing: text[tags.count...]).copyMemory(from: payload)
            let sequence = UInt64(cursor) &+ w.pointee.bias
            publish(w, cursor, cursor &+ word.padded)
            return .accepted(sequence: sequence)
        }

        /// Counts one event that the caller gave up after `.full`.
        package func countDropped() { countRefused(UInt32(TELTEL_REFUSAL_FULL)) }

        /// Counts one event that was `.tooLarge`.
        package func countTooLarge() { countRefused(UInt32(TELTEL_REFUSAL_SIZE)) }

        private func countRefused(_ reason: UInt32) {
            guard ctel_is_closed(w) == 0 else { return }
            count(w, RecordWord(bytes: 0, type: TELTEL_INGEST_TYPE), reason)
        }
    }
#endif

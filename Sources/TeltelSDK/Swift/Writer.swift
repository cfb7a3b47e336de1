#if !hasFeature(Embedded)
    import CTeltel

    /// A ring of one's own, for job systems: used by one thread at a time, whichever it is. Closes itself; may outlive the run.
    ///
    /// `@unchecked Sendable`: it cannot be copied, so that it moves between threads as a whole.
    public struct Writer: ~Copyable, @unchecked Sendable {
        @usableFromInline let state: WriterState

        init(_ pointer: OpaquePointer) { state = WriterState(pointer) }
        deinit { writerCloseC(OpaquePointer(state)) }

        /// Records one event; see ``EventType/emit(_:frame:time:)``.
        @inlinable @discardableResult
        public func emit<State>(_ type: EventType<State>, _ value: borrowing State, frame: UInt64, time: Double) -> Bool {
            withUnsafePointer(to: value) { writerEmit(state, type.word, frame, time, $0) == Status.ok }
        }

        /// Fills a record in place. `fill` gets uninitialised room for one `State` and initialises all of it; it is not called
        /// if the event is refused (and counted). A `State` with an alignment above 8 (vectors) does not fit into the ring as it
        /// is: it is filled on the stack and copied.
        @discardableResult
        public func fill<State>(
            _ type: EventType<State>, frame: UInt64, time: Double, _ fill: (UnsafeMutablePointer<State>) -> Void
        ) -> Bool {
            guard MemoryLayout<State>.alignment <= 8 else {
                return withUnsafeTemporaryAllocation(of: State.self, capacity: 1) { room in
                    // SAFETY: room for one State, which `fill` initialises.
                    let value = room.baseAddress.unsafelyUnwrapped
                    fill(value)
                    return writerEmit(state, type.word, frame, time, value) == Status.ok
                }
            }
            guard let room = reserveC(OpaquePointer(state), teltel_type(word: type.word), frame, time) else { return false }
            // SAFETY: reserve gave room for the type's record, which is one State (Run.define).
            fill(room.assumingMemoryBound(to: State.self))
            return commitC(OpaquePointer(state)) == Status.ok
        }
    }
#endif

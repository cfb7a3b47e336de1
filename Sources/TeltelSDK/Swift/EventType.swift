#if !hasFeature(Embedded)
    public import CTeltel

    /// Names and values that ride along with an event; made once by ``Run/tags(_:)``. Belongs to one run.
    public struct Tags: Equatable, Sendable {
        @usableFromInline let id: UInt16
        init(_ id: UInt16) { self.id = id }
        /// No tags.
        public static let none = Tags(0)
    }

    /// The handle of one type of event. Two words without a reference: copy it into any thread, actor or task.
    ///
    /// It may outlive its run: then events are refused. Emitting is safe from any thread: each has a ring of its own, so the
    /// events of a task that moves between threads may lie in several rings, whose order is by frame.
    @frozen public struct EventType<State: BitwiseCopyable>: Sendable {
        @usableFromInline let run: UInt
        @usableFromInline let word: UInt64
        @usableFromInline init(run: UInt, word: UInt64) {
            self.run = run
            self.word = word
        }

        /// Records one event: one copy, no lock, no allocation, no system call.
        ///
        /// - Parameters:
        ///   - state: the record: its fields are those that ``Run/define(_:channel:_:)`` was told.
        ///   - frame: kept as it is.
        ///   - time: simulated seconds; any bits.
        /// - Returns: false if it was refused (and counted, see ``Run/drops``), or if the run records nothing.
        @inlinable @inline(__always) @discardableResult
        public func emit(_ state: borrowing State, frame: UInt64, time: Double) -> Bool {
            withUnsafePointer(to: state) { TeltelSDK.emit(run, word, frame, time, $0) == Status.ok }
        }

        /// The same from where the state lies, without copying it first. SAFETY: `state` points to one initialised value.
        @inlinable @inline(__always) @discardableResult
        public func emit(from state: UnsafePointer<State>, frame: UInt64, time: Double) -> Bool {
            TeltelSDK.emit(run, word, frame, time, state) == Status.ok
        }

        /// The same type with a tag set on each event.
        @inlinable public func with(_ tags: Tags) -> EventType {
            EventType(run: run, word: teltel_with_tags(teltel_type(word: word), teltel_tags(id: tags.id)).word)
        }
    }
#endif

/// Those who wait until a reader has looked.
import Synchronization

/// Who writes and then asks wants to see what was written, however seldom the reader looks.
final class CatchUp: Sendable {
    typealias Waiter = CheckedContinuation<Void, Never>

    private enum State {
        case open([Waiter])
        /// The reader has left: nobody waits for it any more.
        case over
    }
    private let state = Mutex(State.open([]))

    /// Returns after a look that began after the call. `first` is called when nobody else waits for that look.
    func wait(first: () -> Void) async {
        await withCheckedContinuation { waiter in
            let (isOver, isFirst) = state.withLock { state in
                guard case .open(let others) = state else { return (true, false) }
                state = .open(others + [waiter])
                return (false, others.isEmpty)
            }
            if isOver { waiter.resume() }
            if isFirst { first() }
        }
    }

    /// Of the reader, before a look: whom to tell after it.
    func take() -> [Waiter] {
        state.withLock { state in
            guard case .open(let waiters) = state, !waiters.isEmpty else { return [] }
            state = .open([])
            return waiters
        }
    }

    /// Of the reader, after its last look.
    func end() {
        let left = state.withLock { state in
            defer { state = .over }
            if case .open(let waiters) = state { return waiters }
            return []
        }
        for waiter in left { waiter.resume() }
    }
}

/// When a reader's thread sleeps.
import CTeltelRings
import Dispatch
import Synchronization

/// How long a reader sleeps: 250 µs while anything came in the last 100 ms, 1 ms up to a second, then 20 ms.
package final class Nap: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let pending = Atomic<Bool>(false)
    /// Sleeps for longer than it is worth to be woken from.
    private let isDeep = Atomic<Bool>(false)
    private let lastActive = Atomic<UInt64>(0)
    private let lastSignal = Atomic<UInt64>(0)
    private static let shortest = 250

    package init() {}

    /// A reader in its shortest nap is woken once per such time: it looks by itself, and a signal per event would cost more
    /// than the event.
    package func wake() {
        // PAIR with `sleep`: one of the two sees what the other has stored.
        if pending.exchange(true, ordering: .sequentiallyConsistent) { return }
        if isDeep.load(ordering: .sequentiallyConsistent) { return _ = semaphore.signal() }
        let now = teltel_monotonic_ns()
        if now &- lastSignal.load(ordering: .relaxed) >= UInt64(Self.shortest) * 1_000 {
            lastSignal.store(now, ordering: .relaxed)
            semaphore.signal()
        }
    }

    package func sleep(active: Bool) {
        let now = teltel_monotonic_ns()
        if active { lastActive.store(now, ordering: .relaxed) }
        let idle = now &- lastActive.load(ordering: .relaxed)
        sleep(microseconds: idle < 100_000_000 ? Self.shortest : idle < 1_000_000_000 ? 1_000 : 20_000)
    }

    /// Until woken, or the time is over.
    package func sleep(microseconds: Int) {
        if microseconds > Self.shortest {
            isDeep.store(true, ordering: .sequentiallyConsistent)
            // Something came after the reader had looked: it looks again at once.
            if !pending.load(ordering: .sequentiallyConsistent) {
                _ = semaphore.wait(timeout: .now() + .microseconds(microseconds))
            }
            isDeep.store(false, ordering: .sequentiallyConsistent)
        } else {
            _ = semaphore.wait(timeout: .now() + .microseconds(microseconds))
        }
        // An exchange, so that what was written before any wake until now is seen by the look that follows.
        _ = pending.exchange(false, ordering: .sequentiallyConsistent)
    }
}

/// When a reader's thread sleeps.
import CTeltelRings
import Dispatch
import Synchronization

/// How long a reader sleeps: 250 µs while anything came in the last 100 ms, 1 ms up to a second, then 20 ms.
package final class Nap: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let pending = Atomic<Bool>(false)
    private let lastActive = Atomic<UInt64>(0)

    package init() {}

    package func wake() {
        if !pending.exchange(true, ordering: .acquiringAndReleasing) { semaphore.signal() }
    }

    package func sleep(active: Bool) {
        let now = teltel_monotonic_ns()
        if active { lastActive.store(now, ordering: .relaxed) }
        let idle = now &- lastActive.load(ordering: .relaxed)
        sleep(microseconds: idle < 100_000_000 ? 250 : idle < 1_000_000_000 ? 1_000 : 20_000)
    }

    /// Until woken, or the time is over.
    package func sleep(microseconds: Int) {
        if semaphore.wait(timeout: .now() + .microseconds(microseconds)) == .success {
            pending.store(false, ordering: .releasing)
        }
    }
}

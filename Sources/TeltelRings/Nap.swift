/// When a reader's thread sleeps.
import CTeltelRings
import Dispatch
import Synchronization

/// How long a reader sleeps: as its pace says while anything came in the last 100 ms, 1 ms up to a second, then as
/// its owner says.
package final class Nap: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let pending = Atomic<Bool>(false)
    private let hasHurry = Atomic<Bool>(false)
    /// Sleeps for longer than it is worth to be woken from.
    private let isDeep = Atomic<Bool>(false)
    /// The nap is not ended by what comes.
    private let isDeaf = Atomic<Bool>(false)
    private let lastActive = Atomic<UInt64>(0)
    private let lastSignal = Atomic<UInt64>(0)
    private let lastWake = Atomic<UInt64>(0)
    /// When something came that was not alone.
    private let lastCrowd = Atomic<UInt64>(0)
    private static let shortest = 250

    /// Each look costs a reader as much as a hundred events: the fewer looks, the better, as long as nobody notices.
    package enum Pace {
        /// Somebody waits, and little comes at a time: 250 µs, or until woken.
        case prompt
        /// Much comes at a time, or it is shown so many times a second: 2 ms, an eighth of what a screen shows at once.
        case busy
        /// Nobody waits: 10 ms.
        case unwatched

        fileprivate var microseconds: Int {
            switch self {
            case .prompt: Nap.shortest
            case .busy: 2_000
            case .unwatched: 10_000
            }
        }
    }

    package enum Found {
        case nothing
        /// By those who wake the reader whenever they write: as long as each comes alone, it need not look by itself.
        case told
        /// By others too.
        case untold
    }
    private static let activeNs: UInt64 = 100_000_000

    package init() {}

    /// A reader in its shortest nap is woken once per such time: it looks by itself, and a signal per event would cost more
    /// than the event.
    package func wake() { wake(unless: { false }) }

    /// - Parameter lookHere: for something that comes alone: looks in the reader's place, on this thread, and returns whether that
    ///   was done. If it was, the reader sleeps on.
    package func wake(unless lookHere: () -> Bool) {
        // PAIR with `sleep`: one of the two sees what the other has stored.
        if pending.exchange(true, ordering: .sequentiallyConsistent) { return }
        let deep = isDeep.load(ordering: .sequentiallyConsistent)
        if !deep, isDeaf.load(ordering: .relaxed) { return }
        let now = teltel_monotonic_ns()
        let isAlone = now &- lastWake.exchange(now, ordering: .relaxed) >= Self.shortestNs
        if isAlone {
            // Before the look: what is written behind it finds nobody who has been told.
            pending.store(false, ordering: .sequentiallyConsistent)
            if lookHere() { return }
            pending.store(true, ordering: .sequentiallyConsistent)
        } else {
            lastCrowd.store(now, ordering: .relaxed)
        }
        if isDeep.load(ordering: .sequentiallyConsistent) { return _ = semaphore.signal() }
        if now &- lastSignal.load(ordering: .relaxed) >= Self.shortestNs {
            lastSignal.store(now, ordering: .relaxed)
            semaphore.signal()
        }
    }
    private static let shortestNs = UInt64(shortest) * 1_000

    /// Ends the nap, however short it is. Of many calls before the next look, one does.
    package func hurry() {
        pending.store(true, ordering: .sequentiallyConsistent)
        if hasHurry.exchange(true, ordering: .sequentiallyConsistent) { return }
        semaphore.signal()
    }

    /// - Parameters:
    ///   - found: what the look before has found.
    ///   - most: microseconds after which some ring would be too full.
    ///   - quiet: microseconds when nothing has come for a second.
    package func sleep(_ found: Found, pace: Pace, most: Int, quiet: Int) {
        let now = teltel_monotonic_ns()
        let isActive =
            switch found {
            case .nothing: false
            case .untold: true
            case .told: now &- lastCrowd.load(ordering: .relaxed) < Self.activeNs
            }
        if isActive { lastActive.store(now, ordering: .relaxed) }
        let idle = now &- lastActive.load(ordering: .relaxed)
        let isShort = idle < Self.activeNs
        isDeaf.store(isShort && pace != .prompt, ordering: .relaxed)
        sleep(microseconds: isShort ? min(pace.microseconds, most) : idle < 1_000_000_000 ? 1_000 : quiet, isShort: isShort)
    }

    /// Until woken, or the time is over.
    package func sleep(microseconds: Int) { sleep(microseconds: microseconds, isShort: microseconds <= Self.shortest) }

    private func sleep(microseconds: Int, isShort: Bool) {
        if !isShort {
            isDeep.store(true, ordering: .sequentiallyConsistent)
            // Something came after the reader had looked: it looks again at once.
            if !pending.load(ordering: .sequentiallyConsistent) {
                _ = semaphore.wait(timeout: .now() + .microseconds(microseconds))
            }
            isDeep.store(false, ordering: .sequentiallyConsistent)
        } else {
            _ = semaphore.wait(timeout: .now() + .microseconds(microseconds))
        }
        // Before the look: a call from here on asks for another one.
        hasHurry.store(false, ordering: .sequentiallyConsistent)
        // An exchange, so that what was written before any wake until now is seen by the look that follows.
        _ = pending.exchange(false, ordering: .sequentiallyConsistent)
    }
}

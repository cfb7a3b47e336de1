/// What has been answered to requests with an `Idempotency-Key`, so that a repeated one adds nothing.
import Foundation
import Synchronization

/// An answer as it was given.
package struct IngestAnswer: Sendable, Equatable {
    package let status: Int
    package let body: String

    package init(status: Int, body: String) {
        self.status = status
        self.body = body
    }
}

/// Bounded: the newest `capacity` keys, for a day. One table for the whole collector. Thread-safe.
package final class IdempotencyKeys: Sendable {
    package enum Begin {
        /// Nobody has used the key; `answer` or `breakOff` or `forget` must follow.
        case fresh
        /// The request with this key broke off: go on from there; the same must follow.
        case resume(IngestProgress)
        case answered(IngestAnswer)
        /// A request with this key is being read now.
        case busy
    }
    package struct Counters: Sendable {
        package var kept = 0
        package var replayed: UInt64 = 0
        package var resumed: UInt64 = 0
        package var refusedAsBusy: UInt64 = 0
        package var evicted: UInt64 = 0
        package var unsaved: UInt64 = 0
    }
    private enum Entry {
        case running
        case brokenOff(IngestProgress)
        case answered(IngestAnswer)
    }
    private struct Kept {
        var entry: Entry
        /// Milliseconds since 1970 of its last change.
        var atMs: Int64
        let number: UInt64
    }
    private struct State {
        var kept: [String: Kept] = [:]
        /// In the order of their first use; a key that is used anew after it went has a new number.
        var order: [(key: String, number: UInt64)] = []
        var first = 0
        var nextNumber: UInt64 = 0
        var counters = Counters()
    }
    static let lifetimeMs: Int64 = 24 * 60 * 60 * 1_000

    private let capacity: Int
    private let archive: AnswerArchive?
    private let now: @Sendable () -> Int64
    private let state = Mutex(State())

    /// `archive`: where answers survive the collector; none without storage. `now`: milliseconds since 1970.
    package init(
        capacity: Int, archive: AnswerArchive?,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    ) {
        self.capacity = capacity
        self.archive = archive
        self.now = now
        let oldest = now() - Self.lifetimeMs
        state.withLock { state in
            for old in archive?.newest(capacity, notBefore: oldest) ?? [] {
                Self.add(old.key, Kept(entry: .answered(old.answer), atMs: old.atMs, number: state.nextNumber), &state)
            }
        }
    }

    package func begin(_ key: String) -> Begin {
        let now = now()
        return state.withLock { state in
            var gone: [String] = []
            // Under the lock, so that a key that comes again is saved after it was removed.
            defer { if !gone.isEmpty { archive?.remove(gone) } }
            if let old = state.kept[key], now - old.atMs > Self.lifetimeMs, !Self.isRunning(old) {
                state.kept[key] = nil
                gone.append(key)
            }
            switch state.kept[key]?.entry {
            case .running:
                state.counters.refusedAsBusy += 1
                return .busy
            case .answered(let answer):
                state.counters.replayed += 1
                return .answered(answer)
            case .brokenOff(let progress):
                state.counters.resumed += 1
                state.kept[key]?.entry = .running
                return .resume(progress)
            case nil:
                Self.add(key, Kept(entry: .running, atMs: now, number: state.nextNumber), &state)
                gone += evict(&state, now: now)
                return .fresh
            }
        }
    }

    /// Keeps the answer, on disk too if there is an archive; then it may be given.
    package func answer(_ key: String, _ answer: IngestAnswer) async {
        let at = now()
        let saved = await archive?.save(key, answer, atMs: at) ?? true
        state.withLock { state in
            if !saved { state.counters.unsaved += 1 }
            state.kept[key]?.entry = .answered(answer)
            state.kept[key]?.atMs = at
        }
    }

    package func breakOff(_ key: String, _ progress: IngestProgress) {
        let at = now()
        state.withLock { state in
            state.kept[key]?.entry = .brokenOff(progress)
            state.kept[key]?.atMs = at
        }
    }

    /// Nothing was taken: the key is as good as new.
    package func forget(_ key: String) { state.withLock { $0.kept[key] = nil } }

    package var counters: Counters {
        state.withLock { state in
            var counters = state.counters
            counters.kept = state.kept.count
            return counters
        }
    }

    private static func isRunning(_ kept: Kept) -> Bool {
        if case .running = kept.entry { true } else { false }
    }

    private static func add(_ key: String, _ kept: Kept, _ state: inout State) {
        state.kept[key] = kept
        state.order.append((key, kept.number))
        state.nextNumber += 1
    }

    /// The oldest keys go until the rest fits; those of requests that are being read stay, they are as many as connections.
    private func evict(_ state: inout State, now: Int64) -> [String] {
        var gone: [String] = []
        for _ in state.first..<state.order.count {
            let oldest = state.order[state.first]
            let kept = state.kept[oldest.key]
            let isCurrent = kept?.number == oldest.number
            if isCurrent, let kept {
                guard state.kept.count > capacity || now - kept.atMs > Self.lifetimeMs else { break }
                if Self.isRunning(kept) {
                    state.order.append(oldest)
                } else {
                    state.kept[oldest.key] = nil
                    state.counters.evicted += 1
                    gone.append(oldest.key)
                }
            }
            state.first += 1
        }
        if state.first > 1_024, state.first * 2 > state.order.count {
            state.order.removeFirst(state.first)
            state.first = 0
        }
        return gone
    }
}

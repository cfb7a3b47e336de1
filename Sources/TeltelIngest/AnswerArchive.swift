/// Brings answers into the control store before they are given, many in one transaction.
import Dispatch
import Foundation
import Logging
import Synchronization
import TeltelControl

/// Thread-safe. Disk is touched on a queue of its own, never on a thread of the requests.
package final class AnswerArchive: Sendable {
    private struct Waiting {
        let answer: StoredAnswer
        let done: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var waiting: [Waiting] = []
        var gone: [String] = []
        var isScheduled = false
        var complained = false
    }
    private let store: ControlStore
    private let logger: Logger
    private let queue = DispatchQueue(label: "teltel-answers")
    private let state = Mutex(State())

    package init(_ store: ControlStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Oldest first. What cannot be read is as good as not there.
    func newest(_ limit: Int, notBefore: Int64) -> [(key: String, answer: IngestAnswer, atMs: Int64)] {
        do throws(ControlStoreError) {
            return try store.newestAnswers(limit, notBefore: notBefore).reversed().map {
                ($0.key, IngestAnswer(status: $0.status, body: $0.body), $0.answeredMs)
            }
        } catch {
            logger.warning("answers to earlier requests are not known: \(error)")
            return []
        }
    }

    /// Returns when it is on disk; false if that failed.
    func save(_ key: String, _ answer: IngestAnswer, atMs: Int64) async -> Bool {
        await withCheckedContinuation { done in
            let stored = StoredAnswer(key: key, status: answer.status, body: answer.body, answeredMs: atMs)
            schedule { $0.waiting.append(Waiting(answer: stored, done: done)) }
        }
    }

    /// They need not be kept any longer.
    func remove(_ keys: [String]) { schedule { $0.gone += keys } }

    private func schedule(_ change: (inout State) -> Void) {
        let isFirst = state.withLock { state in
            change(&state)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst { queue.async { self.write() } }
    }

    private func write() {
        let (waiting, gone) = state.withLock { state in
            defer {
                state.waiting = []
                state.gone = []
                state.isScheduled = false
            }
            return (state.waiting, state.gone)
        }
        var saved = true
        do throws(ControlStoreError) {
            // A key may have gone and come again in between: what is saved wins.
            try store.save(waiting.map(\.answer), removing: gone)
        } catch {
            saved = false
            let isFirst = state.withLock { state in
                defer { state.complained = true }
                return !state.complained
            }
            if isFirst { logger.warning("answers do not survive a restart: \(error)") }
        }
        for each in waiting { each.done.resume(returning: saved) }
    }
}

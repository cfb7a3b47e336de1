/// A bounded number of threads for work that blocks, and a bounded number of jobs that wait for one.
import Foundation
import Synchronization

/// Thread-safe. Threads are started when they are first needed, and stay.
package final class WorkerPool: Sendable {
    package typealias Job = @Sendable () -> Void
    private struct State {
        var waiting: [Job] = []
        var threads = 0
        /// Threads that do a job.
        var busy = 0
    }
    private let name: String
    private let threadsMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)

    package init(name: String, threads: Int, waitingMax: Int) {
        self.name = name
        threadsMax = threads
        self.waitingMax = waitingMax
    }

    /// false: too many are waiting already, and the job will not be done.
    package func submit(_ job: @escaping Job) -> Bool {
        let (isTaken, starts) = state.withLock { state in
            guard state.waiting.count < waitingMax + threadsMax - state.busy else { return (false, false) }
            state.waiting.append(job)
            let starts = state.threads < threadsMax && state.waiting.count > state.threads - state.busy
            if starts { state.threads += 1 }
            return (true, starts)
        }
        guard isTaken else { return false }
        arrived.signal()
        if starts { start() }
        return true
    }

    /// Jobs that wait for a thread.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    private func start() {
        let thread = Thread { [self] in
            while true {
                arrived.wait()
                let job = state.withLock { state in
                    state.busy += 1
                    return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
                }
                job?()
                state.withLock { $0.busy -= 1 }
            }
        }
        thread.name = "teltel-\(name)"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Does `body` on one of the threads. nil: too many are waiting.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result? {
        try await withCheckedThrowingContinuation { done in
            let isTaken = submit { done.resume(with: Swift.Result { try body() }.map(Optional.some)) }
            if !isTaken { done.resume(returning: nil) }
        }
    }
}

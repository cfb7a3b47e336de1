/// Where answers are worked out: never on threads that serve connections.
import Dispatch

/// An executor of its own, behind what is live. Thread-safe.
package final class AnswerExecutor: TaskExecutor {
    package static let shared = AnswerExecutor()
    private let queue = DispatchQueue(label: "teltel.answers", qos: .utility, attributes: .concurrent)

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Carries it out there.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
        await Task(executorPreference: self) { await work() }.value
    }
}

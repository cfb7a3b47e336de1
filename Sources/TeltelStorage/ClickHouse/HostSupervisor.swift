/// Keeps the embedded ClickHouse host running.
import Foundation
import Synchronization

/// Starts the host as a child process, starts it again when it ends, and says how it is. One thread of its own; all calls are
/// thread-safe.
package final class HostSupervisor: Sendable {
    package enum State: Sendable, Equatable {
        case starting
        /// It answers. With ClickHouse's version.
        case ready(String)
        /// It does not run; the next try comes by itself.
        case failed(String)
        /// The engine library is not installed; looked for again every few seconds. With what to do.
        case missing(String)
        case stopped
    }

    private let files: HostFiles
    private let memoryBytes: Int
    private let state = Mutex(State.starting)
    private let child = Mutex<ChildProcess?>(nil)
    private let gate = Gate()

    static let longestStartMilliseconds: Int32 = 60_000
    private static let pausesMilliseconds = [100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000]
    private static let lookAgainMilliseconds = 3_000
    private static let endMilliseconds: Int32 = 5_000
    /// Exit statuses of the host program.
    private static let inUse: Int32 = 75
    private static let notLoadable: Int32 = 78

    package init(files: HostFiles, memoryBytes: Int = 1_500_000_000) {
        self.files = files
        self.memoryBytes = memoryBytes
    }

    package var endpoint: ClickHouseEndpoint { ClickHouseEndpoint(socket: files.socket) }
    package var current: State { state.withLock { $0 } }
    /// For people: why the host of this collector does not answer; nil: it does. The host of one that was killed may answer at the same
    /// place until it ends; whoever asked it would get an answer now and none in a moment.
    package var whyAway: String? {
        switch current {
        case .starting: Self.startingText
        case .ready: nil
        case .failed(let reason), .missing(let reason): reason
        case .stopped: "stopped"
        }
    }
    static let startingText = "the embedded ClickHouse is starting"
    /// Of the host that runs now.
    package var processID: pid_t? { child.withLock { $0?.processID } }

    /// Call once.
    package func start() {
        let thread = Thread { [self] in supervise() }
        thread.name = "clickhouse-host"
        thread.start()
    }

    /// Ends the host and returns when it has ended.
    package func stop() {
        gate.close()
        child.withLock { $0?.askToEnd() }
        gate.waitUntilDone()
    }

    private func supervise() {
        defer {
            state.withLock { $0 = .stopped }
            gate.done()
        }
        var failures = 0
        while !gate.isClosed {
            guard let library = files.library else {
                state.withLock { $0 = .missing(HostFiles.hint) }
                gate.pause(milliseconds: Self.lookAgainMilliseconds)
                continue
            }
            let began = ContinuousClock.now
            let reason = runOnce(library)
            guard !gate.isClosed else { return }
            state.withLock { $0 = .failed(reason) }
            failures = began.duration(to: .now) > .seconds(60) ? 0 : failures + 1
            gate.pause(milliseconds: Self.pausesMilliseconds[min(failures, Self.pausesMilliseconds.count - 1)])
        }
    }

    /// Runs the host until it ends; says why it did.
    private func runOnce(_ library: String) -> String {
        guard let interpreter = files.interpreter else { return "python3 is needed to run the embedded ClickHouse" }
        do throws(ChildProcess.Failure) {
            let (program, socket) = try files.prepare()
            let arguments = [
                interpreter, "-I", "-S", program, "--library", library, "--data", files.databaseDirectory, "--socket", socket,
                "--payloads", files.payloadDirectory, "--memory", String(memoryBytes),
            ]
            let started = try ChildProcess(arguments, errorPath: files.errorPath)
            child.withLock { $0 = started }
            // Asked to stop between the two: it would not have been told.
            if gate.isClosed { started.askToEnd() }
            if current != .starting { state.withLock { $0 = .starting } }
            watch(started)
            child.withLock { $0 = nil }
            return reason(started.waitForEnd(timeoutMilliseconds: Self.endMilliseconds))
        } catch {
            return error.reason
        }
    }

    /// Returns when the child has closed its output.
    private func watch(_ child: ChildProcess) {
        guard case .text(let line) = child.nextLine(timeoutMilliseconds: Self.longestStartMilliseconds), line.hasPrefix("ready ")
        else {
            return child.askToEnd()
        }
        state.withLock { $0 = .ready(String(line.dropFirst(6))) }
        while true {
            switch child.nextLine(timeoutMilliseconds: Self.askAgainMilliseconds) {
            case .text: continue
            case .end: return
            // Whether a program notices a signal is its own business: one that did not is told again.
            case .timeout: if gate.isClosed { child.askToEnd() }
            }
        }
    }
    private static let askAgainMilliseconds: Int32 = 1_000

    private func reason(_ status: Int32) -> String {
        switch status {
        case Self.inUse: return "another process uses the database in \(files.databaseDirectory)"
        case Self.notLoadable: return "the engine library cannot be loaded: \(lastWords)"
        default:
            let how = status < 0 ? "signal \(-status)" : "status \(status)"
            return "the embedded ClickHouse ended with \(how)\(lastWords.isEmpty ? "" : ": \(lastWords)")"
        }
    }
    /// The last line that the host wrote to its standard error.
    private var lastWords: String {
        guard let data = FileManager.default.contents(atPath: files.errorPath) else { return "" }
        return String(decoding: data.suffix(4_096), as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
    }
}

/// Lets a thread pause until it is told to end, and others wait for its end.
private final class Gate: Sendable {
    private let condition = NSCondition()
    private let flags = Mutex((isClosed: false, isDone: false))

    var isClosed: Bool { flags.withLock { $0.isClosed } }

    func close() { set { $0.isClosed = true } }
    func done() { set { $0.isDone = true } }
    private func set(_ change: (inout (isClosed: Bool, isDone: Bool)) -> Void) {
        condition.lock()
        flags.withLock { change(&$0) }
        condition.broadcast()
        condition.unlock()
    }

    func pause(milliseconds: Int) {
        let end = Date(timeIntervalSinceNow: Double(milliseconds) / 1_000)
        condition.lock()
        while !isClosed, condition.wait(until: end) {}
        condition.unlock()
    }
    func waitUntilDone() {
        condition.lock()
        while !flags.withLock({ $0.isDone }) { condition.wait() }
        condition.unlock()
    }
}

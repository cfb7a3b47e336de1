/// A child program on two pipes.
import CTeltelStorage
import Foundation

/// Started at init. Its standard input is a pipe that this object holds: the child sees its end when this process ends, however
/// that comes about. Used by one thread, except for `askToEnd`.
// @unchecked: all fields but the descriptors are fixed; those are closed by the owner's thread alone, after the child has ended.
package final class ChildProcess: @unchecked Sendable {
    package let processID: pid_t
    private let input: Int32
    private let output: Int32
    private var buffer: [UInt8] = []

    package struct Failure: Error {
        package let reason: String
    }

    /// - Parameters:
    ///   - arguments: the first is the program's path.
    ///   - errorPath: file that takes what the child writes to its standard error.
    package init(_ arguments: [String], errorPath: String) throws(Failure) {
        var inputs: [Int32] = [-1, -1]
        var outputs: [Int32] = [-1, -1]
        guard teltel_host_pipe(&inputs) == 0 else { throw Failure(reason: "pipe: \(String(cString: strerror(errno)))") }
        guard teltel_host_pipe(&outputs) == 0 else {
            let reason = String(cString: strerror(errno))
            inputs.forEach { close($0) }
            throw Failure(reason: "pipe: \(reason)")
        }
        var child: pid_t = 0
        let status = Self.spawn(arguments, &child, input: inputs[0], output: outputs[1], errorPath: errorPath)
        close(inputs[0])
        close(outputs[1])
        guard status == 0 else {
            close(inputs[1])
            close(outputs[0])
            throw Failure(reason: "\(arguments[0]): \(String(cString: strerror(status)))")
        }
        processID = child
        input = inputs[1]
        output = outputs[0]
    }

    private static func spawn(_ arguments: [String], _ child: inout pid_t, input: Int32, output: Int32, errorPath: String)
        -> Int32
    {
        // SAFETY: libc's own structures, made and destroyed here; the argument texts live until the call returns.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The child begins with no signal blocked or ignored, whatever this process does with its own.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var texts: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        defer { texts.forEach { free($0) } }
        texts.append(nil)
        return posix_spawn(&child, arguments[0], &actions, &attributes, texts, environ)
    }

    package enum Line: Equatable {
        case text(String)
        /// The child has closed its output: it has ended, or is about to.
        case end
        case timeout
    }

    /// The next line that the child prints.
    package func nextLine(timeoutMilliseconds: Int32) -> Line {
        while true {
            if let newline = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeSubrange(...newline) }
                return .text(String(decoding: buffer[..<newline], as: UTF8.self))
            }
            guard buffer.count < 1 << 16 else { return .end }
            var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, timeoutMilliseconds)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return .timeout }
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = read(output, &bytes, bytes.count)
            guard count > 0 else { return .end }
            buffer += bytes[..<count]
        }
    }

    /// Asks the child to end, from any thread. Harmless when it has.
    package func askToEnd() { kill(processID, SIGTERM) }

    /// Waits until the child has ended, for at most this time; then ends it by force. Call once, last. Its exit status, or minus the
    /// signal that ended it.
    package func waitForEnd(timeoutMilliseconds: Int32) -> Int32 {
        close(input)
        var left = timeoutMilliseconds
        var status: Int32 = 0
        while waitpid(processID, &status, left > 0 ? WNOHANG : 0) == 0 {
            // Nothing else wakes a thread at a child's end without a signal handler.
            poll(nil, 0, 10)
            left -= 10
            if left <= 0 { kill(processID, SIGKILL) }
        }
        close(output)
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }
}

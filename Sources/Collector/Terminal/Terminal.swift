/// Lines for people: facts go to standard output, at once also when it is a file or a pipe; problems to standard error.
import Foundation
import Synchronization
import TeltelEvents

enum Terminal {
    /// What a command is there to say. If it cannot be said, the command is over: silently when nobody reads any more, as other
    /// Unix tools end, else with a line on standard error and 1.
    static func say(_ line: String) { write(Data((line + "\n").utf8)) }
    static func say(_ lines: [String]) { write(Data(lines.map { $0 + "\n" }.joined().utf8)) }

    /// The same for text that is whole already.
    static func write(_ text: Data) {
        do { try FileHandle.standardOutput.write(contentsOf: text) } catch { leave(Self.reason(error)) }
    }

    /// For a program that goes on whatever becomes of its output. That it is lost is said once.
    static func announce(_ line: String) {
        do { try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8)) } catch {
            let reason = Self.reason(error)
            guard reason != EPIPE, !isOutputLost.exchange(true, ordering: .relaxed) else { return }
            complain("standard output: \(text(of: reason)); what is said there is lost, and this program goes on")
        }
    }
    private static let isOutputLost = Atomic<Bool>(false)

    /// A question; the answer is typed behind it.
    static func ask(_ text: String) { writeError(text) }
    static func complain(_ line: String) { writeError("teltel: " + line + "\n") }

    private static func writeError(_ text: String) {
        // There is no other place where it could be said.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Standard output cannot be written.
    static func leave(_ reason: Int32) -> Never {
        if reason == EPIPE {
            // The signal that ends other tools, which a library may have switched off here.
            var mask = sigset_t()
            sigemptyset(&mask)
            sigaddset(&mask, SIGPIPE)
            pthread_sigmask(SIG_UNBLOCK, &mask, nil)
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        complain("standard output: \(text(of: reason))")
        exit(1)
    }

    /// The system's number of a failed write.
    static func reason(_ error: any Error) -> Int32 {
        let error = error as NSError
        if error.domain == NSPOSIXErrorDomain { return Int32(error.code) }
        return (error.userInfo[NSUnderlyingErrorKey] as? NSError).map { reason($0) } ?? EIO
    }
    static func text(of reason: Int32) -> String { String(cString: strerror(reason)) }

    /// A descriptor that the caller has closed would be given to the next file or socket that is opened, and lines for people would
    /// go there. Something that cannot be used takes its place, so that using it fails as it should.
    static func holdClosedDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free is this one.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Somebody reads it; else a program or a file gets it.
    static var isShown: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Characters that a line may have; nil: standard output is no terminal.
    static var width: Int? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// 1,234,567
    static func grouped(_ number: UInt64) -> String {
        var text = String(number)
        var place = text.count - 3
        while place > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return text
    }
    static func grouped(_ number: Int) -> String { (number < 0 ? "-" : "") + grouped(UInt64(number.magnitude)) }

    /// Names come from engines: control characters must not reach the terminal.
    static func printable(_ text: String) -> String {
        TeltelEvents.printable(text)
    }

    /// Columns as wide as their widest cell.
    ///
    /// - Parameter shortened: the columns of names, which give way in a narrow terminal.
    static func table(_ rows: [[String]], rightAligned: Set<Int> = [], shortened: Set<Int> = []) {
        guard let head = rows.first else { return }
        let columns = head.enumerated().map { index, text in
            TextTable.Column(head: text, isRight: rightAligned.contains(index), least: shortened.contains(index) ? 16 : nil)
        }
        say(TextTable(columns, rows: Array(rows.dropFirst())).lines(width: width))
    }
}

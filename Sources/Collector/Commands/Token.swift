/// `teltel token new`: a secret for the collector's port.
import ArgumentParser
import Foundation
import TeltelHTTP

struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the token that opens a collector's port.", subcommands: [New.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a random token to a new file that only you can read.",
            discussion: "Give the file to `teltel collect`, `runs`, `tail` and `login-url` with --token-file.")

        @Argument(help: "The file; it must not exist yet.")
        var file: String

        func run() throws {
            let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else {
                Terminal.complain("cannot make \(file): \(String(cString: strerror(errno)))")
                throw ExitCode(1)
            }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            do {
                try handle.write(contentsOf: Data((RandomName.make() + "\n").utf8))
                try handle.synchronize()
            } catch {
                unlink(file)
                Terminal.complain("cannot write \(file): \(Terminal.text(of: Terminal.reason(error)))")
                throw ExitCode(1)
            }
            Terminal.say("token     \(file)")
        }
    }
}

/// How far something has come: in a terminal a line that is written over and over, elsewhere one now and then.
import Foundation

final class Progress {
    private var isShown = false
    private var told = ContinuousClock.now
    private let isTerminal = isatty(STDERR_FILENO) == 1
    /// Often enough for a log.
    private static let pause = Duration.seconds(10)

    func show(_ text: @autoclosure () -> String) {
        let now = ContinuousClock.now
        guard told.duration(to: now) >= (isTerminal ? .milliseconds(isShown ? 100 : 0) : Self.pause) else { return }
        told = now
        if isTerminal {
            Terminal.ask("\r\(Terminal.printable(text()))\u{1B}[K")
        } else {
            Terminal.complain(Terminal.printable(text()))
        }
        isShown = true
    }
    func end() { if isShown, isTerminal { Terminal.ask("\r\u{1B}[K") } }
}

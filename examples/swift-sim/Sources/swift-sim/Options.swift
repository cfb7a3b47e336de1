// The command line, as the other example engines have it.
import Glibc

struct Options {
    var frames: UInt64 = 5_000
    /// Simulated seconds per frame.
    var dt = 1.0 / 120
    /// Frame whose first pendulum is pushed by `eps` rad/s^2.
    var divergeAt: UInt64?
    var eps = 1e-9
    /// Sleep until each frame's wall time.
    var realtime = false
    var telemetry = true
    var runID = ""
    var ringBytes = 0

    /// Leaves the program with 2 and a line of usage if the command line is wrong.
    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        var seconds = 0.0
        while let name = rest.popFirst() {
            func value<Value: LosslessStringConvertible>(_: Value.Type = Value.self) -> Value {
                guard let value = rest.popFirst().flatMap(Value.init) else { Self.usage(name) }
                return value
            }
            switch name {
            case "--realtime": realtime = true
            case "--no-telemetry": telemetry = false
            case "--frames": frames = value()
            case "--seconds": seconds = value()
            case "--dt": dt = value()
            case "--diverge-at": divergeAt = value()
            case "--eps": eps = value()
            case "--run-id": runID = value()
            case "--ring-bytes": ringBytes = value()
            default: Self.usage(name)
            }
        }
        guard dt > 0, dt.isFinite else { Self.usage("--dt") }
        if seconds > 0 { frames = UInt64(seconds / dt) }
    }

    private static func usage(_ wrong: String) -> Never {
        complain(
            """
            wrong option or missing value: \(wrong)
            usage: swift-sim [--frames N | --seconds S] [--dt S] [--realtime] [--diverge-at FRAME] [--eps SIZE]
                   [--no-telemetry] [--run-id ID] [--ring-bytes N]
            """)
        exit(2)
    }
}

/// A line on standard error.
func complain(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

/// How browsers get in: a code that works once becomes a session that a cookie names.
import Synchronization

/// Bounded: when a table is full its oldest entry leaves. Lost with the process, on purpose. Thread-safe.
///
/// Codes and session ids are 256 random bits and are looked up by their (seeded) hash: nothing can be learned about them
/// from how long a wrong one takes.
package final class LoginSessions: Sendable {
    package static let codeLife: Duration = .seconds(600)
    package static let sessionLife: Duration = .seconds(12 * 3_600)
    private static let codesMax = 16
    private static let sessionsMax = 1_024

    private struct Table {
        let most: Int
        private var ends: [String: ContinuousClock.Instant] = [:]

        init(most: Int) { self.most = most }

        mutating func add(_ life: Duration) -> String {
            if ends.count >= most {
                ends = ends.filter { $0.value > .now }
                if ends.count >= most, let oldest = ends.min(by: { $0.value < $1.value }) { ends[oldest.key] = nil }
            }
            let name = RandomName.make()
            ends[name] = .now + life
            return name
        }
        func has(_ name: String) -> Bool { ends[name].map { $0 > .now } ?? false }
        mutating func take(_ name: String) -> Bool { ends.removeValue(forKey: name).map { $0 > .now } ?? false }
    }
    private struct State {
        var codes = Table(most: LoginSessions.codesMax)
        var sessions = Table(most: LoginSessions.sessionsMax)
    }
    private let state = Mutex(State())

    package init() {}

    package func newCode() -> String { state.withLock { $0.codes.add(Self.codeLife) } }

    /// The session that the code opens; nil if the code is unknown, used or too old.
    package func redeem(_ code: String) -> String? {
        state.withLock { $0.codes.take(code) ? $0.sessions.add(Self.sessionLife) : nil }
    }

    package func isOpen(_ session: String) -> Bool { state.withLock { $0.sessions.has(session) } }
}

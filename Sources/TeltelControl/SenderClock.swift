/// What senders say about the time is shown, and not believed: a board without a clock lives in 1970, and a script may send seconds or
/// nanoseconds where milliseconds are meant.

package enum SenderClock {
    private static let earliestMs: Int64 = 946_684_800_000  // 2000-01-01
    private static let aheadMaxMs: Int64 = 86_400_000

    /// What is wrong with a time in milliseconds since 1970 that came in at `nowMs`; nil: it may be right.
    package static func problem(_ ms: Int64, nowMs: Int64) -> String? {
        guard ms < earliestMs || ms > nowMs + aheadMaxMs else { return nil }
        let said =
            "wallTimeMs \(ms) is no time that this run can have begun or ended at; the collector's own clock is used instead"
        let units: [(factor: Double, name: String)] = [(1e3, "seconds"), (1e-3, "microseconds"), (1e-6, "nanoseconds")]
        let meant = units.first { unit in
            let value = Double(ms) * unit.factor
            return value >= Double(earliestMs) && value <= Double(nowMs + aheadMaxMs)
        }
        return meant.map { "\(said). It looks like \($0.name)" } ?? said
    }
}

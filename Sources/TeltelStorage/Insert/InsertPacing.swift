/// How soon one insert may follow another, over all tables.
struct InsertPacing: Sendable {
    private let cadence: InserterState.Cadence
    private var lastMs: UInt64?
    /// Milliseconds of gaps that were left unused before the last insert.
    private var creditMs: UInt64

    init(_ cadence: InserterState.Cadence) {
        self.cadence = cadence
        creditMs = cadence.burst * cadence.gapMs
    }

    private func credit(_ nowMs: UInt64) -> UInt64 {
        min(creditMs + (nowMs - min(nowMs, lastMs ?? nowMs)), cadence.burst * cadence.gapMs)
    }

    /// When an insert of so many rows may be sent at the earliest.
    func earliestMs(rows: Int, isUrgent: Bool, _ nowMs: UInt64) -> UInt64 {
        guard let lastMs else { return 0 }
        if isUrgent, credit(nowMs) >= cadence.gapMs { return lastMs }
        return lastMs + (isUrgent || rows >= cadence.rows ? cadence.gapMs : cadence.smallGapMs)
    }

    /// One was sent, whatever came of it.
    mutating func inserted(_ nowMs: UInt64) {
        creditMs = credit(nowMs)
        creditMs -= min(creditMs, cadence.gapMs)
        lastMs = nowMs
    }
}

/// Where every accepted row went: attempted = accepted + refused, accepted = stored + lost + still on the way.
import TeltelEvents

/// Why rows that a producer got rid of will never be stored.
package enum LossReason: String, CaseIterable, Sendable {
    /// The spool's limit was reached, or its disk was full.
    case spoolFull = "spool_full"
    /// The disk failed.
    case diskError = "disk_error"
    /// The record is not what its type says, or its payload is no JSON.
    case malformed
    /// The spool's bytes came back changed.
    case spoolDamaged = "spool_damaged"
    /// ClickHouse refused the row for its content; it is in the dead-letter file.
    case refusedByStorage = "refused_by_storage"
}

/// Rows of one instance, run, channel and type.
package struct Tally: Sendable, Equatable {
    /// Written to segments, ever.
    package var spooled = 0
    /// Acknowledged by ClickHouse.
    package var stored = 0
    package var lost: [LossReason: Int] = [:]

    package init() {}
    package var lostTotal: Int { lost.values.reduce(0, +) }
    /// Lost before they came into a segment.
    package var neverSpooled: Int {
        [LossReason.spoolFull, .diskError, .malformed].reduce(0) { $0 + (lost[$1] ?? 0) }
    }
    package static func += (a: inout Tally, b: Tally) {
        a.spooled += b.spooled
        a.stored += b.stored
        a.lost.merge(b.lost, uniquingKeysWith: +)
        a.lost = a.lost.filter { $0.value != 0 }
    }
    static func -= (a: inout Tally, b: Tally) {
        var debt = Tally()
        debt.spooled = -b.spooled
        debt.stored = -b.stored
        debt.lost = b.lost.mapValues { -$0 }
        a += debt
    }
}

package typealias Tallies = [RowKey: Tally]

extension Tallies {
    mutating func lose(_ rows: [RowKey: Int], _ reason: LossReason) {
        for (key, count) in rows where count != 0 { self[key, default: Tally()].lost[reason, default: 0] += count }
    }
    mutating func add(_ other: Tallies) {
        for (key, tally) in other { self[key, default: Tally()] += tally }
    }
    package func sum() -> Tally {
        values.reduce(into: Tally()) { $0 += $1 }
    }
}

/// How far one ring has come.
package struct RingMarks: Sendable, Equatable {
    /// Positions before it are in segments, or counted as lost.
    package var spooled: UInt64 = 0
    /// Rows before it are in ClickHouse, or counted as lost.
    package var stored: UInt64 = 0
    /// The producer's head when the ring was last looked at.
    package var head: UInt64 = 0
    package init() {}
}

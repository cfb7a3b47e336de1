/// GET /api/analysis/same-as: which runs have the same data.
import TeltelEvents

package struct SameAsAnswer: Codable, Sendable, Equatable {
    package let version: Int
    package let runId: Name
    /// 16 hexadecimal digits; equal for runs with equal data.
    package let fingerprint: String
    /// That it stands for.
    package let rows: UInt64
    /// All of the run's events are stored.
    package let complete: Bool
    /// The stored digests do not fit the rows: it was made from these.
    package let recomputed: Bool
    /// Other runs with the same fingerprint, in order of their names.
    package let same: [Name]
    /// Runs that have as many events and whose digests do not fit their rows: they may be the same.
    package let unknown: [Name]
    /// There are further runs with as many events.
    package let truncated: Bool
    package let sql: [String]

    package init(
        runId: Name, fingerprint: String, rows: UInt64, complete: Bool, recomputed: Bool, same: [Name], unknown: [Name],
        truncated: Bool, sql: [String]
    ) {
        version = 1
        self.runId = runId
        self.fingerprint = fingerprint
        self.rows = rows
        self.complete = complete
        self.recomputed = recomputed
        self.same = same
        self.unknown = unknown
        self.truncated = truncated
        self.sql = sql
    }
}

/// GET /api/analysis/fingerprints: one number for all data of each of some runs.
import TeltelEvents

package struct FingerprintsAnswer: Codable, Sendable, Equatable {
    package struct Run: Codable, Sendable, Equatable {
        package let runId: Name
        /// 16 hexadecimal digits; null: see `reason`.
        package let fingerprint: String?
        /// That it stands for.
        package let rows: UInt64
        /// Why there is none.
        package let reason: String?

        package init(runId: Name, fingerprint: String?, rows: UInt64, reason: String?) {
            self.runId = runId
            self.fingerprint = fingerprint
            self.rows = rows
            self.reason = reason
        }
    }
    package let version: Int
    /// In the order of the question.
    package let runs: [Run]
    package let sql: [String]

    package init(runs: [Run], sql: [String]) {
        version = 1
        self.runs = runs
        self.sql = sql
    }
}

/// Fingerprints of runs, by the digests that are stored.
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// One question. Used by one task.
package struct FingerprintReader {
    private let queries: RunQueries
    private let tables: [StoredTable]

    package init(_ queries: RunQueries, tables: [StoredTable]) {
        self.queries = queries
        self.tables = tables
    }

    /// - Parameter runs: each once.
    package func read(_ runs: [ComparedRun]) async throws(QueryError) -> FingerprintsAnswer {
        let ids = runs.map(\.runID)
        let counted = Dictionary(
            try await queries.rows(DigestibleRowsQuestion.Row.self, DigestibleRowsQuestion.statement(ids, tables)).map {
                ($0.run, $0.rows)
            }, uniquingKeysWith: { $1 })
        let found = Dictionary(
            try await queries.rows(FingerprintQuestion.Row.self, FingerprintQuestion.statement(ids)).map { ($0.run, $0) },
            uniquingKeysWith: { $1 })
        return FingerprintsAnswer(
            runs: runs.map { run in
                let name = Name(run.runID)
                let rows = counted[name] ?? 0
                let reason: String? =
                    if !run.isComplete {
                        "it is not complete"
                    } else if rows == 0 {
                        "nothing of it is stored that could be compared"
                    } else if found[name]?.rows != rows {
                        "its digests do not tell of all its rows"
                    } else {
                        nil
                    }
                return .init(runId: name, fingerprint: reason == nil ? found[name]?.fingerprint : nil, rows: rows, reason: reason)
            }, sql: queries.asked.map(\.reproducible))
    }
}

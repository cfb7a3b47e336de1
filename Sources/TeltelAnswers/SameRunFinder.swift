/// The fingerprint of a run, and which other runs have the same.
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// One question. Used by one task.
package struct SameRunFinder {
    private let queries: RunQueries
    private let tables: [StoredTable]

    /// More runs with as many events are not looked at.
    private static let candidatesMost = 1_000

    package init(_ queries: RunQueries, tables: [StoredTable]) {
        self.queries = queries
        self.tables = tables
    }

    /// nil: nothing of the run is stored, or its digests do not fit and may not be made again.
    package func find(_ run: ComparedRun, mayRecompute: Bool = true) async throws(QueryError) -> SameAsAnswer? {
        let runID = run.runID
        guard
            let rows = try await queries.rows(
                DigestibleRowsQuestion.Row.self, DigestibleRowsQuestion.statement(runID, tables)
            ).first?.rows, rows > 0
        else { return nil }
        var (fingerprint, isRecomputed) = (try await fingerprints([runID])[Name(runID)], false)
        if fingerprint?.rows != rows {
            guard mayRecompute else { return nil }
            (fingerprint, isRecomputed) = (try await recomputed(run), true)
        }
        guard let fingerprint else { return nil }
        let candidates = try await queries.rows(
            DigestibleRowsQuestion.Row.self,
            DigestibleRowsQuestion.runs(ofRows: rows, tables, most: Self.candidatesMost + 2)
        ).map(\.run).filter { $0 != Name(runID) }
        let looked = Array(candidates.prefix(Self.candidatesMost))
        let (same, unknown) = try await compare(looked, fingerprint)
        return SameAsAnswer(
            runId: Name(runID), fingerprint: fingerprint.fingerprint, rows: fingerprint.rows, complete: run.isComplete,
            recomputed: isRecomputed, same: same, unknown: unknown, truncated: candidates.count > looked.count,
            sql: queries.asked.map(\.reproducible))
    }

    private func compare(
        _ runs: [Name], _ wanted: FingerprintQuestion.Row
    ) async throws(QueryError) -> (same: [Name], unknown: [Name]) {
        guard !runs.isEmpty else { return ([], []) }
        let found = try await fingerprints(runs.map(\.text))
        // They have as many rows: digests that tell of another number say nothing about them.
        return (
            runs.filter { found[$0]?.rows == wanted.rows && found[$0]?.fingerprint == wanted.fingerprint },
            runs.filter { found[$0]?.rows != wanted.rows }
        )
    }

    private func fingerprints(_ runIDs: [String]) async throws(QueryError) -> [Name: FingerprintQuestion.Row] {
        let rows = try await queries.rows(FingerprintQuestion.Row.self, FingerprintQuestion.statement(runIDs))
        return Dictionary(rows.map { ($0.run, $0) }, uniquingKeysWith: { $1 })
    }

    /// From the rows, as the run's digests are made.
    private func recomputed(_ run: ComparedRun) async throws(QueryError) -> FingerprintQuestion.Row? {
        let shapes = try await queries.rows(DigestShapesQuestion.Row.self, DigestShapesQuestion.statement(run.runID))
        let counts = try await queries.rows(RowCountsQuestion.Row.self, RowCountsQuestion.statement([run.runID], tables))
        let types = counts.filter { $0.rows > 0 && !WellKnownTypes.ofSurroundings.contains($0.type) }.map { count in
            let table = tables[count.place]
            let names = StreamFields(table).names
            let known = shapes.first { $0.channel == count.channel && $0.type == count.type }
            return (
                channel: count.channel, type: count.type,
                digests: DigestSQL(
                    table, keys: known?.keys ?? run.declaredKeys(count.channel, count.type, among: names),
                    measured: Set(known?.measured ?? []).union(run.measured(count.channel, count.type, among: names)))
            )
        }
        return try await queries.rows(FingerprintQuestion.Row.self, FingerprintQuestion.recomputed(run.runID, types)).first
    }
}

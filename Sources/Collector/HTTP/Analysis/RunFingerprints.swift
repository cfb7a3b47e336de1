/// What `/api/run` says of a run's data as a whole: its fingerprint, and which runs have the same.
import TeltelAPI
import TeltelAnswers
import TeltelBooks
import TeltelControl
import TeltelEvents

/// Keeps what it has found for a while: pages ask again and again.
actor RunFingerprints {
    struct Found: Sendable {
        let fingerprint: String
        let same: [Name]
    }
    private struct Kept {
        let storedEvents: UInt64
        let until: ContinuousClock.Instant
        let found: Found?
    }
    private let answers: AnalysisAnswers
    private var kept: [Name: Kept] = [:]
    private var underway: Set<Name> = []
    private static let keptFor = Duration.seconds(10)
    private static let keptMost = 1_000
    /// What storage knows is no reason to wait longer for what the collector knows by itself.
    private static let patience = Duration.seconds(1)

    init(_ answers: AnalysisAnswers) { self.answers = answers }

    /// nil: it is not complete, storage does not say, or it takes longer than a second; then it is there the next time.
    func of(_ record: RunRecord) async -> Found? {
        let run = ComparedRun(record)
        guard run.isComplete, record.storedEvents > 0, answers.queries != nil else { return nil }
        if let known = kept[record.runID], known.storedEvents == record.storedEvents, known.until > .now { return known.found }
        if underway.insert(record.runID).inserted { Task { await find(run, record) } }
        let end = ContinuousClock.now + Self.patience
        while underway.contains(record.runID), .now < end { try? await Task.sleep(for: .milliseconds(5)) }
        return underway.contains(record.runID) ? nil : kept[record.runID]?.found
    }

    private func find(_ run: ComparedRun, _ record: RunRecord) async {
        let found = await look(run)
        if kept.count >= Self.keptMost { kept.removeAll() }
        kept[record.runID] = Kept(storedEvents: record.storedEvents, until: .now + Self.keptFor, found: found)
        underway.remove(record.runID)
    }

    private func look(_ run: ComparedRun) async -> Found? {
        guard let queries = answers.queries, let tables = try? await answers.storedTables() else { return nil }
        return await AnswerExecutor.shared.run {
            let finder = SameRunFinder(RunQueries(queries), tables: tables)
            guard let answer = try? await finder.find(run, mayRecompute: false) else { return nil }
            return Found(fingerprint: answer.fingerprint, same: answer.same)
        }
    }
}

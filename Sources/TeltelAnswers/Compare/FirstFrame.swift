/// The first frame in which anything differs, by bits: digests lead to the block, hashes of rows to the frame.
import TeltelAnalysis
import TeltelQuery

/// Used by one task.
struct FirstFrame {
    private let queries: RunQueries
    private let scope: CompareScope

    init(_ queries: RunQueries, _ scope: CompareScope) {
        self.queries = queries
        self.scope = scope
    }

    /// nil: there is none. The streams are those that differ in it.
    func find(_ streams: [ComparedStream]) async throws(QueryError) -> (frame: UInt64, streams: [ComparedStream])? {
        // A stream's blocks are looked into until one differs in frames that count.
        var pending = streams.filter { $0.firstDiffering != nil }.map { (stream: $0, block: $0.firstDiffering!) }
        var found: (frame: UInt64, streams: [ComparedStream])?
        while let block = pending.map(\.block).min() {
            if let known = found, DigestSQL.frames(of: block).lowerBound > known.frame { break }
            for (stream, own) in pending where own == block {
                guard let frame = try await first(of: stream, block) else { continue }
                if let known = found, known.frame < frame { continue }
                if found?.frame == frame { found!.streams.append(stream) } else { found = (frame, [stream]) }
            }
            if found != nil { break }
            // None of its frames counts, or its digests are wrong: the next one may say more.
            var rest: [(stream: ComparedStream, block: UInt64)] = []
            for (stream, own) in pending {
                guard own == block else {
                    rest.append((stream, own))
                    continue
                }
                let known = try await Self.differingBlocks(of: stream, queries, scope)
                if let next = known.first(where: { $0 > block }) { rest.append((stream, next)) }
            }
            pending = rest
        }
        return found
    }

    /// In order.
    static func differingBlocks(
        of stream: ComparedStream, _ queries: RunQueries, _ scope: CompareScope
    ) async throws(QueryError) -> [UInt64] {
        if let known = stream.differingBlocks { return known }
        return try await queries.rows(
            DifferingBlocksQuestion.Row.self, DifferingBlocksQuestion.statement(scope, stream.stream)
        ).map(\.block)
    }

    private func first(of stream: ComparedStream, _ block: UInt64) async throws(QueryError) -> UInt64? {
        let whole = DigestSQL.frames(of: block)
        if let within = stream.within, !within.overlaps(whole) { return nil }
        let range = stream.within.map { whole.clamped(to: $0) } ?? whole
        return try await queries.rows(
            FirstFrameQuestion.Row.self, FirstFrameQuestion.statement(stream.digests, stream.stream, scope, frames: range)
        ).first?.frame
    }
}

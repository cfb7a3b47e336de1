/// Whether two runs have the same data, and where they differ: digests lead to blocks, and the rows themselves to frames and fields.
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// One question.
package struct CompareQuestion: Sendable {
    package enum Depth: Sendable {
        /// The first frame that differs, and nothing beyond.
        case first
        /// Every row that may differ.
        case everything
    }
    package var scope: CompareScope
    /// The name that stands for the reference; nil: it was named itself.
    package var baseline: String?
    package var depth = Depth.everything
    package var rules = ComparisonRules.bits
    /// Only these fields: paths without `payload.`, with `*`; [] for all.
    package var fields: [String] = []
    /// Added to a frame of the first run it is that of the second.
    package var offset: Int64 = 0
    /// Frames that one of the runs has not come to, or has begun behind, do not count.
    package var isOverlapOnly = false
    /// A difference of so many frames in a row is persistent.
    package var persistence = 10

    package init(_ scope: CompareScope) { self.scope = scope }
}

/// What is known before the answer.
package enum ComparisonNews: Sendable {
    /// Rows of so many have been looked at.
    case progress(rows: UInt64, of: UInt64)
    /// A stream differs, first in this frame.
    case differs(EventStream, frame: UInt64)
    /// The first frame in which anything differs.
    case first(ComparisonAnswer.Frame)
}

/// Used by one task.
package struct RunComparer {
    let queries: RunQueries
    let tables: [StoredTable]
    let question: CompareQuestion
    /// The first and the second.
    let runs: [ComparedRun]
    /// Questions take no longer.
    private let isOverdue: @Sendable () -> Bool
    private let tell: @Sendable (ComparisonNews) async -> Void

    package init(
        _ queries: RunQueries, tables: [StoredTable], _ question: CompareQuestion, runs: [ComparedRun],
        isOverdue: @escaping @Sendable () -> Bool = { false },
        tell: @escaping @Sendable (ComparisonNews) async -> Void = { _ in }
    ) {
        self.queries = queries
        self.tables = tables
        self.question = question
        self.runs = runs
        self.isOverdue = isOverdue
        self.tell = tell
    }

    var scope: CompareScope { question.scope }
    /// Nothing but the same bits of the same frames passes: digests and hashes of rows say it all.
    private var isExact: Bool {
        question.offset == 0 && question.fields.isEmpty && question.rules.mode == .bits && question.rules.rules.isEmpty
    }

    package func compare() async throws(QueryError) -> ComparisonAnswer {
        var digests = StreamDigests(queries, tables: tables, scope: scope, runs: runs)
        var found = ComparisonFindings(streams: try await digests.streams())
        found.leftOut = digests.leftOut
        found.split = digests.split
        let document = ComparisonDocument(self)
        found.schema = document.schemaDifferences(found.streams)
        if question.isOverlapOnly { leaveOutOthers(&found) }
        guard found.streams.contains(where: { $0.rows.first > 0 && $0.rows.second > 0 }) else { return document.answer(found) }
        found.problem = try await whatIsNotTested(found)
        if found.problem != nil { return document.answer(found) }
        found.rowsBefore = rowsBefore(found)
        try await findFirst(&found, &digests)
        // By bits nothing more is asked than the first frame, unless that could not be told from the first blocks.
        let isOpen = found.first == nil && found.streams.contains { $0.differing > 0 }
        if question.depth == .everything || !isExact || isOpen { try await walk(&found) }
        return document.answer(found)
    }

    private func leaveOutOthers(_ found: inout ComparisonFindings) {
        found.streams = found.streams.compactMap { stream in
            if let kept = overlap(stream) { return kept }
            found.cut.append(
                .init(what: "\(stream.stream.type) of \(stream.stream.source)", why: "the runs have no frames of it in common"))
            found.areApart = true
            return nil
        }
    }

    /// With an offset frames of the second run may lie before the first frame that there can be.
    private func rowsBefore(_ found: ComparisonFindings) -> Bool {
        question.offset > 0 && !question.isOverlapOnly
            && found.streams.contains { ($0.frames.second?.lowerBound ?? .max) < UInt64(question.offset) }
    }

    /// Of what nobody has looked at nobody can say that it is equal. nil: of some field values are compared.
    private func whatIsNotTested(_ found: ComparisonFindings) async throws(QueryError) -> String? {
        let shared = found.streams.filter { $0.rows.first > 0 && $0.rows.second > 0 }
        if !question.fields.isEmpty {
            for stream in shared where try await hasField(stream) { return nil }
            return "no field is called \(question.fields.joined(separator: " or "))"
        }
        for stream in shared {
            let rules = try question.rules(for: stream, StreamFields(stream.table))
            if !rules.groups.isEmpty || rules.tests.contains(where: { $0 != .ignored }) { return nil }
        }
        return "rules leave out every field"
    }

    /// In a column, or in the first payloads that are kept as text.
    private func hasField(_ stream: ComparedStream) async throws(QueryError) -> Bool {
        let fields = StreamFields(stream.table)
        let measured = Set(fields.places(Array(stream.shape.measured)))
        let isAsked = { (path: String) in question.asksFor(path, of: stream.stream.type) }
        if fields.names.indices.contains(where: { !measured.contains($0) && isAsked(fields.names[$0].withoutPayload) }) {
            return true
        }
        let reader = StreamRows(stream.table)
        for (runID, frames) in [(scope.first, stream.frames.first), (scope.second, stream.frames.second)] {
            guard let frames, !measured.contains(StreamFields.rest) else { continue }
            let stretch = StreamStretch(runID: runID, stream: stream.stream, frames: [frames])
            for cells in try await queries.cells(reader.statement(stretch, rowsMax: 100)) {
                guard let row = reader.row(cells, isSecond: false), case .text(let text) = row.values[StreamFields.rest] else {
                    continue
                }
                if PayloadTextComparison.paths(text).contains(where: isAsked) { return true }
            }
        }
        return false
    }

    /// By bits and frames.
    private func findFirst(_ found: inout ComparisonFindings, _ digests: inout StreamDigests) async throws(QueryError) {
        guard question.offset == 0 else { return }
        var first = try await FirstFrame(queries, scope).find(found.streams)
        let suspects = found.streams.filter { $0.firstDiffering != nil }
        if first == nil, !suspects.isEmpty, !question.isOverlapOnly {
            // Digests differ where rows do not: they are wrong, whatever their counts say.
            found.streams = try await digests.streams(distrusting: Set(suspects.map { StreamDigests.EventType($0.stream) }))
            found.split = digests.split
            first = try await FirstFrame(queries, scope).find(found.streams)
        }
        found.firstByBits = first?.frame
        if isExact, let first { try await found.first = frame(first.frame, first.streams, &found) }
    }

    private func frame(
        _ frame: UInt64, _ streams: [ComparedStream], _ found: inout ComparisonFindings
    ) async throws(QueryError) -> ComparisonAnswer.Frame? {
        let details = FrameDetails(queries, question, runs)
        let read = try await details.read(frame, streams)
        found.cut += read.cut
        found.signatures = read.signatures
        if let frame = read.frame { await tell(.first(frame)) }
        return read.frame
    }

    // MARK: all rows that may differ

    private func walk(_ found: inout ComparisonFindings) async throws(QueryError) {
        var pieces: [(stream: ComparedStream, stretches: [ClosedRange<UInt64>])] = []
        for stream in found.streams { pieces.append((stream, try await stretches(of: stream))) }
        let all = pieces.reduce(0) { $0 + Self.rows($1.stream, $1.stretches) }
        var done: UInt64 = 0
        for (stream, stretches) in pieces where !stretches.isEmpty {
            if isOverdue() {
                found.cut.append(
                    .init(what: stream.stream.type.text, why: "the time for one answer was up before it was looked at"))
                found.isCut = true
                continue
            }
            var walk = try walk(stream, stretches)
            let before = done
            var isTold = false
            let first = found.walks.compactMap(\.comparison.rows.first).min()
            let isWhole = try await walk.go { walk, last in
                if let frame = walk.comparison.rows.first, !isTold {
                    isTold = true
                    await tell(.differs(walk.stream.stream, frame: frame))
                }
                done = before + Self.rows(walk.stream, stretches.filter { $0.upperBound <= last })
                await tell(.progress(rows: min(done, all), of: all))
                if isOverdue() { return false }
                // What comes behind the first difference is not asked for.
                guard question.depth == .first else { return true }
                return walk.comparison.isEqual && last < first ?? .max
            }
            done = before + Self.rows(stream, stretches)
            if !isWhole, isOverdue() {
                found.cut.append(
                    .init(what: stream.stream.type.text, why: "the time for one answer was up before all of it was looked at"))
                found.isCut = true
            }
            for frame in walk.tooLong {
                found.cut.append(
                    .init(
                        what: "\(stream.stream.type): frame \(frame)",
                        why: "it has more events than can be paired with each other"))
                found.isCut = true
            }
            found.walks.append(walk)
        }
        // By bits it may have been found already.
        guard found.first == nil, let frame = found.firstWalked else { return }
        let streams = found.walks.filter { $0.comparison.rows.first == frame }.map(\.stream)
        found.first = try await self.frame(frame, streams, &found)
    }

    private func walk(_ stream: ComparedStream, _ stretches: [ClosedRange<UInt64>]) throws(QueryError) -> StreamWalk {
        let fields = StreamFields(stream.table)
        return StreamWalk(
            queries, scope, stream, rules: try question.rules(for: stream, fields), fields: fields,
            wanted: question.wanted(fields, stream.stream.type),
            keys: question.keys(of: stream, fields, runs), persistence: question.persistence, offset: question.offset,
            stretches: stretches)
    }

    /// Frames of the first run that may differ; [] of a stream that is known to be equal.
    private func stretches(of stream: ComparedStream) async throws(QueryError) -> [ClosedRange<UInt64>] {
        let within = stream.within ?? 0 ... .max
        if question.offset != 0 {
            // Digests are of frames as they are numbered: wherever one of the runs has rows they may differ.
            let counts = try await queries.rows(
                BlockCountsQuestion.Row.self,
                BlockCountsQuestion.statement(
                    stream.table, scope, channel: stream.stream.channel, type: stream.stream.type, frames: 0 ... .max))
            let own = counts.filter { $0.sourceID == stream.stream.source }
            let first = own.filter { $0.rowsA > 0 }.map { DigestSQL.frames(of: $0.block) }
            let second = own.filter { $0.rowsB > 0 }.compactMap {
                DigestSQL.frames(of: $0.block).shifted(by: 0 - question.offset)
            }
            return FrameStretches.joined(first + second).compactMap { $0.overlaps(within) ? $0.clamped(to: within) : nil }
        }
        if stream.differing == 0 { return [] }
        let blocks = try await FirstFrame.differingBlocks(of: stream, queries, scope)
        return BlockStretches.of(blocks).compactMap { blocks in
            let frames = DigestSQL.frames(of: blocks.lowerBound).lowerBound...DigestSQL.frames(of: blocks.upperBound).upperBound
            return frames.overlaps(within) ? frames.clamped(to: within) : nil
        }
    }

    private static func rows(_ stream: ComparedStream, _ stretches: [ClosedRange<UInt64>]) -> UInt64 {
        let rows = Double(stream.rows.first + stream.rows.second) / Double(max(stream.blocks, 1))
        let blocks = stretches.reduce(0) { $0 + Double($1.upperBound - $1.lowerBound) / Double(DigestSQL.framesPerBlock) }
        return UInt64(min(rows * min(blocks + 1, Double(stream.blocks)), 1e18))
    }

    /// Only frames that both runs have come to. Of a stream that one run alone has there are none, and that is a difference.
    /// nil: they have none in common.
    private func overlap(_ stream: ComparedStream) -> ComparedStream? {
        guard let first = stream.frames.first, let second = stream.frames.second else { return stream }
        guard let shifted = second.shifted(by: 0 - question.offset), first.overlaps(shifted) else { return nil }
        let both = first.clamped(to: shifted)
        var stream = stream
        guard stream.within.map({ $0.overlaps(both) }) ?? true else { return nil }
        stream.within = stream.within.map { both.clamped(to: $0) } ?? both
        return stream
    }
}

extension CompareQuestion {
    func rules(for stream: ComparedStream, _ fields: StreamFields) throws(QueryError) -> StreamRules {
        var ignored = Set(fields.places(Array(stream.shape.measured)))
        if let wanted = wanted(fields, stream.stream.type) {
            ignored.formUnion(Set(fields.names.indices).subtracting(wanted))
        }
        // A time that goes with the frame is another one in another frame.
        if offset != 0 { ignored.insert(0) }
        do throws(Tolerance.Fault) {
            return try StreamRules(
                rules, reference: scope.first, type: stream.stream.type, fields: fields.names, measured: ignored,
                only: self.fields)
        } catch { throw .refused("\(error)") }
    }

    /// Places of the fields that are asked about, and payloads that are kept as text: they may have them. nil: all.
    func wanted(_ fields: StreamFields, _ type: Name) -> Set<Int>? {
        if self.fields.isEmpty { return nil }
        return Set(fields.names.indices.filter { $0 == StreamFields.rest || asksFor(fields.names[$0].withoutPayload, of: type) })
    }

    /// With the type before it or without.
    func asksFor(_ path: String, of type: Name) -> Bool {
        fields.contains { pattern in
            Wildcard.matches(Array(pattern.utf8), Array(path.utf8))
                || Wildcard.matches(Array(pattern.utf8), Array("\(type.text).\(path)".utf8))
        }
    }

    /// How rows of one frame are told apart: as engines declare, or as is known of the type.
    func keys(of stream: ComparedStream, _ fields: StreamFields, _ runs: [ComparedRun]) -> [Int] {
        let wellKnown = ComparedRun.names(WellKnownTypes.keyFields(of: stream.stream.type).map { Name($0) }, among: fields.names)
        return fields.places(stream.shape.keys.isEmpty ? wellKnown : stream.shape.keys)
    }
}

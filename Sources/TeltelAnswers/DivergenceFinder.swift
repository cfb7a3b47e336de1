/// Where two runs first differ, by bits: digests lead to the block, hashes of rows to the frame, the rows themselves to the fields.
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// What the collector knows of a run.
package struct RunState: Sendable {
    /// Everything of it has been stored, or is accounted for.
    package let isComplete: Bool
    /// Events that never came into a ring, and accepted ones that will not be stored.
    package let refused, lost: UInt64

    package init(isComplete: Bool, refused: UInt64, lost: UInt64) {
        self.isComplete = isComplete
        self.refused = refused
        self.lost = lost
    }
}

/// One question. Used by one task.
package struct DivergenceFinder {
    private let queries: RunQueries
    private let tables: [StoredTable]
    private let scope: CompareScope
    /// Of the first and of the second run.
    private let states: [RunState]

    /// More rows of one frame are not shown.
    private static let rowsOfAFrameMost = 4_000

    package init(_ queries: QueryService, tables: [StoredTable], scope: CompareScope, states: [RunState]) {
        self.queries = RunQueries(queries)
        self.tables = tables
        self.scope = scope
        self.states = states
    }

    package func find() async throws(QueryError) -> DivergenceAnswer {
        let incomplete = zip([scope.first, scope.second], states).filter { !$1.isComplete }.map(\.0)
        var digests = StreamDigests(queries, tables: tables, scope: scope, incomplete: Array(Set(incomplete)).sorted())
        var streams = try await digests.streams()
        let shared = streams.filter { $0.rows.first > 0 && $0.rows.second > 0 }
        guard !shared.isEmpty else {
            let early = "the runs have not come far enough: of no type are events of a later frame stored"
            let reason = streams.isEmpty && !digests.leftOut.isEmpty ? early : reason(streams)
            return answer(streams, .incomparable, reason: reason, first: nil, leftOut: digests.leftOut)
        }
        var first = try await firstFrame(streams)
        if first == nil {
            // Digests differ where rows do not: they are wrong, whatever their counts say.
            let wrong = streams.filter { $0.firstDiffering != nil }.map { StreamDigests.EventType($0.stream) }
            if !wrong.isEmpty {
                streams = try await digests.streams(distrusting: Set(wrong))
                first = try await firstFrame(streams)
            }
        }
        guard let first else { return answer(streams, .equal, reason: nil, first: nil, leftOut: digests.leftOut) }
        let (frame, cut) = try await details(first)
        return answer(streams, .different, reason: nil, first: frame, leftOut: digests.leftOut, cut: cut)
    }

    private func reason(_ streams: [ComparedStream]) -> String {
        let missing = [
            (scope.first, streams.allSatisfy { $0.rows.first == 0 }), (scope.second, streams.allSatisfy { $0.rows.second == 0 }),
        ].filter(\.1).map(\.0)
        return missing.isEmpty
            ? "the runs have no type of one source in common"
            : "of \(missing.joined(separator: " and ")) nothing is stored that could be compared"
    }

    // MARK: the frame

    /// Streams that differ in one frame, the first one in which any does.
    private struct Found {
        let frame: UInt64
        var streams: [ComparedStream]
    }

    private func firstFrame(_ streams: [ComparedStream]) async throws(QueryError) -> Found? {
        let differing = streams.filter { $0.firstDiffering != nil }
        guard let block = differing.compactMap(\.firstDiffering).min() else { return nil }
        var found: Found?
        for stream in differing where stream.firstDiffering == block {
            guard let frame = try await firstFrame(of: stream, block) else { continue }
            if let known = found, known.frame < frame { continue }
            if found?.frame == frame { found!.streams.append(stream) } else { found = Found(frame: frame, streams: [stream]) }
        }
        return found
    }

    private func firstFrame(of stream: ComparedStream, _ block: UInt64) async throws(QueryError) -> UInt64? {
        let frames = UInt64(DigestSQL.framesPerBlock)
        let begin = block * frames
        let whole = begin...begin + (frames - 1)
        let range = stream.frames.map { whole.clamped(to: $0) } ?? whole
        return try await queries.rows(
            FirstFrameQuestion.Row.self, FirstFrameQuestion.statement(stream.digests, stream.stream, scope, frames: range)
        ).first?.frame
    }

    // MARK: its rows

    private func details(
        _ found: Found
    ) async throws(QueryError) -> (frame: DivergenceAnswer.Frame, cut: [DivergenceAnswer.NotCompared]) {
        var cut: [DivergenceAnswer.NotCompared] = []
        var differences: [(order: UInt64, difference: DivergenceAnswer.Difference)] = []
        var unpaired: [DivergenceAnswer.Unpaired] = []
        for stream in found.streams {
            let reader = StreamRows(stream.table)
            let statement = reader.statement(
                stream.stream, scope, frames: found.frame...found.frame, rowsMax: Self.rowsOfAFrameMost)
            var rows: [StreamRow] = []
            for cells in try await queries.cells(statement) {
                guard let row = reader.row(cells) else { throw .failed("a row of \(stream.table.name) cannot be read") }
                rows.append(row)
            }
            if [true, false].contains(where: { side in rows.count { $0.isSecond == side } == Self.rowsOfAFrameMost }) {
                cut.append(
                    .init(
                        what: "\(stream.stream.type): events of frame \(found.frame) beyond the first \(Self.rowsOfAFrameMost)",
                        why: "there are too many; what is listed of this frame may be pairs that are none"))
            }
            let comparison = FrameComparison(
                rows, fields: reader.fields, keys: Self.places(stream.keys, in: reader.fields),
                ignored: Set(Self.places(stream.measured, in: reader.fields)))
            differences += comparison.values.map { ($0.order, Self.difference($0, stream.stream)) }
            if comparison.onlyFirst + comparison.onlySecond > 0 {
                unpaired.append(
                    .init(
                        channel: stream.stream.channel, type: stream.stream.type, sourceId: stream.stream.source,
                        rows: [comparison.onlyFirst, comparison.onlySecond]))
            }
        }
        let ordered = differences.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
        return (.init(frame: found.frame, differences: ordered.map(\.element.difference), unpaired: unpaired), cut)
    }

    private static func places(_ names: [String], in fields: [String]) -> [Int] {
        names.flatMap { name in fields.indices.filter { fields[$0].utf8.elementsEqual(name.utf8) } }
    }

    private static func difference(_ value: ValueDifference, _ stream: EventStream) -> DivergenceAnswer.Difference {
        let values = [value.first, value.second].map { value in
            DivergenceAnswer.Value(text: value == .null ? nil : value.words, bits: value.bits)
        }
        let distance = ULP.distance(value.first, value.second)
        return .init(
            channel: stream.channel, type: stream.type, sourceId: stream.source, field: value.field.withoutPayload,
            key: value.key.map(\.words), class: value.valueClass.name, ulp: distance.flatMap { $0 <= ULP.tellingMax ? $0 : nil },
            values: values)
    }

    // MARK: the answer

    private func answer(
        _ streams: [ComparedStream], _ verdict: DivergenceAnswer.Verdict, reason: String?, first: DivergenceAnswer.Frame?,
        leftOut: [StreamDigests.EventType], cut: [DivergenceAnswer.NotCompared] = []
    ) -> DivergenceAnswer {
        let sides: [(name: String, rows: (ComparedStream) -> UInt64, last: (ComparedStream) -> UInt64)] = [
            (scope.first, { $0.rows.first }, { $0.lastFrames.first }),
            (scope.second, { $0.rows.second }, { $0.lastFrames.second }),
        ]
        let runs = sides.enumerated().map { index, side in
            let present = streams.filter { side.rows($0) > 0 }
            return DivergenceAnswer.Run(
                runId: Name(side.name), rows: present.reduce(0) { $0 + side.rows($1) }, lastFrame: present.map(side.last).max(),
                complete: states[index].isComplete,
                refused: states[index].refused, lost: states[index].lost)
        }
        let equalUpTo: UInt64? =
            switch verdict {
            // Of runs on their way each type has come as far as it has.
            case .equal: (streams.compactMap { $0.frames?.upperBound } + [lastFrame(streams) ?? 0]).min()
            case .different: first.flatMap { first in streams.contains { $0.firstFrame < first.frame } ? first.frame - 1 : nil }
            case .incomparable: nil
            }
        return DivergenceAnswer(
            runs: runs, mode: "bits", verdict: verdict, reason: reason, equalUpToFrame: equalUpTo, first: first,
            streams: streams.map(Self.stream), coverage: coverage(streams, leftOut, cut), sql: queries.asked.map(\.reproducible))
    }

    private func lastFrame(_ streams: [ComparedStream]) -> UInt64? {
        streams.map { max($0.lastFrames.first, $0.lastFrames.second) }.max()
    }

    private static func stream(_ stream: ComparedStream) -> DivergenceAnswer.Stream {
        .init(
            channel: stream.stream.channel, type: stream.stream.type, sourceId: stream.stream.source,
            rows: [stream.rows.first, stream.rows.second], blocks: stream.blocks, differingBlocks: stream.differing,
            firstDifferingBlock: stream.firstDiffering.map { $0 * UInt64(DigestSQL.framesPerBlock) },
            recomputed: stream.isRecomputed)
    }

    private func coverage(
        _ streams: [ComparedStream], _ leftOut: [StreamDigests.EventType], _ cut: [DivergenceAnswer.NotCompared]
    ) -> DivergenceAnswer.Coverage {
        var left = [
            DivergenceAnswer.NotCompared(
                what: "run.start, run.end", why: "begin and end tell about a run's surroundings"),
            DivergenceAnswer.NotCompared(
                what: "writer, sequence, wall_time_ms, inserted_at", why: "they differ between runs of the same simulation"),
        ]
        for stream in streams where !stream.measured.isEmpty {
            let fields = stream.measured.map { "\(stream.stream.type).\($0.withoutPayload)" }
            left.append(.init(what: fields.joined(separator: ", "), why: "measured: no part of the simulation"))
        }
        for type in leftOut { left.append(.init(what: type.type.text, why: "a run that goes on has not got so far with it")) }
        left += cut
        return .init(
            streams: streams.count, rows: streams.reduce(0) { $0 + $1.rows.first + $1.rows.second }, notCompared: left)
    }
}

extension String {
    /// A field as people name it: `pos.x` for `payload.pos.x`.
    var withoutPayload: String { hasPrefix("payload.") ? String(dropFirst("payload.".count)) : self }
}

/// The digests of two runs, stream by stream, as far as they fit the rows; made again where they do not.
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// What digests say about one stream of two runs.
struct ComparedStream {
    let stream: EventStream
    let table: StoredTable
    /// Of the first run and of the second.
    var rows: (first: UInt64, second: UInt64)
    var lastFrames: (first: UInt64, second: UInt64)
    /// Of either run.
    var firstFrame: UInt64
    var blocks: UInt64
    var differing: UInt64
    /// nil: none does.
    var firstDiffering: UInt64?
    /// How rows of one frame are told apart, and what is not compared.
    let digests: DigestSQL
    let keys: [String]
    let measured: [String]
    var isRecomputed = false
    /// Only these frames; nil: those of the question.
    var frames: ClosedRange<UInt64>?
}

/// Used by one task.
struct StreamDigests {
    private let queries: RunQueries
    private let tables: [StoredTable]
    private let scope: CompareScope
    /// Runs of which events are on their way, each once: each type is compared up to the frame before its last one.
    private let incomplete: [String]
    /// Types that were left out, because a run on its way has not got them yet.
    private(set) var leftOut: [EventType] = []

    init(_ queries: RunQueries, tables: [StoredTable], scope: CompareScope, incomplete: [String]) {
        self.queries = queries
        self.tables = tables
        self.scope = scope
        self.incomplete = incomplete
    }

    /// All streams of either run that events of the scope have.
    /// - Parameter distrusted: types whose digests have been found wrong.
    mutating func streams(distrusting distrusted: Set<EventType> = []) async throws(QueryError) -> [ComparedStream] {
        let candidates = tables.filter { isInScope($0) }
        let counts = try await counts(candidates)
        // Of all sources and frames: whether the digests fit is a matter of whole runs.
        var whole = scope
        whole.source = nil
        whole.frames = nil
        let stored = try await queries.rows(StreamsQuestion.Row.self, StreamsQuestion.statement(whole))
        let fitting = fit(stored, counts)
        let ends = try await ends(candidates)
        leftOut = []
        var streams: [ComparedStream] = []
        for (type, table) in types(counts, candidates) {
            guard DigestedTypes.areCompared(type.type) else { continue }
            let rows = stored.filter { $0.channel == type.channel && $0.type == type.type }
            var frames = scope.frames
            if !incomplete.isEmpty {
                // Of what the run has not got yet nothing can be said.
                guard let end = ends[type], end > (frames?.lowerBound ?? 0) else {
                    leftOut.append(type)
                    continue
                }
                frames = (frames ?? 0 ... .max).clamped(to: 0...end - 1)
            }
            if let frames {
                streams += try await recomputed(type, table, rows, frames)
            } else if fitting.contains(type), !distrusted.contains(type) {
                streams += rows.map { Self.stream($0, table) }
            } else {
                streams += try await recomputed(type, table, rows, 0 ... .max)
            }
        }
        return streams.filter { scope.source == nil || $0.stream.source == scope.source }.sorted { $0.stream < $1.stream }
    }

    /// By type that all runs on their way have: the last frame, which need not be whole.
    private func ends(_ tables: [StoredTable]) async throws(QueryError) -> [EventType: UInt64] {
        let rows = try await queries.rows(LastFramesQuestion.Row.self, LastFramesQuestion.statement(incomplete, tables))
        return Dictionary(
            rows.filter { $0.runs == incomplete.count }.map { (EventType(channel: $0.channel, type: $0.type), $0.frame) },
            uniquingKeysWith: min)
    }

    struct EventType: Hashable {
        let channel: Name
        let type: Name
        init(channel: Name, type: Name) {
            self.channel = channel
            self.type = type
        }
        init(_ stream: EventStream) { self.init(channel: stream.channel, type: stream.type) }
    }

    private func isInScope(_ table: StoredTable) -> Bool {
        guard let type = table.type else { return true }
        return (scope.type == nil || scope.type == type) && (scope.channel == nil || scope.channel == table.channel)
    }

    /// Rows of each type, of the first run and of the second, and where they are.
    private func counts(_ tables: [StoredTable]) async throws(QueryError) -> [EventType: (rows: [UInt64], place: Int)] {
        var counts: [EventType: (rows: [UInt64], place: Int)] = [:]
        for row in try await queries.rows(
            RowCountsQuestion.Row.self, RowCountsQuestion.statement([scope.first, scope.second], tables)) where row.rows > 0
        {
            let type = EventType(channel: row.channel, type: row.type)
            guard scope.type == nil || scope.type == type.type, scope.channel == nil || scope.channel == type.channel else {
                continue
            }
            counts[type, default: ([0, 0], row.place)].rows[row.run] += row.rows
        }
        return counts
    }

    private func types(
        _ counts: [EventType: (rows: [UInt64], place: Int)], _ tables: [StoredTable]
    ) -> [(EventType, StoredTable)] {
        counts.map { ($0.key, tables[$0.value.place]) }.sorted { ($0.0.channel, $0.0.type) < ($1.0.channel, $1.0.type) }
    }

    /// Types whose digests tell of as many rows as there are, and were made alike in both runs.
    private func fit(
        _ stored: [StreamsQuestion.Row], _ counts: [EventType: (rows: [UInt64], place: Int)]
    ) -> Set<EventType> {
        var digested: [EventType: [UInt64]] = [:]
        var shapes: [EventType: Set<[[String]]>] = [:]
        for row in stored {
            let type = EventType(channel: row.channel, type: row.type)
            digested[type, default: [0, 0]][0] += row.rowsA
            digested[type]![1] += row.rowsB
            for (keys, measured) in [(row.keysA, row.measuredA), (row.keysB, row.measuredB)] where !keys.isEmpty {
                for key in keys { shapes[type, default: []].insert([key, measured.sorted()]) }
            }
        }
        return Set(counts.keys.filter { digested[$0] == counts[$0]!.rows && shapes[$0]?.count ?? 0 <= 1 })
    }

    private static func stream(_ row: StreamsQuestion.Row, _ table: StoredTable) -> ComparedStream {
        let keys = (row.keysA + row.keysB).first ?? []
        let measured = Set(row.measuredA + row.measuredB)
        return ComparedStream(
            stream: row.stream, table: table, rows: (row.rowsA, row.rowsB), lastFrames: (row.lastFrameA, row.lastFrameB),
            firstFrame: row.firstFrame,
            blocks: row.blocks, differing: row.differing, firstDiffering: row.differing > 0 ? row.firstDiffering : nil,
            digests: DigestSQL(table, keys: keys, measured: measured), keys: keys, measured: measured.sorted())
    }

    private struct Block: Decodable {
        let sourceID: Name
        let block, rows, rowDigest, firstFrame, lastFrame: UInt64

        private enum CodingKeys: String, CodingKey {
            case sourceID = "source_id"
            case block, rows
            case rowDigest = "row_digest"
            case firstFrame = "first_frame"
            case lastFrame = "last_frame"
        }
    }

    /// From the rows, with the keys and measured fields that either run has declared.
    private func recomputed(
        _ type: EventType, _ table: StoredTable, _ stored: [StreamsQuestion.Row], _ frames: ClosedRange<UInt64>
    ) async throws(QueryError) -> [ComparedStream] {
        let keys = stored.flatMap { $0.keysA + $0.keysB }.max { $0.count < $1.count } ?? []
        let measured = Set(stored.flatMap { $0.measuredA + $0.measuredB }).union(DigestedTypes.measured(type.type))
        let digests = DigestSQL(table, keys: keys, measured: measured)
        var found: [EventStream: [UInt64: [Block?]]] = [:]
        for (side, runID) in [scope.first, scope.second].enumerated() {
            let statement = digests.statement(
                runID: runID, type: (type.channel, type.type), frames: frames, withFields: false)
            for block in try await queries.rows(Block.self, statement) {
                let stream = EventStream(channel: type.channel, type: type.type, source: block.sourceID)
                found[stream, default: [:]][block.block, default: [nil, nil]][side] = block
            }
        }
        return found.map { stream, blocks in
            let differing = blocks.filter { $1[0]?.rows != $1[1]?.rows || $1[0]?.rowDigest != $1[1]?.rowDigest }
            func sum(_ side: Int) -> UInt64 { blocks.values.reduce(0) { $0 + ($1[side]?.rows ?? 0) } }
            func last(_ side: Int) -> UInt64 { blocks.values.compactMap { $0[side]?.lastFrame }.max() ?? 0 }
            return ComparedStream(
                stream: stream, table: table, rows: (sum(0), sum(1)), lastFrames: (last(0), last(1)),
                firstFrame: blocks.values.joined().compactMap { $0?.firstFrame }.min() ?? 0,
                blocks: UInt64(blocks.count),
                differing: UInt64(differing.count), firstDiffering: differing.keys.min(), digests: digests, keys: keys,
                measured: measured.sorted(), isRecomputed: true, frames: frames)
        }
    }
}

/// Which types and fields are no part of a comparison, whoever emitted them.
enum DigestedTypes {
    /// Begin and end of a run tell about its surroundings: configuration, seed and reason are compared by themselves.
    static func areCompared(_ type: Name) -> Bool { type != "run.start" && type != "run.end" }
    static func measured(_ type: Name) -> Set<String> {
        // What of the payload is kept as text may have it, too.
        Field.hasMeasured(type) ? ["payload.perf.cpu_time_ms", "rest"] : []
    }
}

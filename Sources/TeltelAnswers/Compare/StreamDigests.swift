/// The digests of two runs, stream by stream, as far as they fit the rows; made again, block by block, where they do not.
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// What digests say about one stream of two runs.
struct ComparedStream {
    let stream: EventStream
    let table: StoredTable
    /// Of the first run and of the second.
    var rows: (first: UInt64, second: UInt64)
    /// First and last frame of either; nil: it has no rows.
    var frames: (first: ClosedRange<UInt64>?, second: ClosedRange<UInt64>?)
    var blocks: UInt64
    var differing: UInt64
    /// nil: none does.
    var firstDiffering: UInt64?
    /// Which they are, in order; nil: that is still to be asked.
    var differingBlocks: [UInt64]?
    let shape: DigestShape
    var isRecomputed = false
    /// Only these frames; nil: all.
    var within: ClosedRange<UInt64>?

    var digests: DigestSQL { DigestSQL(table, keys: shape.keys, measured: shape.measured) }
    var firstFrame: UInt64? { [frames.first?.lowerBound, frames.second?.lowerBound].compactMap(\.self).min() }
    var lastFrame: UInt64? { [frames.first?.upperBound, frames.second?.upperBound].compactMap(\.self).max() }
}

/// How digests of a type are made: names as digests have them.
struct DigestShape: Hashable {
    var keys: [String] = []
    var measured: Set<String> = []
}

/// Used by one task.
struct StreamDigests {
    private let queries: RunQueries
    private let tables: [StoredTable]
    private let scope: CompareScope
    private let runs: [ComparedRun]
    /// Types that were left out, because a run on its way has not got them yet.
    private(set) var leftOut: [EventType] = []
    /// Types of which one run has events in another table than the other: they are kept in another form there.
    private(set) var split: [EventType] = []
    /// More stretches of blocks are made again together with what lies between them.
    private static let stretchesMost = 16

    init(_ queries: RunQueries, tables: [StoredTable], scope: CompareScope, runs: [ComparedRun]) {
        self.queries = queries
        self.tables = tables
        self.scope = scope
        self.runs = runs
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

    /// Events of a type in one table: those of a type can be in two, when it got a table of its own in the course of the run.
    private struct Stored {
        let type: EventType
        var places: [(table: StoredTable, rows: [UInt64])]
        var rows: [UInt64] { [0, 1].map { side in places.reduce(0) { $0 + $1.rows[side] } } }
    }

    /// All streams of either run that events of the scope have.
    /// - Parameter distrusted: types whose digests have been found wrong.
    mutating func streams(distrusting distrusted: Set<EventType> = []) async throws(QueryError) -> [ComparedStream] {
        let candidates = tables.filter { isInScope($0) }
        let types = try await types(candidates)
        // Of all sources and frames: whether the digests fit is a matter of whole runs.
        var whole = scope
        whole.source = nil
        whole.frames = nil
        let digested = Dictionary(
            grouping: try await queries.rows(StreamsQuestion.Row.self, StreamsQuestion.statement(whole)),
            by: { EventType(channel: $0.channel, type: $0.type) })
        let ends = try await ends(candidates)
        leftOut = []
        split = []
        var streams: [ComparedStream] = []
        for stored in types where !WellKnownTypes.ofSurroundings.contains(stored.type.type) {
            var frames = scope.frames
            if runs.contains(where: { !$0.isComplete }) {
                // Of what the run has not got yet nothing can be said.
                guard let end = ends[stored.type], end > (frames?.lowerBound ?? 0) else {
                    leftOut.append(stored.type)
                    continue
                }
                frames = (frames ?? 0 ... .max).clamped(to: 0...end - 1)
            }
            guard stored.places.count == 1 || stored.places.allSatisfy({ $0.rows[0] == $0.rows[1] }) else {
                split.append(stored.type)
                continue
            }
            let rows = distrusted.contains(stored.type) ? [] : digested[stored.type] ?? []
            streams += try await self.streams(stored, rows, frames)
        }
        return streams.filter { scope.source == nil || $0.stream.source == scope.source }.sorted { $0.stream < $1.stream }
    }

    private func streams(
        _ stored: Stored, _ rows: [StreamsQuestion.Row], _ frames: ClosedRange<UInt64>?
    ) async throws(QueryError) -> [ComparedStream] {
        let (shape, isOne) = shape(rows, stored)
        // Digests of two tables say nothing about one of them.
        guard stored.places.count == 1, isOne, !rows.isEmpty else {
            var streams: [ComparedStream] = []
            for place in stored.places { streams += try await byBlocks(stored.type, place.table, nil, shape, frames) }
            return streams
        }
        let digestedRows = [rows.reduce(0) { $0 + $1.rowsA }, rows.reduce(0) { $0 + $1.rowsB }]
        if frames == nil, digestedRows == stored.rows { return rows.map { Self.stream($0, stored.places[0].table, shape) } }
        let blocks = try await queries.rows(
            BlockDigestsQuestion.Row.self,
            BlockDigestsQuestion.statement(scope, channel: stored.type.channel, type: stored.type.type))
        return try await byBlocks(stored.type, stored.places[0].table, blocks, shape, frames)
    }

    // MARK: what there is

    private func isInScope(_ table: StoredTable) -> Bool {
        guard let type = table.type else { return true }
        return (scope.type == nil || scope.type == type) && (scope.channel == nil || scope.channel == table.channel)
    }

    /// Types of either run, with how many rows are where.
    private func types(_ tables: [StoredTable]) async throws(QueryError) -> [Stored] {
        var types: [EventType: [Int: [UInt64]]] = [:]
        for row in try await queries.rows(
            RowCountsQuestion.Row.self, RowCountsQuestion.statement([scope.first, scope.second], tables)) where row.rows > 0
        {
            let type = EventType(channel: row.channel, type: row.type)
            guard scope.type == nil || scope.type == type.type, scope.channel == nil || scope.channel == type.channel else {
                continue
            }
            types[type, default: [:]][row.place, default: [0, 0]][row.run] += row.rows
        }
        return types.sorted { ($0.key.channel, $0.key.type) < ($1.key.channel, $1.key.type) }.map { type, places in
            Stored(type: type, places: places.sorted { $0.key < $1.key }.map { (tables[$0.key], $0.value) })
        }
    }

    /// By type that all runs on their way have: the last frame, which need not be whole.
    private func ends(_ tables: [StoredTable]) async throws(QueryError) -> [EventType: UInt64] {
        let incomplete = Array(Set(runs.filter { !$0.isComplete }.map(\.runID))).sorted()
        let rows = try await queries.rows(LastFramesQuestion.Row.self, LastFramesQuestion.statement(incomplete, tables))
        return Dictionary(
            rows.filter { $0.runs == incomplete.count }.map { (EventType(channel: $0.channel, type: $0.type), $0.frame) },
            uniquingKeysWith: min)
    }

    /// As the digests were made; where there are none, or they were made in several ways, as the engines say.
    private func shape(_ rows: [StreamsQuestion.Row], _ stored: Stored) -> (shape: DigestShape, isOne: Bool) {
        var shapes: Set<DigestShape> = []
        for row in rows {
            for (keys, measured) in [(row.keysA, row.measuredA), (row.keysB, row.measuredB)] {
                for key in keys { shapes.insert(DigestShape(keys: key, measured: Set(measured))) }
            }
        }
        if shapes.count == 1 { return (shapes.first!, true) }
        let names = stored.places.flatMap { StreamFields($0.table).names }
        let (channel, type) = (stored.type.channel, stored.type.type)
        let declared = runs.map { $0.declaredKeys(channel, type, among: names) }.max { $0.count < $1.count } ?? []
        let measured = runs.reduce(into: Set<String>()) { $0.formUnion($1.measured(channel, type, among: names)) }
        let made = shapes.reduce(into: DigestShape(keys: declared, measured: measured)) { all, one in
            if one.keys.count > all.keys.count { all.keys = one.keys }
            all.measured.formUnion(one.measured)
        }
        return (made, false)
    }

    private static func stream(_ row: StreamsQuestion.Row, _ table: StoredTable, _ shape: DigestShape) -> ComparedStream {
        ComparedStream(
            stream: row.stream, table: table, rows: (row.rowsA, row.rowsB),
            frames: (
                row.rowsA > 0 ? row.firstFrameA...max(row.firstFrameA, row.lastFrameA) : nil,
                row.rowsB > 0 ? row.firstFrameB...max(row.firstFrameB, row.lastFrameB) : nil
            ),
            blocks: row.blocks, differing: row.differing, firstDiffering: row.differing > 0 ? row.firstDiffering : nil,
            shape: shape)
    }

    // MARK: block by block

    /// Of the first run and of the second.
    private struct Block {
        var rows: [UInt64] = [0, 0]
        var digests: [UInt64] = [0, 0]
        var first: [UInt64] = [0, 0]
        var last: [UInt64] = [0, 0]
        var differs: Bool { rows[0] != rows[1] || digests[0] != digests[1] }
    }
    private struct Place: Hashable {
        let source: Name
        let block: UInt64
    }

    /// - Parameter digests: nil: they are of no use.
    private func byBlocks(
        _ type: EventType, _ table: StoredTable, _ digests: [BlockDigestsQuestion.Row]?, _ shape: DigestShape,
        _ within: ClosedRange<UInt64>?
    ) async throws(QueryError) -> [ComparedStream] {
        let frames = within ?? 0 ... .max
        let counts = try await queries.rows(
            BlockCountsQuestion.Row.self,
            BlockCountsQuestion.statement(table, scope, channel: type.channel, type: type.type, frames: frames))
        let known = Dictionary((digests ?? []).map { (Place(source: $0.sourceID, block: $0.block), $0) }) { first, _ in first }
        var blocks: [Place: Block] = [:]
        var stale: Set<UInt64> = []
        for count in counts {
            let place = Place(source: count.sourceID, block: count.block)
            if let row = known[place], row.rowsA == count.rowsA, row.rowsB == count.rowsB, Self.isWhole(row.block, in: frames) {
                blocks[place] = Block(
                    rows: [row.rowsA, row.rowsB], digests: [row.digestA, row.digestB], first: [row.firstA, row.firstB],
                    last: [row.lastA, row.lastB])
            } else {
                stale.insert(count.block)
            }
        }
        try await recompute(stale, type, table, shape, frames, &blocks)
        return Dictionary(grouping: blocks, by: \.key.source).map { source, blocks in
            let stream = EventStream(channel: type.channel, type: type.type, source: source)
            return Self.stream(
                stream, table, shape, blocks.map { ($0.key.block, $0.value) }.sorted { $0.0 < $1.0 },
                isRecomputed: !stale.isDisjoint(with: blocks.map(\.key.block)), within)
        }
    }

    private static func isWhole(_ block: UInt64, in frames: ClosedRange<UInt64>) -> Bool {
        frames.lowerBound <= DigestSQL.frames(of: block).lowerBound && frames.upperBound >= DigestSQL.frames(of: block).upperBound
    }

    private func recompute(
        _ stale: Set<UInt64>, _ type: EventType, _ table: StoredTable, _ shape: DigestShape, _ frames: ClosedRange<UInt64>,
        _ blocks: inout [Place: Block]
    ) async throws(QueryError) {
        let digests = DigestSQL(table, keys: shape.keys, measured: shape.measured)
        for stretch in BlockStretches.joined(stale.sorted(), most: Self.stretchesMost) {
            let (first, last) = (DigestSQL.frames(of: stretch.lowerBound), DigestSQL.frames(of: stretch.upperBound))
            let range = (first.lowerBound...last.upperBound).clamped(to: frames)
            for place in blocks.keys where stretch.contains(place.block) { blocks[place] = nil }
            for (side, runID) in [scope.first, scope.second].enumerated() {
                let statement = digests.statement(
                    runID: runID, type: (type.channel, type.type), frames: range, withFields: false)
                for row in try await queries.rows(RecomputedBlock.self, statement) {
                    let place = Place(source: row.sourceID, block: row.block)
                    blocks[place, default: Block()].rows[side] = row.rows
                    blocks[place]!.digests[side] = row.rowDigest
                    blocks[place]!.first[side] = row.firstFrame
                    blocks[place]!.last[side] = row.lastFrame
                }
            }
        }
    }

    private struct RecomputedBlock: Decodable {
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

    private static func stream(
        _ stream: EventStream, _ table: StoredTable, _ shape: DigestShape, _ blocks: [(number: UInt64, block: Block)],
        isRecomputed: Bool, _ within: ClosedRange<UInt64>?
    ) -> ComparedStream {
        let differing = blocks.filter(\.block.differs).map(\.number)
        func sum(_ side: Int) -> UInt64 { blocks.reduce(0) { $0 + $1.block.rows[side] } }
        func range(_ side: Int) -> ClosedRange<UInt64>? {
            let present = blocks.filter { $0.block.rows[side] > 0 }
            guard let first = present.first?.block.first[side], let last = present.last?.block.last[side] else { return nil }
            return first...max(first, last)
        }
        return ComparedStream(
            stream: stream, table: table, rows: (sum(0), sum(1)), frames: (range(0), range(1)), blocks: UInt64(blocks.count),
            differing: UInt64(differing.count), firstDiffering: differing.first, differingBlocks: differing, shape: shape,
            isRecomputed: isRecomputed, within: within)
    }
}

/// Blocks next to each other.
enum BlockStretches {
    /// - Parameter blocks: in order, each once.
    static func of(_ blocks: [UInt64]) -> [ClosedRange<UInt64>] {
        var stretches: [ClosedRange<UInt64>] = []
        for block in blocks {
            if let last = stretches.last, last.upperBound &+ 1 == block {
                stretches[stretches.count - 1] = last.lowerBound...block
            } else {
                stretches.append(block...block)
            }
        }
        return stretches
    }

    /// At most so many: the smallest gaps are part of them, too.
    static func joined(_ blocks: [UInt64], most: Int) -> [ClosedRange<UInt64>] {
        let stretches = of(blocks)
        guard stretches.count > most else { return stretches }
        let gaps = stretches.indices.dropFirst().sorted {
            stretches[$0].lowerBound - stretches[$0 - 1].upperBound > stretches[$1].lowerBound - stretches[$1 - 1].upperBound
        }
        let kept = gaps.prefix(most - 1).sorted() + [stretches.count]
        var begin = 0
        return kept.map { end in
            defer { begin = end }
            return stretches[begin].lowerBound...stretches[end - 1].upperBound
        }
    }
}

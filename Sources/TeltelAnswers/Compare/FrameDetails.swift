/// All that differs in one frame, and what was there before and behind it.
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// What was found out about a frame.
struct FrameFindings {
    var frame: ComparisonAnswer.Frame?
    var around: [ComparisonAnswer.Neighbour] = []
    var signatures: [ComparisonAnswer.Signature] = []
    var cut: [ComparisonAnswer.NotCompared] = []
}

/// Used by one task.
struct FrameDetails {
    private let queries: RunQueries
    private let question: CompareQuestion
    private let runs: [ComparedRun]

    /// More rows of one frame are not shown.
    private static let rowsOfAFrameMost = 4_000
    /// Frames before and behind it.
    private static let neighbours: UInt64 = 5
    /// Of them a divergence is told by.
    private static let before: UInt64 = 16
    private static let behind: UInt64 = 511

    init(_ queries: RunQueries, _ question: CompareQuestion, _ runs: [ComparedRun]) {
        self.queries = queries
        self.question = question
        self.runs = runs
    }

    func read(_ frame: UInt64, _ streams: [ComparedStream]) async throws(QueryError) -> FrameFindings {
        var cut: [ComparisonAnswer.NotCompared] = []
        var differences: [(order: UInt64, stream: ComparedStream, value: ValueDifference)] = []
        var unpaired: [ComparisonAnswer.Unpaired] = []
        for stream in streams {
            let fields = StreamFields(stream.table)
            let rows: [StreamRow]
            do throws(QueryError) {
                rows = try await self.rows(of: stream, frame...frame, most: Self.rowsOfAFrameMost)
            } catch {
                guard case .tooLarge = error else { throw error }
                cut.append(.init(what: "\(stream.stream.type): events of frame \(frame)", why: "they are too large to be listed"))
                continue
            }
            if [true, false].contains(where: { side in rows.count { $0.isSecond == side } == Self.rowsOfAFrameMost }) {
                cut.append(
                    .init(
                        what: "\(stream.stream.type): events of frame \(frame) beyond the first \(Self.rowsOfAFrameMost)",
                        why: "there are too many; what is listed of this frame may be pairs that are none"))
            }
            let comparison = FrameComparison(
                rows, fields: fields.names, keys: question.keys(of: stream, fields, runs),
                rules: try question.rules(for: stream, fields))
            differences += comparison.values.map { ($0.order, stream, $0) }
            if comparison.onlyFirst + comparison.onlySecond > 0 {
                unpaired.append(
                    .init(
                        channel: stream.stream.channel, type: stream.stream.type, sourceId: stream.stream.source,
                        rows: [comparison.onlyFirst, comparison.onlySecond]))
            }
        }
        let ordered = differences.enumerated().sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
        var found = FrameFindings()
        if let first = ordered.first?.element {
            found = try await nearby(frame, first.stream, first.value)
        } else if question.depth == .everything {
            found.signatures = unpaired.map {
                .init(type: $0.type, field: nil, kind: "counts", text: Self.counts($0), value: nil)
            }
        }
        found.cut = cut
        found.frame = .init(
            frame: frame, differences: ordered.map { Self.difference($0.element.value, $0.element.stream.stream) },
            unpaired: unpaired, around: found.around)
        return found
    }

    private static func counts(_ unpaired: ComparisonAnswer.Unpaired) -> String {
        "no value differs: the first run has \(unpaired.rows[0]) event\(unpaired.rows[0] == 1 ? "" : "s") alone, the second \(unpaired.rows[1])"
    }

    private func rows(
        of stream: ComparedStream, _ frames: ClosedRange<UInt64>, most: Int
    ) async throws(QueryError) -> [StreamRow] {
        let reader = StreamRows(stream.table)
        var rows: [StreamRow] = []
        let sides = [(question.scope.first, Int64(0)), (question.scope.second, question.offset)]
        for (place, (runID, offset)) in sides.enumerated() {
            guard let shifted = frames.shifted(by: offset) else { continue }
            let stretch = StreamStretch(runID: runID, stream: stream.stream, frames: [shifted])
            for cells in try await queries.cells(reader.statement(stretch, rowsMax: most)) {
                guard let row = reader.row(cells, isSecond: place == 1) else {
                    throw .failed("a row of \(stream.table.name) cannot be read")
                }
                rows.append(row)
            }
        }
        return rows
    }

    /// What is near the first difference: values of its field, of the row's key.
    private func nearby(
        _ frame: UInt64, _ stream: ComparedStream, _ value: ValueDifference
    ) async throws(QueryError) -> FrameFindings {
        let fields = StreamFields(stream.table)
        let keys = question.keys(of: stream, fields, runs)
        let isDeep = question.depth == .everything
        // So many that the frame itself is among the rows, however many a frame has.
        let fitting = Self.frames(of: stream, rows: Self.rowsOfAFrameMost / 4)
        let (begin, isBelow) = frame.subtractingReportingOverflow(min(fitting, isDeep ? Self.before : Self.neighbours))
        let (end, isAbove) = frame.addingReportingOverflow(min(2 * fitting, isDeep ? Self.behind : Self.neighbours))
        let frames = (isBelow ? 0 : begin)...(isAbove ? UInt64.max : end)
        var found = FrameFindings()
        let rows: [StreamRow]
        do throws(QueryError) { rows = try await self.rows(of: stream, frames, most: Self.rowsOfAFrameMost) } catch {
            guard case .tooLarge = error else { throw error }
            return found
        }
        if isDeep { found.signatures += Self.exchanged(rows.filter { reference($0) == frame }, keys, stream) }
        guard let place = fields.places([value.field]).first else { return found }
        let ofKey = rows.filter { row in keys.map { row.values[$0].asKey } == value.key }
        let values = Dictionary(grouping: ofKey, by: reference).sorted { $0.key < $1.key }.map { frame, rows in
            let both = [false, true].map { side -> CellValue? in
                let found = rows.filter { $0.isSecond == side }
                return found.count == 1 ? found[0].values[place] : nil
            }
            return (frame: frame, values: both)
        }
        found.around = values.filter { max($0.frame, frame) - min($0.frame, frame) <= Self.neighbours }.map {
            ComparisonAnswer.Neighbour(frame: $0.frame, values: $0.values.map { $0?.words })
        }
        let samples = values.map { DivergenceSignature.Sample($0.frame, $0.values[0]?.number, $0.values[1]?.number) }
        if isDeep, let signature = DivergenceSignature.of(samples) {
            found.signatures.append(
                .init(
                    type: stream.stream.type, field: value.field.withoutPayload, kind: signature.kind.rawValue,
                    text: signature.text,
                    value: signature.value))
        }
        return found
    }

    /// About so many frames have so many rows.
    private static func frames(of stream: ComparedStream, rows: Int) -> UInt64 {
        let all = Double(max(stream.rows.first, stream.rows.second, 1))
        let frames = Double(max(stream.blocks, 1)) * Double(DigestSQL.framesPerBlock)
        return UInt64(min(Double(rows) * frames / all, 1e6))
    }

    /// The frame of the first run.
    private func reference(_ row: StreamRow) -> UInt64 {
        row.isSecond ? row.frame &- UInt64(bitPattern: question.offset) : row.frame
    }

    /// Keys that are exchanged: the rows are the same but for them.
    private static func exchanged(_ rows: [StreamRow], _ keys: [Int], _ stream: ComparedStream) -> [ComparisonAnswer.Signature] {
        guard !keys.isEmpty else { return [] }
        func byKey(_ isSecond: Bool) -> [[CellValue]: [CellValue]]? {
            let side = rows.filter { $0.isSecond == isSecond }
            let named = Dictionary(grouping: side) { row in keys.map { row.values[$0].asKey } }
            guard named.count == side.count else { return nil }
            return named.mapValues { rows in rows[0].values.indices.filter { !keys.contains($0) }.map { rows[0].values[$0] } }
        }
        guard let first = byKey(false), let second = byKey(true), let map = KeyPermutation.of(first, second) else { return [] }
        let pairs = map.map { "\($0.from.map(\.words).joined(separator: ",")) → \($0.to.map(\.words).joined(separator: ","))" }
        return [
            .init(
                type: stream.stream.type, field: nil, kind: "keys-exchanged",
                text: "the same rows under other keys: \(pairs.joined(separator: ", "))", value: nil)
        ]
    }

    private static func difference(_ value: ValueDifference, _ stream: EventStream) -> ComparisonAnswer.Difference {
        let values = [value.first, value.second].map { value in
            ComparisonAnswer.Value(text: value == .null ? nil : value.words, bits: value.bits)
        }
        let distance = ULP.distance(value.first, value.second)
        return .init(
            channel: stream.channel, type: stream.type, sourceId: stream.source, field: value.field.withoutPayload,
            key: value.key.map(\.words), class: value.valueClass.name, ulp: distance.flatMap { $0 <= ULP.tellingMax ? $0 : nil },
            values: values, difference: value.measure?.difference, allowed: value.measure?.allowed)
    }
}

/// All that differs in one frame, and what was there before and behind it.
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// Used by one task.
struct FrameDetails {
    private let queries: RunQueries
    private let question: CompareQuestion
    private let runs: [ComparedRun]

    /// More rows of one frame are not shown.
    private static let rowsOfAFrameMost = 4_000
    /// Frames before and behind it.
    private static let neighbours: UInt64 = 5

    init(_ queries: RunQueries, _ question: CompareQuestion, _ runs: [ComparedRun]) {
        self.queries = queries
        self.question = question
        self.runs = runs
    }

    /// nil: nothing can be said of it.
    func read(
        _ frame: UInt64, _ streams: [ComparedStream]
    ) async throws(QueryError) -> (frame: ComparisonAnswer.Frame?, cut: [ComparisonAnswer.NotCompared]) {
        var cut: [ComparisonAnswer.NotCompared] = []
        var differences: [(order: UInt64, stream: ComparedStream, value: ValueDifference)] = []
        var unpaired: [ComparisonAnswer.Unpaired] = []
        for stream in streams {
            let fields = StreamFields(stream.table)
            let rows = try await rows(of: stream, frame...frame, most: Self.rowsOfAFrameMost)
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
        var around: [ComparisonAnswer.Neighbour] = []
        if let first = ordered.first?.element { around = try await self.around(frame, first.stream, first.value) }
        return (
            .init(
                frame: frame, differences: ordered.map { Self.difference($0.element.value, $0.element.stream.stream) },
                unpaired: unpaired, around: around), cut
        )
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

    /// Values of the field that differs first, of the row's key.
    private func around(
        _ frame: UInt64, _ stream: ComparedStream, _ value: ValueDifference
    ) async throws(QueryError) -> [ComparisonAnswer.Neighbour] {
        let fields = StreamFields(stream.table)
        guard let place = fields.places([value.field]).first else { return [] }
        let keys = question.keys(of: stream, fields, runs)
        let (begin, isBelow) = frame.subtractingReportingOverflow(Self.neighbours)
        let (end, isAbove) = frame.addingReportingOverflow(Self.neighbours)
        let frames = (isBelow ? 0 : begin)...(isAbove ? UInt64.max : end)
        let rows = try await rows(of: stream, frames, most: Self.rowsOfAFrameMost)
        let shift = UInt64(bitPattern: question.offset)
        let ofKey = rows.filter { row in keys.map { row.values[$0].asKey } == value.key }
        let byFrame = Dictionary(grouping: ofKey) { $0.isSecond ? $0.frame &- shift : $0.frame }
        return byFrame.sorted { $0.key < $1.key }.map { frame, rows in
            let values = [false, true].map { side in
                let found = rows.filter { $0.isSecond == side }
                return found.count == 1 ? found[0].values[place].words : nil
            }
            return ComparisonAnswer.Neighbour(frame: frame, values: values)
        }
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

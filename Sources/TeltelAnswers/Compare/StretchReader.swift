/// Reads rows of two runs of one stream, stretch by stretch.
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// Thread-safe.
struct StretchReader: Sendable {
    private let queries: RunQueries
    private let scope: CompareScope
    private let stream: EventStream
    private let question: StretchQuestion
    private let fields: Int
    /// Added to a frame of the first run it is that of the second.
    private let offset: Int64

    /// More rows of a stretch are not read: it is cut into smaller ones.
    static let rowsMost = 1 << 20

    init(
        _ queries: RunQueries, _ scope: CompareScope, _ stream: ComparedStream, wanted: Set<Int>?, takesTextsApart: Bool,
        offset: Int64
    ) {
        self.queries = queries
        self.scope = scope
        self.stream = stream.stream
        question = StretchQuestion(stream.table, wanted: wanted, takesTextsApart: takesTextsApart)
        fields = question.fields.names.count
        self.offset = offset
    }

    /// Bytes of a row, about.
    var rowBytes: Int { 8 * (question.columns.count + 1) }

    struct Rows: Sendable {
        let stretches: [ClosedRange<UInt64>]
        let first, second: RowColumns
        /// They are more than may be read at once.
        var isTooLong: Bool { isTooLarge || first.count > StretchReader.rowsMost || second.count > StretchReader.rowsMost }
        var isTooLarge = false
    }

    /// - Parameter stretches: of the first run, in order.
    func read(_ stretches: [ClosedRange<UInt64>], isKept: Bool) async throws(QueryError) -> Rows {
        // Both at once: one is decoded while the other is read.
        async let first = answer(scope.first, stretches, offset: 0, isKept)
        // Where frames begin before the first or end behind the last there are no rows.
        async let second = answer(scope.second, stretches.compactMap { $0.shifted(by: offset) }, offset: offset, isKept)
        let both = await (first, second)
        if case .failure(.tooLarge) = both.0 { return Rows(stretches: stretches, first: empty, second: empty, isTooLarge: true) }
        if case .failure(.tooLarge) = both.1 { return Rows(stretches: stretches, first: empty, second: empty, isTooLarge: true) }
        return Rows(stretches: stretches, first: try both.0.get(), second: try both.1.get())
    }

    private func answer(
        _ runID: String, _ frames: [ClosedRange<UInt64>], offset: Int64, _ isKept: Bool
    ) async -> Result<RowColumns, QueryError> {
        if frames.isEmpty { return .success(empty) }
        do throws(QueryError) { return .success(try await rows(runID, frames, offset: offset, isKept)) } catch {
            return .failure(error)
        }
    }

    private var empty: RowColumns { RowColumns(positions: [], frames: [], fields: Array(repeating: [], count: fields)) }

    private func rows(
        _ runID: String, _ frames: [ClosedRange<UInt64>], offset: Int64, _ isKept: Bool
    ) async throws(QueryError) -> RowColumns {
        let stretch = StreamStretch(runID: runID, stream: stream, frames: frames)
        let blocks = try await queries.blocks(question.statement(stretch, rowsMax: Self.rowsMost + 1), isKept: isKept)
        return try columns(blocks.filter { $0.rows > 0 }, offset: offset)
    }

    private func columns(_ blocks: [NativeBlock], offset: Int64) throws(QueryError) -> RowColumns {
        var all = blocks.first?.columns ?? Array(repeating: NativeBlock.Column(), count: question.columns.count + 1)
        for block in blocks.dropFirst() {
            guard block.columns.count == all.count else { throw .failed("ClickHouse's answer changes its columns") }
            for place in all.indices { all[place].append(block.columns[place]) }
        }
        guard all.count == question.columns.count + 1 else {
            throw .failed("ClickHouse's answer has not the columns that were asked")
        }
        var fields = Array(repeating: [ValueColumn](), count: self.fields)
        for (column, read) in zip(question.columns, all.dropFirst()) {
            fields[column.field].append(
                ValueColumn(kind: column.kind, values: read.values, isNull: read.isNull, ends: read.ends, texts: read.texts))
        }
        let frames = all[0].values
        let positions = offset == 0 ? frames : frames.map { $0 &- UInt64(bitPattern: offset) }
        return RowColumns(positions: positions, frames: frames, fields: fields)
    }
}

extension NativeBlock.Column {
    fileprivate mutating func append(_ more: NativeBlock.Column) {
        let before = UInt64(values.count)
        values += more.values
        isNull += more.isNull
        ends += more.ends.map { $0 + before }
        texts += more.texts
    }
}

extension ClosedRange<UInt64> {
    /// nil: nothing of it is a frame.
    func shifted(by offset: Int64) -> ClosedRange<UInt64>? {
        if offset == 0 { return self }
        let (low, high) = (lowerBound.shifted(by: offset), upperBound.shifted(by: offset))
        switch (low, high) {
        case (.some(let low), .some(let high)): return low...high
        case (nil, .some(let high)): return 0...high
        case (.some(let low), nil): return low...UInt64.max
        case (nil, nil): return nil
        }
    }
}

extension UInt64 {
    /// nil: it is no frame.
    fileprivate func shifted(by offset: Int64) -> UInt64? {
        let (value, overflow) =
            offset < 0 ? subtractingReportingOverflow(offset.magnitude) : addingReportingOverflow(offset.magnitude)
        return overflow ? nil : value
    }
}

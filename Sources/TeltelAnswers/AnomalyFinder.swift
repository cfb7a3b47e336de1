/// Looks for anomalies in a stored run: each type's rows come by once, in the order of frames, and rules look at them.
import Foundation
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// A type that is looked at.
package struct WatchedType: Sendable {
    package let channel, type: Name
    package let keyFields: [String]
    package let fields: [WatchedField]

    package init(channel: Name, type: Name, keyFields: [String], fields: [WatchedField]) {
        self.channel = channel
        self.type = type
        self.keyFields = keyFields
        self.fields = fields
    }
}

/// One question. Used by one task.
package struct AnomalyFinder {
    private let service: QueryService
    private let queries: RunQueries
    private let tables: [StoredTable]
    /// With its run; without a type.
    private let scope: EventScope
    private let baseline: String?
    private let rules: AnomalyRules
    private let isComplete: Bool

    private typealias Coverage = AnomaliesAnswer.Coverage

    /// Values of a type that come by at once; of more its rows are read again.
    private static let fieldsAtOnce = 32
    private static let fieldsMost = 512
    /// Of a part, so that a question's memory is bounded.
    private static let valuesOfPart: UInt64 = 8_000_000
    private static let partsMost = 1_000
    /// Of a sample, over all fields.
    private static let valuesOfSample: UInt64 = 2_000_000
    private static let rowsOfSample: UInt64 = 200_000
    package static let findingsMost = 5_000

    package init(
        _ service: QueryService, tables: [StoredTable], scope: EventScope, baseline: String?, rules: AnomalyRules,
        isComplete: Bool
    ) {
        self.service = service
        queries = RunQueries(service)
        self.tables = tables
        self.scope = scope
        self.baseline = baseline
        self.rules = rules
        self.isComplete = isComplete
    }

    package func find(_ types: [WatchedType], notCovered: [AnomaliesAnswer.NotCovered]) async throws(QueryError)
        -> AnomaliesAnswer
    {
        var coverage = Coverage()
        coverage.notCovered = notCovered
        var sql: [String] = []
        var findings: [AnomaliesAnswer.Finding] = []
        var more: [AnomaliesAnswer.More] = []
        for type in types { try await look(type, &coverage, &findings, &more, &sql) }
        findings.sort {
            ($0.fromFrame, $0.eventType, $0.sourceId, $0.key, $0.field ?? "", $0.kind)
                < ($1.fromFrame, $1.eventType, $1.sourceId, $1.key, $1.field ?? "", $1.kind)
        }
        let kinds = AnomalyKind.allCases.filter { rules.kinds.contains($0) && (baseline != nil || !$0.needsBaseline) }
        return AnomaliesAnswer(
            runId: Name(scope.runID ?? ""), baseline: baseline.map { Name($0) }, complete: isComplete,
            rules: .init(
                kinds: kinds.map(\.rawValue), frozenEvents: rules.frozenEvents, jumpFactor: rules.jumpFactor,
                deviationFactor: rules.deviationFactor, most: rules.most),
            findings: Array(findings.prefix(Self.findingsMost)), more: more, truncated: findings.count > Self.findingsMost,
            coverage: coverage, sql: sql)
    }

    private struct Parts: Decodable {
        let rows, first, last: UInt64
        /// null where there are no rows.
        let borders: [Double?]
    }

    private func look(
        _ type: WatchedType, _ coverage: inout Coverage, _ findings: inout [AnomaliesAnswer.Finding],
        _ more: inout [AnomaliesAnswer.More], _ sql: inout [String]
    ) async throws(QueryError) {
        let name = "\(type.channel)/\(type.type)"
        var scope = scope
        (scope.channel, scope.eventType, scope.keyFields) = (type.channel, type.type, type.keyFields)
        let counted = try await parts(scope, 1)
        guard let counted, counted.rows > 0 else {
            coverage.notCovered.append(.init(what: name, why: "no events of it are stored in what was asked for"))
            return
        }
        coverage.types += 1
        var watched = type.fields
        if watched.count > Self.fieldsMost {
            coverage.notCovered.append(
                .init(what: name, why: "\(watched.count - Self.fieldsMost) values beyond the first \(Self.fieldsMost)"))
            watched = Array(watched.prefix(Self.fieldsMost))
        }
        coverage.fields += watched.count
        // Without any values the stream itself is looked at.
        let groups =
            watched.isEmpty
            ? [[]]
            : stride(from: 0, to: watched.count, by: Self.fieldsAtOnce).map {
                Array(watched[$0..<min(watched.count, $0 + Self.fieldsAtOnce)])
            }
        for (number, fields) in groups.enumerated() {
            let book = SeriesBook(fields, rules, withStreams: number == 0, hasBaseline: baseline != nil)
            try await read(fields, scope, counted, into: book, &sql)
            for found in book.finish() { Self.add(found, fields, type, &findings, &more) }
            guard number == 0 else { continue }
            coverage.series += book.seriesCount
            coverage.rows += book.rows
            if book.seriesLeftOut > 0 {
                coverage.notCovered.append(
                    .init(what: name, why: "\(book.seriesLeftOut) series beyond the first \(book.seriesCount)"))
            }
        }
    }

    private func parts(_ scope: EventScope, _ count: Int) async throws(QueryError) -> Parts? {
        let question = WatchedRowsQuestion(scope, [])
        return try await queries.rows(Parts.self, question.parts(tables, count)).first
    }

    // MARK: reading

    private func read(
        _ fields: [WatchedField], _ scope: EventScope, _ counted: Parts, into book: SeriesBook, _ sql: inout [String]
    ) async throws(QueryError) {
        var question = WatchedRowsQuestion(scope, fields.map { AskedField($0.path, kind: $0.kind) }, baseline: baseline)
        let values = UInt64(max(1, fields.count + 4))
        let sample = Self.sample(counted, values)
        book.strideMost = sample.frames
        var asked = try await stream(question.statement(tables, sample: sample), fields.count, into: book)
        if let asked { sql.append(asked.reproducible) }
        book.endSample()

        let rowsOfPart = max(1_000, Self.valuesOfPart / values)
        let count = min(Self.partsMost, Int(counted.rows / rowsOfPart) + 1)
        var borders: [UInt64] = []
        if count > 1 {
            borders =
                try await parts(scope, count)?.borders.compactMap { $0 }.map { $0 >= 1.8e19 ? .max : UInt64(max(0, $0)) } ?? []
        }
        for range in Self.ranges(scope.frames ?? 0...UInt64.max, borders) {
            question.scope.frames = range
            asked = try await stream(question.statement(tables), fields.count, into: book)
            book.endPart()
            // Of the parts, which differ in their frames alone, the first one.
            if let asked, range.lowerBound == (scope.frames?.lowerBound ?? 0) { sql.append(asked.reproducible) }
        }
    }

    /// Short stretches of frames from all over the run.
    private static func sample(_ counted: Parts, _ values: UInt64) -> WatchedRowsQuestion.Sample {
        let wanted = min(rowsOfSample, valuesOfSample / values)
        let spacing = max(1, (counted.last - counted.first) / max(1, counted.rows))
        let (frames, isTooMuch) = spacing.multipliedReportingOverflow(by: 64)
        return .init(frames: isTooMuch ? spacing : frames, step: counted.rows / max(1, wanted) + 1)
    }

    /// The range in parts that end at the borders.
    static func ranges(_ whole: ClosedRange<UInt64>, _ borders: [UInt64]) -> [ClosedRange<UInt64>] {
        var ranges: [ClosedRange<UInt64>] = []
        var from = whole.lowerBound
        for border in Set(borders).sorted() where border >= from && border < whole.upperBound {
            ranges.append(from...border)
            from = border + 1
        }
        return ranges + [from...whole.upperBound]
    }

    private func stream(_ statement: Statement?, _ values: Int, into book: SeriesBook) async throws(QueryError) -> Statement? {
        guard let statement else { return nil }
        var rows = WatchedRows(values: values)
        let answer = try service.ask(statement, format: "RowBinary")
        while let bytes = try await answer.next() {
            rows.add(bytes)
            while rows.next() { book.take(rows) }
        }
        guard rows.isAtEnd else { throw .cutOff }
        return statement
    }

    // MARK: telling

    private static func add(
        _ found: SeriesBook.Found, _ fields: [WatchedField], _ type: WatchedType, _ findings: inout [AnomaliesAnswer.Finding],
        _ more: inout [AnomaliesAnswer.More]
    ) {
        let source = Name(String(decoding: found.name.source, as: UTF8.self))
        let key = String(decoding: found.name.key, as: UTF8.self)
        let field = found.field.map { Name(fields[$0].path) }
        let instance = "\(type.type)\(key.isEmpty ? "" : "[\(key)]")"
        let what = field.map { "\(instance).\($0)" } ?? instance
        for one in found.found {
            findings.append(
                .init(
                    kind: one.kind.rawValue, severity: one.kind.severity, channel: type.channel, eventType: type.type,
                    sourceId: source, key: key, field: field, frames: one.frames, simTime: one.simTime, events: one.events,
                    value: one.value, other: one.other, text: one.text(what)))
        }
        for (kind, count) in found.more.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            more.append(
                .init(
                    kind: kind.rawValue, channel: type.channel, eventType: type.type, sourceId: source, key: key, field: field,
                    count: count))
        }
    }
}

/// What of a run can be asked for.
import Hummingbird
import TeltelAnalysis
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelQuery
import TeltelStorage

struct SchemaRoutes: Sendable {
    let answers: AnalysisAnswers

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(AnalysisEndpoints.fields) { request, _ in
            let runID = try request.required(AnalysisEndpoints.runID)
            let sourceID = request.text(AnalysisEndpoints.anySourceID).flatMap { $0.isEmpty ? nil : $0 }
            let types = await RunTypes(runID, answers.catalogue)
            let (fields, asked) = try await fields(runID, sourceID, types, try await answers.storedTables())
            return try answers.lines(fields, asked)
        }
        router.on(AnalysisEndpoints.schema) { request, _ in try await schema(request) }
    }

    /// What a run, or one of its sources, has values of.
    func fields(_ runID: String, _ sourceID: String?, _ types: RunTypes, _ tables: [StoredTable]) async throws
        -> (fields: [StoredField], asked: [Statement?])
    {
        let mine = types.inside(EventScope(runID: runID, sourceID: sourceID))
        let tables = tables.filter { table in
            guard !mine.isEmpty, let channel = table.channel, let type = table.type else { return true }
            return mine.contains { $0.channel == channel && $0.type == type }
        }
        let question = FieldsQuestion(runID: runID, sourceID: sourceID)
        var fields = StoredFields()
        let (columns, texts) = (question.columns(tables), question.texts(tables))
        for row in try await answers.decoded(StoredFields.Present.self, columns) { fields.add(row, of: tables) }
        for row in try await answers.decoded(StoredFields.Payload.self, texts) {
            let type = mine.first { $0.channel == Name(row.channel) && $0.type == Name(row.type) }
            fields.add(row) { path in RunTypes.kind(path, of: type)?.clickHouseType }
        }
        return (fields.lines, [columns, texts])
    }

    private func schema(_ request: Request) async throws -> Response {
        let scope = try answers.scope(request)
        let runID = try request.required(AnalysisEndpoints.runID)
        let known = await RunTypes(runID, answers.catalogue)
        let tables = try await answers.storedTables()
        let counts = RunEventsQuestion(scope).types(known.tables(tables))
        if request.flag(AnalysisEndpoints.explain) { return try answers.explained(counts.map { [$0] } ?? []) }
        let rows = try await answers.decoded(StoredType.Counts.self, counts)
        var asked = [counts]
        // Sources may share a type and have other fields in it.
        var found: [Name: [StoredField]] = [:]
        for source in Set(rows.map { Name($0.sourceId) }).sorted() {
            let (fields, statements) = try await fields(runID, source.text, known, tables)
            found[source] = fields
            asked += statements
        }
        let types = rows.map { row in
            let type = known.all.first {
                $0.sourceID == Name(row.sourceId) && $0.channel == Name(row.channel) && $0.type == Name(row.type)
            }
            let fields = found[Name(row.sourceId)]?.filter {
                Name($0.channel) == Name(row.channel) && Name($0.type) == Name(row.type)
            }
            return StoredType(row, declared: type?.fields ?? [], found: fields ?? [])
        }
        return try answers.lines(types, asked)
    }
}

/// One line of the answer: a type of one source. Written with underscores, as columns are.
private struct StoredType: Encodable {
    /// A row of `RunEventsQuestion.types`.
    struct Counts: Decodable {
        let channel, type, sourceId: String
        let count, firstFrame, lastFrame: UInt64
        let firstSimTime, lastSimTime: Double?
    }
    struct Field: Encodable {
        let field, kind, unit: String
        let key, declared: Bool
        let labels: [String]
    }
    let channel, type, sourceId: String
    let count, firstFrame, lastFrame: UInt64
    let firstSimTime, lastSimTime: Double?
    let fields: [Field]

    /// Those that the engine has declared, in its order; then what was found besides, by name.
    init(_ counts: Counts, declared: [RunRecord.FieldRecord], found: [StoredField]) {
        (channel, type, sourceId, count) = (counts.channel, counts.type, counts.sourceId, counts.count)
        (firstFrame, lastFrame) = (counts.firstFrame, counts.lastFrame)
        (firstSimTime, lastSimTime) = (counts.firstSimTime, counts.lastSimTime)
        let wellKnown = declared.contains(where: \.key) ? [] : WellKnownTypes.keyFields(of: Name(counts.type)).map { Name($0) }
        let first = declared.map {
            Field(field: $0.name.text, kind: $0.kind, unit: $0.unit, key: $0.key, declared: true, labels: $0.labels)
        }
        let others = found.filter { found in
            !declared.contains { declared in
                // `gear[2]` is one of `gear`, whose kind says how long it is.
                Name(found.field) == declared.name
                    || (declared.kind.hasSuffix("]") && found.field.utf8.starts(with: "\(declared.name)[".utf8))
            }
        }
        fields =
            first
            + others.map {
                Field(
                    field: $0.field, kind: FieldKind(clickHouseType: $0.kind)?.name ?? $0.kind, unit: "",
                    key: wellKnown.contains(Name($0.field)), declared: false, labels: [])
            }
    }
}

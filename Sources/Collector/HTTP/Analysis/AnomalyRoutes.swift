/// GET and POST /api/analysis/anomalies: what rules find in a run, and markers made of it.
import Foundation
import Hummingbird
import NIOPosix
import TeltelAPI
import TeltelAnalysis
import TeltelAnswers
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelQuery

struct AnomalyRoutes: Sendable {
    let answers: AnalysisAnswers
    /// nil: nothing is kept.
    let store: ControlStore?

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(AnomalyEndpoints.find) { request, context in try JSONAnswer.response(try await find(request, context)) }
        router.on(AnomalyEndpoints.keep) { request, context in
            guard let store else {
                throw APIError(
                    .serviceUnavailable, "storage-off", "this collector could not use its data folder, so it keeps no markers",
                    hint: "its log says why; choose another with --data-dir")
            }
            var answer = try await find(request, context)
            let markers = Self.markers(answer)
            let (runID, kinds) = (answer.runId, answer.rules.kinds)
            do {
                answer.kept = try await NIOThreadPool.singleton.runIfActive {
                    try store.replaceFindings(of: runID, kinds: kinds, by: markers)
                }
            } catch let error as ControlStoreError {
                throw APIError(.internalServerError, "markers-failed", error.description, hint: "try again once that is fixed")
            }
            return try JSONAnswer.response(answer)
        }
    }

    private static func markers(_ answer: AnomaliesAnswer) -> [Marker] {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        return answer.findings.map { found in
            let place = [
                found.channel.text, found.eventType.text, found.sourceId.text, found.key, found.field?.text ?? "",
                String(found.fromFrame),
            ]
            return Marker(
                id: Marker.ruleID(answer.runId, kind: found.kind, place: place), runID: answer.runId, sourceID: found.sourceId,
                channel: found.channel, type: found.eventType, frames: found.fromFrame...found.toFrame, simTime: found.simTime,
                kind: found.kind, field: found.field, severity: found.severity,
                text: String(decoding: found.text.utf8.prefix(MarkerLimits.textBytes), as: UTF8.self), origin: .rule,
                createdMs: now)
        }
    }

    // MARK: looking

    /// It ends with who has asked.
    private func find(_ request: Request, _ context: ConnectionContext) async throws -> AnomaliesAnswer {
        let looking = Task { try await find(request) }
        context.whenClientLeaves { looking.cancel() }
        return try await looking.value
    }

    private func find(_ request: Request) async throws -> AnomaliesAnswer {
        let scope = try answers.scope(request)
        let runID = try request.required(AnalysisEndpoints.runID)
        let rules = try Self.rules(request)
        let baseline = request.text(AnomalyEndpoints.baseline).flatMap { $0.isEmpty ? nil : $0 }
        let asked = try Self.pairs(request, AnomalyEndpoints.limits, AnomalyEndpoints.nominal)
        let queries = try answers.ready().queries
        let record = try await record(runID)
        if let baseline { _ = try await self.record(baseline) }
        let tables = try await answers.storedTables()
        let known = await RunTypes(runID, answers.catalogue)
        let watched = try await types(
            runID, scope, known, tables, asked, Set(request.texts(AnomalyEndpoints.field).map { Name($0) }))
        let finder = AnomalyFinder(
            queries, tables: known.tables(tables), scope: scope, baseline: baseline, rules: rules,
            isComplete: record.status != .running && record.isAccountedFor)
        do throws(QueryError) {
            return try await finder.find(watched.types, notCovered: watched.notCovered)
        } catch { throw APIError(error) }
    }

    private func record(_ runID: String) async throws -> RunRecord {
        guard let record = await answers.catalogue.run(Name(runID))?.record else {
            throw APIError(.notFound, "unknown-run", "there is no run \(runID)", hint: "GET /api/runs lists the runs")
        }
        return record
    }

    private static func rules(_ request: Request) throws -> AnomalyRules {
        var rules = AnomalyRules()
        rules.kinds = Set(AnomalyKind.allCases)
        if let text = request.text(AnomalyEndpoints.rules), !text.isEmpty {
            rules.kinds = Set(
                try text.split(separator: ",").map { word in
                    guard let kind = AnomalyKind(rawValue: word.trimmingCharacters(in: .whitespaces)) else {
                        let all = AnomalyKind.allCases.map(\.rawValue).joined(separator: ", ")
                        throw APIError(.badRequest, "bad-parameter", "rules: \(word) is none of \(all)")
                    }
                    return kind
                })
        }
        rules.frozenEvents = try request.integer(AnomalyEndpoints.frozenEvents) ?? rules.frozenEvents
        rules.jumpFactor = try request.number(AnomalyEndpoints.jumpFactor) ?? rules.jumpFactor
        rules.deviationFactor = try request.number(AnomalyEndpoints.deviationFactor) ?? rules.deviationFactor
        rules.most = try request.integer(AnomalyEndpoints.most) ?? rules.most
        return rules
    }

    /// What is said of fields, by TYPE.FIELD.
    private struct Asked {
        var limits: [Name: ClosedRange<Double>] = [:]
        var nominal: [Name: Double] = [:]
    }

    private static func pairs(_ request: Request, _ limits: Parameter, _ nominal: Parameter) throws -> Asked {
        func split(_ parameter: Parameter, _ text: String, _ hint: String) throws -> (Name, Substring) {
            guard let equals = text.utf8.lastIndex(of: UInt8(ascii: "=")), equals > text.startIndex else {
                throw APIError(.badRequest, "bad-parameter", "\(parameter.name)=\(text) names no field", hint: hint)
            }
            return (Name(text[..<equals]), text[text.utf8.index(after: equals)...])
        }
        var asked = Asked()
        for text in request.texts(limits) {
            let hint = "\(limits.name)=body.state.pos.x=-10..10"
            let (name, range) = try split(limits, text, hint)
            guard let dots = range.range(of: "..") else {
                throw APIError(.badRequest, "bad-parameter", "\(limits.name)=\(text) has no two dots", hint: hint)
            }
            let (low, high) = (range[..<dots.lowerBound], range[dots.upperBound...])
            let from = low.isEmpty ? -Double.infinity : Request.finiteNumber(low)
            let to = high.isEmpty ? Double.infinity : Request.finiteNumber(high)
            guard let from, let to, from <= to else {
                throw APIError(
                    .badRequest, "bad-parameter", "\(limits.name)=\(text): its limits are no two numbers in order", hint: hint)
            }
            asked.limits[name] = from...to
        }
        for text in request.texts(nominal) {
            let hint = "\(nominal.name)=body.state.pos.x=0.001"
            let (name, size) = try split(nominal, text, hint)
            guard let size = Request.finiteNumber(size), size >= 0 else {
                throw APIError(
                    .badRequest, "bad-parameter", "\(nominal.name)=\(text): its size is no number from 0 on", hint: hint)
            }
            asked.nominal[name] = size
        }
        return asked
    }

    // MARK: what there is

    private func types(
        _ runID: String, _ scope: EventScope, _ known: RunTypes, _ tables: [StoredTable], _ asked: Asked, _ wanted: Set<Name>
    ) async throws -> (types: [WatchedType], notCovered: [AnomaliesAnswer.NotCovered]) {
        let (stored, _) = try await SchemaRoutes(answers: answers).fields(runID, scope.sourceID, known, tables)
        var names: [(channel: Name, type: Name)] = known.inside(scope).map { ($0.channel, $0.type) }
        names += stored.map { (Name($0.channel), Name($0.type)) }.filter { name in
            (scope.channel == nil || scope.channel == name.0) && (scope.eventType == nil || scope.eventType == name.1)
        }
        var (types, notCovered): ([WatchedType], [AnomaliesAnswer.NotCovered]) = ([], [])
        var named: Set<Name> = []
        for name in names where !types.contains(where: { ($0.channel, $0.type) == name }) {
            var scope = scope
            (scope.channel, scope.eventType) = (name.channel, name.type)
            let keys = known.keyFields(scope)
            let declared = known.inside(scope).flatMap(\.fields)
            var fields: [WatchedField] = []
            for field in stored where Name(field.channel) == name.channel && Name(field.type) == name.type {
                let full = Name("\(name.type).\(field.field)")
                named.insert(full)
                guard wanted.isEmpty || wanted.contains(Name(field.field)),
                    !keys.contains(where: { Name($0) == Name(field.field) })
                else {
                    continue
                }
                if field.kind == "String" {
                    notCovered.append(.init(what: full.text, why: "a text"))
                    continue
                }
                let record = declared.first { $0.name == Name(field.field) }
                if record?.measured == true {
                    notCovered.append(.init(what: full.text, why: "measured"))
                    continue
                }
                fields.append(watched(field, record, known.field(field.field, scope).kind, asked, full))
            }
            types.append(WatchedType(channel: name.channel, type: name.type, keyFields: keys, fields: fields))
        }
        for name in Set(asked.limits.keys).union(asked.nominal.keys) where !named.contains(name) {
            throw APIError(
                .badRequest, "unknown-field", "the run has no values of \(name)", hint: "GET /api/analysis/fields lists them")
        }
        return (types.filter { wanted.isEmpty || !$0.fields.isEmpty }, notCovered)
    }

    /// Names for 0, 1, 2 … are limits that the engine has declared.
    private func watched(
        _ field: StoredField, _ record: RunRecord.FieldRecord?, _ kind: FieldKind?, _ asked: Asked, _ full: Name
    ) -> WatchedField {
        let labels = record?.labels.count ?? 0
        let declared = labels > 0 ? 0...Double(labels - 1) : nil
        return WatchedField(
            field.field, kind: kind, limits: asked.limits[full] ?? declared, nominal: asked.nominal[full] ?? 0,
            isContinuous: field.kind.hasPrefix("Float") && labels == 0)
    }
}

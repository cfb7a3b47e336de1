/// What differs between two runs apart from their events.
import TeltelAPI
import TeltelAnalysis
import TeltelControl
import TeltelEvents

extension ComparisonDocument {
    /// Seed, engine version, and members of the configuration. They never change a verdict: they tell why data may differ.
    var surroundings: [ComparisonAnswer.Surrounding] {
        let (a, b) = (runs[0], runs[1])
        var found: [ComparisonAnswer.Surrounding] = []
        if a.seed != b.seed { found.append(.init(what: "seed", values: [a.seed.map { "\($0)" }, b.seed.map { "\($0)" }])) }
        if !a.engineVersion.utf8.elementsEqual(b.engineVersion.utf8) {
            found.append(.init(what: "engine_version", values: [a.engineVersion, b.engineVersion].map { $0.isEmpty ? nil : $0 }))
        }
        let (first, second) = (a.configuration.isEmpty ? "{}" : a.configuration, b.configuration.isEmpty ? "{}" : b.configuration)
        if let members = PayloadTextComparison.differences(first, second) {
            // A posted run.start is kept as a whole: seed and version are in it again, and its configuration is one of its members.
            for member in members where !isIgnored(member.path) && !["seed", "engine_version"].contains(member.path) {
                let values = [member.first, member.second].map { $0 == .null ? nil : $0.words }
                if values == ["{}", nil] || values == [nil, "{}"] { continue }
                found.append(.init(what: Self.configured(member.path), values: values))
            }
        } else if !PayloadTextComparison.areOfOneValue(first, second) {
            found.append(.init(what: "config", values: [first, second]))
        }
        return found
    }

    private static func configured(_ path: String) -> String { path.hasPrefix("config.") ? path : "config.\(path)" }

    private func isIgnored(_ path: String) -> Bool {
        let path = Self.configured(path).dropFirst("config.".count)
        return question.rules.ignoredConfiguration.contains { Wildcard.matches(Array($0.utf8), Array(path.utf8)) }
    }

    /// What is declared of the fields of streams that both runs have.
    func schemaDifferences(_ streams: [ComparedStream]) -> [ComparisonAnswer.SchemaDifference] {
        var seen: Set<EventStream> = []
        return streams.filter { $0.rows.first > 0 && $0.rows.second > 0 && seen.insert($0.stream).inserted }.flatMap { stream in
            DeclarationDifference.all(declared(stream.stream, side: 0), declared(stream.stream, side: 1)).map { difference in
                .init(
                    channel: stream.stream.channel, type: stream.stream.type, sourceId: stream.stream.source,
                    field: difference.field.text, what: difference.what.rawValue, values: [difference.first, difference.second],
                    factor: difference.factor, counts: counts(difference, stream))
            }
        }
    }

    /// Equal numbers of other units are no equal data. Another kind is another one only where bits count; what else engines say about
    /// a field changes no value.
    private func counts(_ difference: DeclarationDifference, _ stream: ComparedStream) -> Bool {
        let fields = StreamFields(stream.table)
        let places = fields.places(ComparedRun.names([difference.field], among: fields.names))
        guard let rules = try? question.rules(for: stream, fields) else { return true }
        let isIgnored =
            !places.isEmpty
            && places.allSatisfy { place in
                rules.tests[place] == .ignored && !rules.groups.contains { $0.members.contains(place) }
            }
        switch difference.what {
        case .unit: return !isIgnored
        case .kind: return !isIgnored && question.rules.mode == .bits
        case .key, .input, .measured, .labels, .field: return false
        }
    }

    func declared(_ stream: EventStream, side: Int) -> [DeclaredField] {
        let types = runs[side].types.filter {
            $0.channel == stream.channel && $0.type == stream.type && $0.sourceID == stream.source
        }
        return (types.first?.fields ?? []).map {
            DeclaredField(
                name: $0.name, kind: $0.kind, unit: $0.unit, isKey: $0.key, isInput: $0.input, isMeasured: $0.measured,
                labels: $0.labels)
        }
    }
}

/// What the collector knows of a run's types, in the words of questions.
import TeltelAnalysis
import TeltelBooks
import TeltelControl
import TeltelEvents

/// Empty if the run is not known.
struct RunTypes: Sendable {
    let all: [RunRecord.EventType]

    init(_ runID: String, _ catalogue: RunCatalogue) async {
        all = await catalogue.run(Name(runID))?.record.types ?? []
    }

    /// Those that the scope takes.
    func inside(_ scope: EventScope) -> [RunRecord.EventType] {
        all.filter { type in
            (scope.sourceID == nil || type.sourceID == scope.sourceID.map { Name($0) })
                && (scope.channel == nil || type.channel == scope.channel)
                && (scope.eventType == nil || type.type == scope.eventType)
        }
    }

    /// The fields that tell instances of the scope's type apart. Senders may have declared different ones.
    func keyFields(_ scope: EventScope) -> [String] {
        var declared: [String] = []
        for field in inside(scope).flatMap(\.fields) where field.key && !declared.contains(where: { Name($0) == field.name }) {
            declared.append(field.name.text)
        }
        return declared.isEmpty ? scope.eventType.map(WellKnownTypes.keyFields) ?? [] : declared
    }

    /// A value of the scope's type. It has a kind if all its senders say the same.
    func field(_ path: String, _ scope: EventScope) -> AskedField {
        let kinds = inside(scope).map { Self.kind(path, of: $0) }
        let isOne = Set(kinds).count == 1
        return AskedField(path, kind: isOne ? kinds.first ?? nil : nil)
    }

    /// The kind of the engine's field at a path: `gear[2]` is one of `gear`.
    static func kind(_ path: String, of type: RunRecord.EventType?) -> FieldKind? {
        let field = type?.fields.first { field in
            let (path, name) = (path.utf8, field.name.utf8)
            guard path.starts(with: name) else { return false }
            return path.count == name.count || path.dropFirst(name.count).first == UInt8(ascii: "[")
        }
        // The record says `f32[3]` of an array.
        let kind = field?.kind.prefix { $0 != "[" }
        return kind.flatMap { kind in FieldKind.allCases.first { $0.name == kind } }
    }

    /// All types with what questions across types must know.
    var known: [StateQuestion.KnownType] {
        var names: [(channel: Name, type: Name)] = []
        for type in all where !names.contains(where: { $0 == (type.channel, type.type) }) {
            names.append((type.channel, type.type))
        }
        return names.map { name in
            let scope = EventScope(runID: nil, channel: name.channel, eventType: name.type)
            return .init(
                channel: name.channel, type: name.type, keyFields: keyFields(scope), sources: inside(scope).map(\.sourceID))
        }
    }

    /// Those of the tables that may have events of the run.
    func tables(_ tables: [StoredTable]) -> [StoredTable] {
        guard !all.isEmpty else { return tables }
        return tables.filter { table in
            guard let channel = table.channel, let type = table.type else { return true }
            return all.contains { $0.channel == channel && $0.type == type }
        }
    }
}

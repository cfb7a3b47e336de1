/// What the collector knows of a run that is compared, apart from its events.
import TeltelControl
import TeltelEvents

package struct ComparedRun: Sendable {
    package let runID: String
    /// Everything of it has been stored, or is accounted for.
    package let isComplete: Bool
    /// Events that never came into a ring, and accepted ones that will not be stored.
    package let refused, lost: UInt64
    package let types: [RunRecord.EventType]
    /// JSON text; "" if none.
    package let configuration: String
    package let seed: UInt64?
    package let engineVersion: String

    package init(_ record: RunRecord) {
        runID = record.runID.text
        isComplete = record.status != .running && record.isAccountedFor
        refused = record.refused.values.reduce(0, &+)
        lost = record.lostByReason.values.reduce(0, &+)
        types = record.types
        configuration = record.config
        seed = record.seed
        engineVersion = record.engineVersion
    }

    /// Those of the names (`payload.wheelId`) that tell rows of one frame apart, as the run's engines say, in order of definition.
    func declaredKeys(_ channel: Name, _ type: Name, among names: [String]) -> [String] {
        Self.names(fields(channel, type).filter(\.key).map(\.name), among: names)
    }

    /// Those of the names that are no part of the simulation.
    func measured(_ channel: Name, _ type: Name, among names: [String]) -> Set<String> {
        var declared = fields(channel, type).filter(\.measured).map(\.name)
        if Field.hasMeasured(type) { declared += WellKnownTypes.measuredFields(of: type) }
        if declared.isEmpty { return [] }
        // What of the payload is kept as text may have them, too.
        return Set(Self.names(declared, among: names)).union(["rest"])
    }

    private func fields(_ channel: Name, _ type: Name) -> [RunRecord.FieldRecord] {
        types.filter { $0.channel == channel && $0.type == type }.flatMap(\.fields)
    }

    /// `payload.gear[2]` is one of `gear`.
    static func names(_ fields: [Name], among names: [String]) -> [String] {
        var found: [String] = []
        for field in fields {
            let prefix = Array("payload.\(field.text)".utf8)
            for name in names where name.utf8.starts(with: prefix) && !found.contains(name) {
                let next = name.utf8.dropFirst(prefix.count).first
                if next == nil || next == UInt8(ascii: "[") { found.append(name) }
            }
        }
        return found
    }
}

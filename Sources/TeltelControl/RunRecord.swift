/// What is known about one run apart from its events.
import TeltelEvents

/// A run as people see it. One run id may have several sources (programs) and, over time, several instances.
package struct RunRecord: Sendable, Codable, Equatable {
    package enum Status: String, Sendable, Codable { case running, completed, failed, cancelled }

    package struct EventType: Sendable, Codable, Equatable {
        package var sourceID: Name
        package var channel: Name
        package var type: Name
        /// Events of this type that were accepted into a ring and seen since.
        package var accepted: UInt64
        package var fields: [FieldRecord]

        /// What is always measured is so in records of earlier versions, too.
        package init(sourceID: Name, channel: Name, type: Name, accepted: UInt64 = 0, fields: [FieldRecord] = []) {
            self.sourceID = sourceID
            self.channel = channel
            self.type = type
            self.accepted = accepted
            self.fields = fields
            for (index, field) in fields.enumerated()
            where Field.isAlwaysMeasured(field.name, of: type) && !field.key && !field.input {
                self.fields[index].measured = true
            }
        }
    }
    /// Events of one type that were refused, or overwritten, at the engine.
    package struct TypeRefusals: Sendable, Codable, Equatable {
        package var sourceID: Name
        package var channel: Name
        /// "" for events of unknown type, and for those of types beyond the counted ones.
        package var type: Name
        package var byReason: [String: UInt64]

        package init(sourceID: Name, channel: Name, type: Name, byReason: [String: UInt64]) {
            self.sourceID = sourceID
            self.channel = channel
            self.type = type
            self.byReason = byReason
        }
    }
    /// A stretch of frames in which events of the run went missing.
    package struct Loss: Sendable, Codable, Equatable {
        package enum Kind: String, Sendable, Codable { case refused, lost }
        /// More stretches of a run are joined with their neighbours.
        package static let mostOfARun = 100
        package var kind: Kind
        package var reason: String
        /// Both belong to it.
        package var from, to: UInt64
        package var count: UInt64

        package init(kind: Kind, reason: String, from: UInt64, to: UInt64, count: UInt64) {
            self.kind = kind
            self.reason = reason
            self.from = from
            self.to = to
            self.count = count
        }
    }
    /// Codes are fixed words, messages are for people.
    package struct Warning: Sendable, Codable, Equatable {
        package let code: String
        package let message: String
        package init(code: String, message: String) {
            self.code = code
            self.message = message
        }
    }
    package struct End: Sendable, Codable, Equatable {
        package var status: Status
        package var reason: String?
        package init(status: Status, reason: String?) {
            self.status = status
            self.reason = reason
        }
    }
    package struct FieldRecord: Sendable, Codable, Equatable {
        package var name: Name
        package var kind: String
        package var unit: String
        package var key: Bool
        /// Given to the engine, and of the machine: see ``Field``.
        package var input, measured: Bool
        package var labels: [String]

        package init(
            name: Name, kind: String, unit: String, key: Bool, input: Bool = false, measured: Bool = false, labels: [String]
        ) {
            self.name = name
            self.kind = kind
            self.unit = unit
            self.key = key
            self.input = input
            self.measured = measured
            self.labels = labels
        }

        /// Records and answers of earlier versions have neither inputs nor measured fields.
        package init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                name: try values.decode(Name.self, forKey: .name), kind: try values.decode(String.self, forKey: .kind),
                unit: try values.decode(String.self, forKey: .unit), key: try values.decode(Bool.self, forKey: .key),
                input: try values.decodeIfPresent(Bool.self, forKey: .input) ?? false,
                measured: try values.decodeIfPresent(Bool.self, forKey: .measured) ?? false,
                labels: try values.decode([String].self, forKey: .labels))
        }
    }

    package var runID: Name
    /// What people call it, and what they say about it; nil if nothing.
    package var name: String?
    package var note: String?
    /// The id that the engine gave, if a suffix was added because it had been used before.
    package var originalRunID: Name?
    /// The first of its sources.
    package var sourceID: Name
    /// See ``orderedSources``. nil in records that an earlier version saved.
    package var sources: [Name]? = []
    package var status: Status = .running
    /// Milliseconds since 1970.
    package var startedMs: Int64
    package var endedMs: Int64?
    package var endReason: String?
    package var engineVersion = ""
    package var seed: UInt64?
    @ByName package var tags: [Name: Name] = [:]
    /// JSON text; "" if none.
    package var config = ""
    package var types: [EventType] = []
    package var lastFrame: UInt64 = 0
    package var lastSimTime: Double = 0
    /// Events refused, or overwritten, at the engine, by instance and reason: the newest state of each instance's own counters.
    package var refusedByInstance: [String: [String: UInt64]] = [:]
    /// The same by type. nil in records that an earlier version saved.
    package var refusedTypesByInstance: [String: [TypeRefusals]]? = [:]
    /// Accepted events that a reader took and that will never be stored, by reason. See ``lostByReason``.
    package var lost: [String: UInt64] = [:]
    /// Where they are missing, in the order in which it was seen. nil in records that an earlier version saved.
    package var losses: [Loss]? = []
    /// By ring: so many of the events it has refused for lack of room are placed among `losses`. nil in records that an earlier
    /// version saved.
    package var placedByRing: [String: UInt64]? = [:]
    /// What whoever reads this run's numbers should know. nil in records that an earlier version saved.
    package var warnings: [Warning]? = []
    /// What people have changed about its tags, over what its engines say; nil takes a tag away.
    @ByName package var changedTags: [Name: Name?] = [:]
    /// Sources that have posted `run.start`. nil in records that an earlier version saved.
    package var startedSources: [Name]? = []
    /// How the sources that have posted `run.end` ended, as long as others go on: the worst of them.
    package var worstEnd: End?
    /// When this collector first heard of it, by its own clock; milliseconds since 1970. nil in records that an earlier version
    /// saved.
    package var receivedMs: Int64?
    /// Posted lines that were no events, by code.
    package var rejectedLines: [String: UInt64] = [:]
    /// By ring that is still there: everything before that position is part of `types`. A restarted collector sees some events
    /// again.
    package var counted: [String: UInt64] = [:]
    /// Of all sources; 16 hex digits each.
    package var instances: [String] = []
    package var storedEvents: UInt64 = 0
    /// Accepted events that came while their collector stored none (`--no-storage`): they were live only. nil in records that an
    /// earlier version saved.
    package var unstoredEvents: UInt64? = 0
    /// Accepted events that came behind the `run.end` of their source; they are part of all counts. nil in records that an
    /// earlier version saved.
    package var lateEvents: UInt64? = 0
    /// Sources that have posted `run.end`. nil in records that an earlier version saved.
    package var endedSources: [Name]? = []
    /// Its final row stands in `run_metadata`.
    package var isRecorded = false

    package init(runID: Name, sourceID: Name, startedMs: Int64) {
        self.runID = runID
        self.sourceID = sourceID
        self.startedMs = startedMs
    }

    /// Says it once.
    package mutating func warn(_ code: String, _ message: String) {
        if warnings?.contains(where: { $0.code == code }) != true {
            warnings = (warnings ?? []) + [Warning(code: code, message: message)]
        }
    }

    /// By which runs are put in order: never by a sender's clock.
    package var orderMs: Int64 { receivedMs ?? startedMs }

    /// Tags as an engine or a posted `run.start` gives them; what people have changed stays changed.
    package mutating func take(tags pairs: [(key: Name, value: Name)]) {
        for pair in pairs { tags[pair.key] = pair.value }
        change(tags: [:])
    }
    /// nil takes a tag away.
    package mutating func change(tags changes: [Name: Name?]) {
        changedTags.merge(changes) { $1 }
        for (key, value) in changedTags { tags[key] = value }
    }

    /// Events refused at the engine, by reason.
    package var refused: [String: UInt64] { producerCounts.filter { $0.key != Self.overwrittenReason } }

    /// Accepted events that will never be stored, by reason: those that their engine has overwritten are among them.
    package var lostByReason: [String: UInt64] {
        overwritten == 0 ? lost : lost.merging([Self.overwrittenReason: overwritten]) { $0 &+ $1 }
    }

    /// Accepted by the engine's library, and overwritten under its policy before a reader had taken them.
    package var overwritten: UInt64 { producerCounts[Self.overwrittenReason] ?? 0 }
    private static let overwrittenReason = "overwritten"

    /// Accepted events that were nowhere but in rings, when these went: with the power, or because somebody removed them.
    package var goneWithRings: UInt64 { lost[Self.ringsGoneReason] ?? 0 }
    package static let ringsGoneReason = "rings_gone"

    /// None of the run's rings is left, and so nothing more will come of what it has accepted until now.
    /// - Parameter kept: so many of its events are out of the rings, whatever became of them since.
    package mutating func loseRings(kept: UInt64) {
        let everKept = max(kept, storedEvents &+ lost.values.reduce(0, &+) &- goneWithRings)
        let taken = max(acceptedAtLeast, seen &- min(seen, overwritten))
        let outOfRings = everKept &+ unstored
        guard taken > outOfRings &+ goneWithRings else { return }
        lost[Self.ringsGoneReason] = taken &- outOfRings
        isRecorded = false
    }

    /// See ``unstoredEvents``.
    package var unstored: UInt64 { unstoredEvents ?? 0 }
    /// Every accepted event is stored, lost, or was live only: nothing is on its way any more.
    package var isAccountedFor: Bool { storedEvents &+ lostByReason.values.reduce(0, &+) &+ unstored >= accepted }

    private var producerCounts: [String: UInt64] {
        refusedByInstance.values.reduce(into: [:]) { sums, counts in sums.merge(counts) { $0 &+ $1 } }
    }

    /// Events that the reader that keeps them has taken over: more than were counted by type when the live reader came late or
    /// was lapped.
    package var acceptedAtLeast: UInt64 = 0
    package var accepted: UInt64 { max(acceptedAtLeast &+ overwritten, seen) }
    /// By the live reader.
    package var seen: UInt64 { types.reduce(0) { $0 + $1.accepted } }
}

extension RunRecord.FieldRecord {
    package init(_ field: Field) {
        let array = field.count > 1 && field.kind != .text ? "[\(field.count)]" : ""
        self.init(
            name: field.name, kind: field.kind.name + array, unit: field.unit, key: field.isKey, input: field.isInput,
            measured: field.isMeasured, labels: field.labels)
    }
}

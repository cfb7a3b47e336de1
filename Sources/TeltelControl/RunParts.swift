/// A run's record in the parts in which it is kept: each is written when it has changed, so that a count that moves does not write
/// thousands of types again.
import Foundation
import TeltelEvents

/// What people have said about a run: nothing else can bring it back.
package struct RunWords: Sendable, Equatable {
    package var name, note: String?
    /// See ``RunRecord/changedTags``.
    package var changedTags: [Name: Name?]

    package init(name: String? = nil, note: String? = nil, changedTags: [Name: Name?] = [:]) {
        self.name = name
        self.note = note
        self.changedTags = changedTags
    }

    package var isEmpty: Bool { name == nil && note == nil && changedTags.isEmpty }

    /// What was said before, where these say nothing.
    func over(_ earlier: RunWords) -> RunWords {
        RunWords(
            name: name ?? earlier.name, note: note ?? earlier.note, changedTags: earlier.changedTags.merging(changedTags) { $1 })
    }
}

extension RunRecord {
    package var words: RunWords {
        get { RunWords(name: name, note: note, changedTags: changedTags) }
        set {
            (name, note) = (newValue.name, newValue.note)
            change(tags: newValue.changedTags)
        }
    }
}

struct RunParts: Sendable, Equatable {
    enum Part: String, CaseIterable, Sendable { case identity, lifecycle, schema, counts }

    struct Identity: Sendable, Codable, Equatable {
        var originalRunID: Name?
        var sourceID: Name
        var sources: [Name]?
        var instances: [String]
        var startedMs: Int64
        var receivedMs: Int64?
        var engineVersion: String
        var seed: UInt64?
        @ByName var tags: [Name: Name]
        var config: String
    }
    struct Lifecycle: Sendable, Codable, Equatable {
        var status: RunRecord.Status
        var endedMs: Int64?
        var endReason: String?
        var startedSources, endedSources: [Name]?
        var worstEnd: RunRecord.End?
        var warnings: [RunRecord.Warning]?
        var isRecorded: Bool
    }
    struct Schema: Sendable, Codable, Equatable {
        struct EventType: Sendable, Codable, Equatable {
            var sourceID, channel, type: Name
            var fields: [RunRecord.FieldRecord]
        }
        var types: [EventType]
    }
    struct Counts: Sendable, Codable, Equatable {
        /// In the order of the schema's types.
        var accepted: [UInt64]
        var acceptedAtLeast: UInt64
        var lastFrame: UInt64
        var lastSimTime: Double
        var refusedByInstance: [String: [String: UInt64]]
        var refusedTypesByInstance: [String: [RunRecord.TypeRefusals]]?
        var lost: [String: UInt64]
        var losses: [RunRecord.Loss]?
        var placedByRing: [String: UInt64]?
        var rejectedLines: [String: UInt64]
        var counted: [String: UInt64]
        var storedEvents: UInt64
        var unstoredEvents, lateEvents: UInt64?
    }
    var identity: Identity
    var lifecycle: Lifecycle
    var schema: Schema
    var counts: Counts

    init(_ record: RunRecord) {
        identity = Identity(
            originalRunID: record.originalRunID, sourceID: record.sourceID, sources: record.sources, instances: record.instances,
            startedMs: record.startedMs, receivedMs: record.receivedMs, engineVersion: record.engineVersion, seed: record.seed,
            tags: record.tags, config: record.config)
        lifecycle = Lifecycle(
            status: record.status, endedMs: record.endedMs, endReason: record.endReason, startedSources: record.startedSources,
            endedSources: record.endedSources, worstEnd: record.worstEnd, warnings: record.warnings, isRecorded: record.isRecorded
        )
        schema = Schema(
            types: record.types.map {
                .init(sourceID: $0.sourceID, channel: $0.channel, type: $0.type, fields: $0.fields)
            })
        counts = Counts(
            accepted: record.types.map(\.accepted), acceptedAtLeast: record.acceptedAtLeast, lastFrame: record.lastFrame,
            lastSimTime: record.lastSimTime, refusedByInstance: record.refusedByInstance,
            refusedTypesByInstance: record.refusedTypesByInstance, lost: record.lost, losses: record.losses,
            placedByRing: record.placedByRing, rejectedLines: record.rejectedLines, counted: record.counted,
            storedEvents: record.storedEvents, unstoredEvents: record.unstoredEvents, lateEvents: record.lateEvents)
    }

    func text(_ part: Part) throws -> String {
        switch part {
        case .identity: try StoredJSON.text(identity)
        case .lifecycle: try StoredJSON.text(lifecycle)
        case .schema: try StoredJSON.text(schema)
        case .counts: try StoredJSON.text(counts)
        }
    }

    func isSame(_ part: Part, as other: RunParts) -> Bool {
        switch part {
        case .identity: identity == other.identity
        case .lifecycle: lifecycle == other.lifecycle
        case .schema: schema == other.schema
        case .counts: counts == other.counts
        }
    }
}

extension RunRecord {
    /// Takes one part over from its text; what cannot be read changes nothing. Counts come behind the types that they belong to.
    mutating func take(_ part: RunParts.Part, from text: String) throws {
        switch part {
        case .identity: take(try StoredJSON.value(RunParts.Identity.self, text))
        case .lifecycle: take(try StoredJSON.value(RunParts.Lifecycle.self, text))
        case .schema:
            types = try StoredJSON.value(RunParts.Schema.self, text).types.map {
                EventType(sourceID: $0.sourceID, channel: $0.channel, type: $0.type, fields: $0.fields)
            }
        case .counts: take(try StoredJSON.value(RunParts.Counts.self, text))
        }
    }

    private mutating func take(_ part: RunParts.Identity) {
        originalRunID = part.originalRunID
        sourceID = part.sourceID
        sources = part.sources
        instances = part.instances
        startedMs = part.startedMs
        receivedMs = part.receivedMs
        engineVersion = part.engineVersion
        seed = part.seed
        tags = part.tags
        config = part.config
    }
    private mutating func take(_ part: RunParts.Lifecycle) {
        status = part.status
        endedMs = part.endedMs
        endReason = part.endReason
        startedSources = part.startedSources
        endedSources = part.endedSources
        worstEnd = part.worstEnd
        warnings = part.warnings
        isRecorded = part.isRecorded
    }
    private mutating func take(_ part: RunParts.Counts) {
        for (index, count) in part.accepted.enumerated() where index < types.count { types[index].accepted = count }
        // Of types whose names cannot be read there are the events all the same.
        acceptedAtLeast = max(part.acceptedAtLeast, types.isEmpty ? part.accepted.reduce(0, &+) : 0)
        lastFrame = part.lastFrame
        lastSimTime = part.lastSimTime
        refusedByInstance = part.refusedByInstance
        refusedTypesByInstance = part.refusedTypesByInstance
        lost = part.lost
        losses = part.losses
        placedByRing = part.placedByRing
        rejectedLines = part.rejectedLines
        counted = part.counted
        storedEvents = part.storedEvents
        unstoredEvents = part.unstoredEvents
        lateEvents = part.lateEvents
    }
}

/// JSON as the files have it.
enum StoredJSON {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<Value: Decodable>(_: Value.Type, _ text: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(Value.self, from: Data(text.utf8))
    }
}

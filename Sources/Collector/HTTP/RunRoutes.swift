/// GET /api/runs and /api/run: contract §1, with our additions.
import Foundation
import Hummingbird
import TeltelBooks
import TeltelBus
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelRings
import TeltelRuns

/// One run in the answers, without its tags, which `TagsText` writes, and its types. Fields that are unknown are left out.
struct RunAnswer: Encodable {
    let runId: String
    /// What people call it, and what they say about it.
    let name, note: String?
    let sourceId: String?
    /// Events in the live buffer.
    let size: Int
    /// RFC 3339: the real start.
    let created: String
    let status: String
    let endedAt: String?
    let endReason: String?
    let engineVersion: String?
    let seed: UInt64?
    let channels: [Name]
    let lastFrame: UInt64
    let lastSimTime: Double
    let ratePerSecond: Double
    let accepted: UInt64
    let refused: UInt64
    let lost: UInt64
    /// Refused and lost together.
    let dropped: UInt64
    let stored: UInt64
    /// Accepted while the collector stored nothing.
    let unstored: UInt64
    /// Posted lines that were no events.
    let rejected: UInt64
    let lateEvents: UInt64
    /// RFC 3339: when this collector first heard of it, by its own clock; runs are listed in this order.
    let receivedAt: String
    let warnings: [RunRecord.Warning]

    init(_ snapshot: RunRegistry.Snapshot, size: Int) {
        let record = snapshot.record
        runId = record.runID.text
        name = record.name
        note = record.note
        sourceId = record.sourceID.isEmpty ? nil : record.sourceID.text
        self.size = size
        created = Self.time(record.startedMs)
        status = record.status.rawValue
        endedAt = record.endedMs.map(Self.time)
        endReason = record.endReason
        engineVersion = record.engineVersion.isEmpty ? nil : record.engineVersion
        seed = record.seed
        channels = Array(Set(record.types.map(\.channel))).sorted()
        lastFrame = record.lastFrame
        lastSimTime = record.lastSimTime
        ratePerSecond = snapshot.ratePerSecond
        accepted = record.accepted
        refused = record.refused.values.reduce(0, &+)
        lost = record.lostByReason.values.reduce(0, &+)
        dropped = refused &+ lost
        stored = record.storedEvents
        unstored = record.unstored
        rejected = record.rejectedLines.values.reduce(0, &+)
        lateEvents = record.lateEvents ?? 0
        receivedAt = Self.time(record.orderMs)
        warnings = record.warnings ?? []
    }

    static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }
}

/// The same with everything that is known about one run.
struct RunDetailAnswer: Encodable {
    struct TypeDetail: Encodable {
        let sourceId, channel, type: Name
        let accepted: UInt64
        let fields: [RunRecord.FieldRecord]
    }
    /// Marks of one ring, as positions in it.
    struct Writer: Encodable {
        let instance: String
        let writer: UInt16
        let name: String
        /// Written by the engine; seen by the live reader; on disk; acknowledged by ClickHouse; free for the engine.
        let head, live, spooled, stored, released: UInt64
    }
    private let run: RunAnswer
    let tags: [Name: Name]
    /// In the order in which the collector first heard of them.
    private let sources: [Name]
    private let types: [TypeDetail]
    private let writers: [Writer]
    struct Rejected: Encodable {
        let line: Int
        let code, message: String
        /// RFC 3339.
        let at: String
    }
    private let refusedByReason, lostByReason, rejectedByCode: [String: UInt64]
    /// Refused or overwritten events, by type and reason.
    struct RefusedType: Encodable {
        let sourceId, channel, type: Name
        var byReason: [String: UInt64]
    }
    private let refusedByType: [RefusedType]
    private let rejectedLines: [Rejected]
    private let losses: [RunRecord.Loss]
    private let config: String?
    private let missedBytes: UInt64
    /// Stored rows that `telemetry_events` cannot show; nil: none, or storage does not say.
    private let eventsBeyond32Bits: UInt64?

    init(_ snapshot: RunRegistry.Snapshot, size: Int, writers: [Writer], eventsBeyond32Bits: UInt64?) {
        let record = snapshot.record
        run = RunAnswer(snapshot, size: size)
        tags = record.tags
        sources = record.orderedSources
        types = record.types.map {
            TypeDetail(sourceId: $0.sourceID, channel: $0.channel, type: $0.type, accepted: $0.accepted, fields: $0.fields)
        }
        self.writers = writers
        refusedByReason = record.refused
        lostByReason = record.lostByReason
        refusedByType = Self.refused(record)
        rejectedByCode = record.rejectedLines
        rejectedLines = snapshot.rejectedLines.map {
            Rejected(line: $0.line, code: $0.code, message: $0.message, at: RunAnswer.time($0.atMs))
        }
        losses = record.losses ?? []
        config = record.config.isEmpty ? nil : record.config
        missedBytes = snapshot.missedBytes
        self.eventsBeyond32Bits = eventsBeyond32Bits
    }

    private enum Key: CodingKey {
        case sources, types, writers, refusedByReason, refusedByType, lostByReason, rejectedByCode, rejectedLines, losses
        case config, missedBytes, eventsBeyond32Bits
    }

    /// Of all instances of the run.
    private static func refused(_ record: RunRecord) -> [RefusedType] {
        var sums: [RefusedType] = []
        for one in (record.refusedTypesByInstance ?? [:]).sorted(by: { $0.key < $1.key }).flatMap(\.value) {
            let same = sums.firstIndex { $0.sourceId == one.sourceID && $0.channel == one.channel && $0.type == one.type }
            if let same {
                sums[same].byReason.merge(one.byReason) { $0 &+ $1 }
            } else {
                sums.append(
                    RefusedType(sourceId: one.sourceID, channel: one.channel, type: one.type, byReason: one.byReason))
            }
        }
        return sums
    }

    func encode(to encoder: any Encoder) throws {
        try run.encode(to: encoder)
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(sources, forKey: .sources)
        try values.encode(types, forKey: .types)
        try values.encode(writers, forKey: .writers)
        try values.encode(refusedByReason, forKey: .refusedByReason)
        try values.encode(refusedByType, forKey: .refusedByType)
        try values.encode(lostByReason, forKey: .lostByReason)
        try values.encode(rejectedByCode, forKey: .rejectedByCode)
        try values.encode(rejectedLines, forKey: .rejectedLines)
        try values.encode(losses, forKey: .losses)
        try values.encodeIfPresent(config, forKey: .config)
        try values.encode(missedBytes, forKey: .missedBytes)
        try values.encodeIfPresent(eventsBeyond32Bits, forKey: .eventsBeyond32Bits)
    }
}

struct RunRoutes: Sendable {
    let registry: RunRegistry
    let catalogue: RunCatalogue
    let bus: EventBus
    let writers: @Sendable (Name) -> [RunDetailAnswer.Writer]
    /// Asks storage.
    let eventsBeyond32Bits: @Sendable (Name) async -> UInt64?

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(RunEndpoints.list) { request, _ in
            if let limit = try request.integer(RunEndpoints.limit) { return try await page(request, limit) }
            guard let cursor = request.text(RunEndpoints.after) else {
                return try await list(registry.snapshots(after: nil)) { _ in RunListText() }
            }
            let difference = registry.snapshots(after: RunsCursor(text: cursor)?.revision)
            let changes = RunChangesAnswer(
                cursor: RunsCursor(revision: difference.revision).text, complete: difference.isComplete,
                removed: difference.removed)
            return try await list(difference) { try RunListText(in: changes, &$0) }
        }
        router.on(RunEndpoints.read) { request, _ in
            let runID = try Self.runID(request)
            guard let snapshot = await catalogue.run(runID) else { throw Self.unknown(runID) }
            // Only of such a run there are any.
            let beyond = snapshot.record.lastFrame > UInt64(UInt32.max) ? await eventsBeyond32Bits(runID) : nil
            let answer = RunDetailAnswer(
                snapshot, size: bus.bufferedEvents(runID), writers: writers(runID), eventsBeyond32Bits: beyond)
            return try TagsText.response(answer, answer.tags)
        }
    }

    private struct PageHead: Encodable { let before: String }

    private func page(_ request: Request, _ limit: Int) async throws -> Response {
        let place = try request.text(RunEndpoints.before).map { text in
            guard let place = RunPlace(text: text) else {
                throw APIError(
                    .badRequest, "bad-parameter", "before=\(text) is not a place in the run list",
                    hint: "pass the `before` value that an answer with limit gives")
            }
            return place
        }
        let page = try await catalogue.page(before: place, limit: limit)
        var text: [UInt8] = []
        var list = try RunListText(in: PageHead(before: page.next?.text ?? ""), &text)
        try list.append(entries(page.runs), to: &text)
        list.end(&text)
        return JSONAnswer.response(bytes: ByteBuffer(bytes: text))
    }

    /// What has changed; or all runs, running ones on top, then the others page by page. In one piece, unless there are very many.
    private func list(
        _ difference: RunRegistry.Difference, _ begin: (inout [UInt8]) throws -> RunListText
    ) async throws -> Response {
        var text: [UInt8] = []
        var list = try begin(&text)
        try list.append(entries(difference.runs), to: &text)
        guard difference.isComplete else {
            list.end(&text)
            return JSONAnswer.response(bytes: ByteBuffer(bytes: text))
        }
        let shown = Set(difference.runs.map(\.record.runID))
        var next: RunPlace?
        repeat {
            next = try await append(before: next, except: shown, to: &list, &text)
        } while next != nil && text.count < Self.pieceBytes
        guard let next else {
            list.end(&text)
            return JSONAnswer.response(bytes: ByteBuffer(bytes: text))
        }
        return rest(of: list, behind: text, before: next, except: shown)
    }
    private static let pieceBytes = 1 << 20
    private static let pageRuns = 256

    private func rest(of list: RunListText, behind text: [UInt8], before place: RunPlace, except shown: Set<Name>) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody { [self] writer in
                var (list, text, next) = (list, text, RunPlace?.some(place))
                while next != nil {
                    try await writer.write(ByteBuffer(bytes: text))
                    text.removeAll(keepingCapacity: true)
                    next = try await append(before: next, except: shown, to: &list, &text)
                }
                list.end(&text)
                try await writer.write(ByteBuffer(bytes: text))
                try await writer.finish(nil)
            })
    }

    /// Returns where the next page begins.
    private func append(
        before place: RunPlace?, except shown: Set<Name>, to list: inout RunListText, _ text: inout [UInt8]
    ) async throws -> RunPlace? {
        let page = try await catalogue.page(before: place, limit: Self.pageRuns)
        try list.append(entries(page.runs.filter { !shown.contains($0.record.runID) }), to: &text)
        return page.next
    }

    private func entries(_ snapshots: [RunRegistry.Snapshot]) -> [RunListEntry] {
        snapshots.map { RunListEntry($0, size: bus.bufferedEvents($0.record.runID)) }
    }

    static func runID(_ request: Request) throws -> Name {
        Name(try request.required(RunEndpoints.runID))
    }
    static func unknown(_ runID: Name) -> APIError {
        APIError(.notFound, "unknown-run", "no run \(runID) is known", hint: "GET /api/runs lists them")
    }
}

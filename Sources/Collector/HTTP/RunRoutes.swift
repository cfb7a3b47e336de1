/// GET /api/runs and /api/run: contract §1, with our additions.
import Foundation
import Hummingbird
import TeltelAPI
import TeltelBooks
import TeltelBus
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelRings
import TeltelRuns

struct RunRoutes: Sendable {
    let registry: RunRegistry
    let catalogue: RunCatalogue
    let bus: EventBus
    let writers: @Sendable (Name) -> [RunDetailAnswer.Writer]
    /// Asks storage.
    let eventsBeyond32Bits: @Sendable (Name) async -> UInt64?
    let fingerprints: RunFingerprints

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
                snapshot, size: bus.bufferedEvents(runID), writers: writers(runID), eventsBeyond32Bits: beyond,
                same: await fingerprints.of(snapshot.record))
            return try TagsText.response(answer, snapshot.record.tags)
        }
    }

    private func page(_ request: Request, _ limit: Int) async throws -> Response {
        let place = try request.text(RunEndpoints.before).map { text in
            guard let place = RunPlace(text: text) else {
                throw APIError(
                    .badRequest, "bad-parameter", "before=\(text) is not a place in the run list",
                    hint: "pass the `before` value that an answer with limit gives")
            }
            return place
        }
        // Before the page is read: what changes meanwhile is told by `after`, at worst twice.
        let known = registry.snapshots(after: nil)
        let page = try await catalogue.page(before: place, limit: limit)
        let shown = Set(page.runs.map(\.record.runID))
        let running = known.runs.filter { place == nil && $0.record.status == .running && !shown.contains($0.record.runID) }
        let head = RunPageAnswer(cursor: RunsCursor(revision: known.revision).text, before: page.next?.text ?? "")
        var text = try TagsText.open(head)
        JSONText.append(",\"running\":", to: &text)
        try append(running, to: &text)
        JSONText.append(",\"runs\":", to: &text)
        try append(page.runs, to: &text)
        JSONText.append("}", to: &text)
        return JSONAnswer.response(bytes: ByteBuffer(bytes: text))
    }

    private func append(_ runs: [RunRegistry.Snapshot], to text: inout [UInt8]) throws {
        var list = RunListText()
        try list.append(entries(runs), to: &text)
        list.end(&text)
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

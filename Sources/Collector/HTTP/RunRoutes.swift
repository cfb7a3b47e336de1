/// GET /api/runs and /api/run: contract §1, with our additions.
import Foundation
import Hummingbird
import TeltelAPI
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

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(RunEndpoints.list) { request, _ in
            if let limit = try request.integer(RunEndpoints.limit) { return try await page(request, limit) }
            guard let cursor = request.text(RunEndpoints.after) else {
                return try await list(registry.snapshots(), withOlder: true) { _ in RunListText() }
            }
            let difference = registry.snapshots(after: RunsCursor(text: cursor)?.revision)
            let changes = RunChangesAnswer(
                cursor: RunsCursor(revision: difference.revision).text, complete: difference.isComplete,
                removed: difference.removed)
            return try await list(difference.runs, withOlder: difference.isComplete) { try RunListText(in: changes, &$0) }
        }
        router.on(RunEndpoints.read) { request, _ in
            let runID = try Self.runID(request)
            guard let snapshot = await registry.recall(runID) else { throw Self.unknown(runID) }
            // Only of such a run there are any.
            let beyond = snapshot.record.lastFrame > UInt64(UInt32.max) ? await eventsBeyond32Bits(runID) : nil
            let answer = RunDetailAnswer(
                snapshot, size: bus.bufferedEvents(runID), writers: writers(runID), eventsBeyond32Bits: beyond)
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

    /// In one piece, unless there are very many.
    private func list(
        _ first: [RunRegistry.Snapshot], withOlder: Bool, _ begin: (inout [UInt8]) throws -> RunListText
    ) async throws -> Response {
        var text: [UInt8] = []
        var list = try begin(&text)
        try list.append(entries(first), to: &text)
        let known = withOlder ? Set(first.map(\.record.runID)) : []
        var next: RunPlace?
        var isWhole = !withOlder
        while !isWhole, text.count < Self.pieceBytes {
            guard let part = try await catalogue.older(than: known, before: next) else { break }
            try list.append(entries(part.runs), to: &text)
            next = part.next
            isWhole = next == nil
        }
        // Without a store nothing is older; with one, a large first part may leave all of it to be read.
        guard !isWhole, catalogue.store != nil else {
            list.end(&text)
            return JSONAnswer.response(bytes: ByteBuffer(bytes: text))
        }
        return rest(of: list, behind: text, before: next, except: known)
    }
    private static let pieceBytes = 1 << 20

    private func rest(of list: RunListText, behind text: [UInt8], before place: RunPlace?, except known: Set<Name>) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody { [self] writer in
                var (list, text, next) = (list, text, place)
                repeat {
                    try await writer.write(ByteBuffer(bytes: text))
                    text.removeAll(keepingCapacity: true)
                    guard let part = try await catalogue.older(than: known, before: next) else { break }
                    try list.append(entries(part.runs), to: &text)
                    next = part.next
                } while next != nil
                list.end(&text)
                try await writer.write(ByteBuffer(bytes: text))
                try await writer.finish(nil)
            })
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

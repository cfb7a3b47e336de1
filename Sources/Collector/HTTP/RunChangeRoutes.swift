/// DELETE and PATCH /api/run.
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix
import TeltelAPI
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelHTTP
import TeltelRuns

struct RunChangeRoutes: Sendable {
    let registry: RunRegistry
    let catalogue: RunCatalogue
    let bookkeeper: Bookkeeper
    let removal: RunRemoval
    let work: StorageWork

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(RunEndpoints.remove) { request, _ in
            let runID = try RunRoutes.runID(request)
            do {
                try await work.change { [removal] in try removal.remove(runID) }
            } catch let error as RunRemovalError { throw Self.answer(error, runID) }
            return try JSONAnswer.response(RunRemovedAnswer(runId: runID))
        }
        router.on(RunEndpoints.change) { request, _ in
            let runID = try RunRoutes.runID(request)
            let change = try await Self.change(request)
            _ = await catalogue.run(runID)
            let isKnown = registry.update(runID) { record in
                if let name = change.name { record.name = name.isEmpty ? nil : name }
                if let note = change.note { record.note = note.isEmpty ? nil : note }
                if let tags = change.tags {
                    record.change(tags: tags)
                    record.isRecorded = false
                }
            }
            guard isKnown, let record = registry.snapshot(runID)?.record else { throw RunRoutes.unknown(runID) }
            // What has been answered is kept, whatever happens to the collector then.
            try await NIOThreadPool.singleton.runIfActive { [bookkeeper] in bookkeeper.keep() }
            return try TagsText.response(RunChangedAnswer(runId: runID, name: record.name, note: record.note), record.tags)
        }
    }

    private static let tagsMax = 256
    private static let nameBytesMax = 255
    private static let noteBytesMax = 16 << 10

    private static func change(_ request: Request) async throws -> RunChange {
        let hint = #"send {"name": "…", "note": "…", "tags": {"key": "value", "other": null}}, one or more of them"#
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Endpoints.bodyBytesMax)
        } catch {
            throw APIError(.contentTooLarge, "body-too-large", "the body must not exceed 64 KiB", hint: hint)
        }
        // Whatever is wrong with the body, the answer is the same: the hint shows a right one.
        guard let change = try? JSONDecoder().decode(RunChange.self, from: Data(buffer: body)),
            !change.isEmpty
        else {
            throw APIError(.badRequest, "bad-change", "the body must be a JSON object with a name, a note or tags", hint: hint)
        }
        guard change.name?.utf8.count ?? 0 <= nameBytesMax, change.note?.utf8.count ?? 0 <= noteBytesMax else {
            throw APIError(
                .badRequest, "bad-change", "a name has at most \(nameBytesMax) bytes, a note \(noteBytesMax)", hint: "shorten it")
        }
        let tags = change.tags ?? [:]
        guard tags.count <= tagsMax,
            tags.allSatisfy({ (1...nameBytesMax).contains($0.key.utf8.count) && $0.value?.utf8.count ?? 0 <= nameBytesMax })
        else {
            throw APIError(
                .badRequest, "bad-change",
                "at most \(tagsMax) tags at a time; a key has 1 to \(nameBytesMax) bytes, a value at most as many",
                hint: hint)
        }
        return change
    }

    private static func answer(_ error: RunRemovalError, _ runID: Name) -> APIError {
        switch error {
        case .unknown: RunRoutes.unknown(runID)
        case .running:
            APIError(.conflict, "run-is-running", "\(runID): \(error.explanation)", hint: "end its engine, or post its run.end")
        case .pinned(let names):
            APIError(
                .conflict, "run-is-a-baseline", "\(runID): \(error.explanation)",
                hint: "give another run the name, or DELETE /api/baselines/\(names.first ?? "NAME")")
        case .underway:
            APIError(
                .conflict, "run-is-underway", "\(runID): \(error.explanation)",
                hint: "try again", retryAfterSeconds: 5)
        case .storageAway:
            APIError(
                .serviceUnavailable, "storage-failed", error.explanation,
                hint: "GET /api/ready shows the state of storage", retryAfterSeconds: 5)
        case .withoutStorage:
            APIError(
                .serviceUnavailable, "storage-off", "\(runID): \(error.explanation)", hint: "start it without --no-storage")
        case .failed:
            APIError(
                .internalServerError, "removal-failed", "\(runID): \(error.explanation)",
                hint: "try again once that is fixed")
        }
    }
}

/// GET /api/storage: what is stored, and what waits.
import Foundation
import Hummingbird
import NIOPosix
import TeltelAPI
import TeltelBooks
import TeltelHTTP
import TeltelStorage

struct StorageRoutes: Sendable {
    let storage: Storage?
    let retention: Retention
    let work: StorageWork

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(StorageEndpoints.state) { _, _ in
            let storage = try kept()
            return try JSONAnswer.response(await work.look { Self.answer(storage) })
        }
        router.on(StorageEndpoints.migrate) { request, _ in
            let storage = try kept()
            return try JSONAnswer.response(await migrate(storage, try await Self.read(request).dryRun ?? false))
        }
        router.on(StorageEndpoints.prune) { request, _ in
            _ = try kept()
            return try JSONAnswer.response(await prune(try await Self.read(request)))
        }
    }

    private func kept() throws -> Storage {
        guard let storage else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector runs without storage", hint: "start it without --no-storage")
        }
        return storage
    }

    private static func read(_ request: Request) async throws -> StorageRequest {
        // Too large a body and one that is no such object get the same answer: the hint says what to send.
        guard let body = try? await request.body.collect(upTo: Endpoints.bodyBytesMax),
            let wanted = body.readableBytes == 0
                ? StorageRequest() : try? JSONDecoder().decode(StorageRequest.self, from: Data(buffer: body))
        else {
            throw APIError(
                .badRequest, "bad-retention", "the body is not such a JSON object",
                hint: #"send {"retain": "failed=7d", "retainMib": 1024, "dryRun": true}, or nothing"#)
        }
        return wanted
    }

    private func migrate(_ storage: Storage, _ onlyLooks: Bool) async throws -> MigrationAnswer {
        do {
            let plan = try await work.change {
                try onlyLooks ? storage.tables.plannedMigration() : storage.tables.migrate()
            }
            return MigrationAnswer(dryRun: onlyLooks, events: plan.events, runs: plan.runs, statements: plan.statements)
        } catch let error as ClickHouseError {
            throw APIError(
                .serviceUnavailable, "storage-failed", "ClickHouse: \(error)",
                hint: "GET /api/ready shows the state of storage; repeating the request continues where it stopped",
                retryAfterSeconds: 5)
        }
    }

    private func prune(_ request: StorageRequest) async throws -> PruneAnswer {
        let onlyLooks = request.dryRun ?? false
        let outcomes: [Retention.Outcome]
        do {
            let own = request.retain == nil && request.retainMib == nil
            let policy = own ? nil : try RetentionPolicy(ages: request.retain ?? "", mebibytes: request.retainMib)
            outcomes = try await work.change { [retention] in
                try retention.prune(policy, onlyLooks: onlyLooks)
            }
        } catch let error as RetentionError {
            throw APIError(.badRequest, "bad-retention", error.description, hint: "ages are such as failed=7d,completed=12h")
        } catch let error as ClickHouseError {
            throw APIError(
                .serviceUnavailable, "storage-failed", "ClickHouse: \(error)", hint: "GET /api/ready shows the state of storage",
                retryAfterSeconds: 5)
        }
        return PruneAnswer(
            dryRun: onlyLooks,
            runs: outcomes.map { outcome in
                let run = outcome.candidate.run
                return .init(
                    runId: run.runID.text, status: run.status, reason: outcome.candidate.reason, rows: run.rows, bytes: run.bytes,
                    problem: outcome.problem)
            })
    }

    private static func answer(_ storage: Storage) -> StorageAnswer {
        let status = storage.status()
        let damage = status.spool.damage
        var tables: [TableSize] = []
        if status.isReached {
            // Away since just now: then there are no tables to be seen, as before.
            tables = (try? storage.tables.sizes()) ?? []
        }
        return StorageAnswer(
            state: status.state.rawValue, detail: status.detail,
            spool: .init(
                waitingSegments: status.spool.segmentsWaiting, waitingRows: storage.waitingRows,
                waitingBytes: status.spool.waitingBytes, fileBytes: status.spool.fileBytes, limitBytes: status.spool.limitBytes,
                damaged: damage.segments + damage.logs + damage.manifests, lastError: status.spool.lastError),
            inserts: .init(
                storedRows: status.inserter.rowsStored, storedGroups: status.inserter.groupsStored,
                waitingGroups: status.inserter.groupsWaiting, refusedRows: status.inserter.rowsRefused,
                surplusRows: status.inserter.surplusRows,
                waitingTables: status.inserter.tablesWaiting.count, missingTables: status.missingTables,
                lastError: status.inserter.lastError, givenUpRows: status.inserter.givenUp.rows,
                givenUp: status.inserter.givenUp.sorted.map { type, entry in
                    .init(channel: type.channel.text, type: type.type.text, rows: entry.rows, reason: entry.reason)
                }),
            sharingTypes: status.sharingTypes,
            tables: tables.map {
                .init(
                    name: $0.name, channel: $0.key?.channel.text, type: $0.key?.type.text, rows: $0.rows, bytes: $0.bytes,
                    parts: $0.parts)
            })
    }
}

/// GET /api/storage: what is stored, and what waits.
import Hummingbird
import NIOPosix
import TeltelStorage

struct StorageAnswer: Codable, Sendable {
    struct Table: Codable, Sendable {
        let name: String
        /// Of `events_other` none.
        let channel, type: String?
        let rows, bytes, parts: UInt64
    }
    struct Spool: Codable, Sendable {
        let waitingSegments, waitingRows, waitingBytes, fileBytes, limitBytes, damaged: Int
        let lastError: String?
    }
    struct Inserts: Codable, Sendable {
        let storedRows, storedGroups, waitingGroups, refusedRows: Int
        let lastError: String?
    }
    let state, detail: String
    let spool: Spool
    let inserts: Inserts
    /// None while ClickHouse is away.
    let tables: [Table]
}

struct StorageRoutes: Sendable {
    let storage: Storage?

    func add(to router: Router<ConnectionContext>) {
        router.get("api/storage") { _, _ in
            guard let storage else {
                throw APIError(
                    .serviceUnavailable, "storage-off", "this collector keeps nothing", hint: "start it without --no-storage")
            }
            return try JSONAnswer.response(await NIOThreadPool.singleton.runIfActive { Self.answer(storage) })
        }
    }

    private static func answer(_ storage: Storage) -> StorageAnswer {
        let status = storage.status()
        let damage = status.spool.damage
        var tables: [TableSize] = []
        if status.isReady {
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
                lastError: status.inserter.lastError),
            tables: tables.map {
                .init(
                    name: $0.name, channel: $0.key?.channel, type: $0.key?.type, rows: $0.rows, bytes: $0.bytes, parts: $0.parts)
            })
    }
}

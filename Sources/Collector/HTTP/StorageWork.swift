/// Threads of the port for what waits for ClickHouse apart from the questions of analysis, which have their own: however long that
/// takes, layouts, names and the run list go on.
import TeltelHTTP
import TeltelQuery

struct StorageWork: Sendable {
    /// Which tables there are, and how large: as quick as ClickHouse is.
    private let looks = WorkerPool(name: "looks", threads: 2, waitingMax: 256)
    /// Deletions, pruning, migration: seconds to minutes each.
    private let changes = WorkerPool(name: "changes", threads: 2, waitingMax: 32)

    func look<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        guard let result = try await looks.run(body) else { throw APIError(.busy) }
        return result
    }

    func change<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        guard let result = try await changes.run(body) else {
            throw APIError(
                .serviceUnavailable, "too-many-changes", "too many runs are already being deleted, pruned or migrated",
                hint: "try again in a moment", retryAfterSeconds: 5)
        }
        return result
    }
}

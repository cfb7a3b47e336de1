/// What the inserter tells other threads, and what they ask of it.
import Synchronization
import TeltelEvents

package struct InserterStatus: Sendable, Equatable {
    package var rowsStored = 0
    package var groupsStored = 0
    package var groupsWaiting = 0
    package var rowsWaiting = 0
    package var rowsRefused = 0
    /// Part of them: of tables that are never taken, whose room others needed.
    package var givenUp = GivenUpRows()
    /// Tables whose rows wait.
    package var tablesWaiting: Set<String> = []
    /// Rows that were found in ClickHouse beyond those that were sent: some are there twice.
    package var surplusRows = 0
    /// Runs that have rows in groups of which there were too many.
    package private(set) var surplusRuns: Set<Name> = []
    /// Milliseconds since 1970 of the last acknowledged insert.
    package var lastInsertMs: UInt64?
    package var lastError: String?
    /// False while ClickHouse cannot be reached; `reachError` says why.
    package var isReached = false
    package var reachError: String?
    /// It answers, but not as it should: somebody must act.
    package var isRefused = false
    /// Why ClickHouse, although it is reached, does not take rows.
    package var obstacle: String?

    private static let surplusRunsMax = 1_000

    mutating func foundSurplus(_ rows: Int, of runs: Set<Name>) {
        surplusRows += rows
        if surplusRuns.count < Self.surplusRunsMax { surplusRuns.formUnion(runs) }
    }
}

/// What other threads see of the inserter, and ask of it.
package final class InserterShare: Sendable {
    private let state = Mutex((status: InserterStatus(), flush: false, isBack: false))
    package init() {}
    package var status: InserterStatus { state.withLock { $0.status } }
    /// A run has ended: what waits is sent without waiting longer.
    package func requestFlush() { state.withLock { $0.flush = true } }

    func takeFlush() -> Bool {
        state.withLock { state in
            defer { state.flush = false }
            return state.flush
        }
    }
    func takeReturn() -> Bool {
        state.withLock { state in
            defer { state.isBack = false }
            return state.isBack
        }
    }
    func reached(_ error: ClickHouseError?) {
        state.withLock { state in
            if error == nil, !state.status.isReached { state.isBack = true }
            state.status.isReached = error == nil
            state.status.reachError = error?.description
            state.status.isRefused = error.map { $0.advice == .wait || $0.advice == .stop } ?? false
        }
    }
    func update(_ change: (inout InserterStatus) -> Void) { state.withLock { change(&$0.status) } }
}

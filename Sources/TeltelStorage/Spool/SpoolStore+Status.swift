/// What others may know about the spool. Any thread.
import TeltelEvents

package struct SpoolStatus: Sendable, Equatable {
    /// Segments whose rows are not all in ClickHouse.
    package var segmentsWaiting = 0
    package var segmentsEver = 0
    /// Bytes of all log files, in use and spare.
    package var fileBytes = 0
    package var limitBytes = 0
    /// Packed bytes of waiting segments.
    package var waitingBytes = 0
    package var damage = DamageCount()
    package var lastError: String?
    /// Since the start: operations on its files that failed. They are tried again.
    package var errors = 0
}

extension SpoolStore {
    package func status() -> SpoolStatus {
        state.withLock { state in
            let waiting = state.ledger.segments.values.filter { !$0.isFinished }
            return SpoolStatus(
                segmentsWaiting: waiting.count, segmentsEver: state.ledger.segmentsEver, fileBytes: Self.bytes(state, options),
                limitBytes: options.limitBytes, waitingBytes: waiting.reduce(0) { $0 + $1.header.bytes }, damage: state.damage,
                lastError: state.lastError?.description, errors: state.errors)
        }
    }

    /// Events in segments that are neither stored nor given up.
    package var waitingRows: Int {
        state.withLock { state in state.ledger.segments.values.reduce(0) { $0 + $1.waitingEvents } }
    }

    /// Every row that came into a segment is in ClickHouse, or counted as lost.
    package var isAllStored: Bool { state.withLock { $0.ledger.logs.values.allSatisfy { $0.unfinished == 0 } } }

    /// Rows by instance, run, channel and type, since the first start. Finished instances are remembered for a while.
    package func totals() -> [RowKey: Tally] { state.withLock { $0.ledger.totals } }
    package func totals(_ run: RunKey) -> [RowKey: Tally] {
        state.withLock { state in state.ledger.totals.filter { $0.key.run == run } }
    }

    /// Whether rows of the run are in segments and neither stored nor given up.
    package func hasRowsUnderway(_ runID: Name) -> Bool {
        state.withLock { state in
            state.ledger.segments.values.contains { segment in
                !segment.isFinished && segment.header.counts.keys.contains { $0.run.runID == runID }
            }
        }
    }

    /// Its rows were removed from ClickHouse: their counts go, too. Synced on return.
    package func forget(run runID: Name) throws(StorageError) {
        state.withLock { $0.ledger.forget(run: runID) }
        try saveIndex(durable: true)
    }

    /// By writer.
    package func marks(_ instance: InstanceID) -> [UInt16: RingMarks] {
        state.withLock { state in
            var marks: [UInt16: RingMarks] = [:]
            for (ring, mark) in state.ledger.rings where ring.instance == instance { marks[ring.writer] = mark }
            return marks
        }
    }

    /// Types that have a table of their own: kept across starts, so that the same types keep theirs.
    package var tableKeys: [TableKey] {
        get { state.withLock { $0.tableKeys } }
        set {
            state.withLock { state in
                guard state.tableKeys != newValue else { return }
                state.tableKeys = newValue
                state.indexIsDirty = true
            }
        }
    }
}

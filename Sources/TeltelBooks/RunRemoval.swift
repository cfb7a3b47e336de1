/// Takes a run out of everything that knows it.
import Dispatch
import TeltelBus
import TeltelControl
import TeltelEvents
import TeltelIngest
import TeltelRings
import TeltelRuns
import TeltelStorage

/// Why a run cannot be removed, or not now.
package enum RunRemovalError: Error {
    case unknown
    case running
    /// Others are compared with it, under these names.
    case pinned([String])
    /// Its last rows are on their way into storage.
    case underway
    case storageAway(String)
    /// It has rows in ClickHouse or on their way there, and this collector has no storage.
    case withoutStorage
    case failed(String)

    package var explanation: String {
        switch self {
        case .unknown: "there is no such run"
        case .running: "it is still running"
        case .pinned(let names): "it is the baseline \(names.joined(separator: ", "))"
        case .underway: "its last events are still on their way into storage"
        case .storageAway(let reason): "nothing can be removed while ClickHouse is away: \(reason)"
        case .withoutStorage: "events of it are stored, or will be, and this collector runs without storage"
        case .failed(let reason): "it is removed in part: \(reason)"
        }
    }
}

package struct RunRemoval: Sendable {
    private let registry: RunRegistry
    private let bus: EventBus
    private let directory: RingDirectory
    private let storage: Storage?
    private let bookkeeper: Bookkeeper
    private let posted: PostedRuns

    package init(
        registry: RunRegistry, bus: EventBus, directory: RingDirectory, storage: Storage?, bookkeeper: Bookkeeper,
        posted: PostedRuns
    ) {
        self.registry = registry
        self.bus = bus
        self.directory = directory
        self.storage = storage
        self.bookkeeper = bookkeeper
        self.posted = posted
    }

    /// Blocks: up to `patience` until the run's last rows are stored, then until they are gone. Repeating it after any fault goes
    /// on where it was: the run is listed until everything else of it has gone.
    package func remove(_ runID: Name, patience: Duration = .seconds(10)) throws(RunRemovalError) {
        if let run = registry.recall(runID)?.record {
            guard run.status != .running else { throw .running }
            // What waits in the spool would be stored by the next collector: rows of a run that nobody knows.
            guard storage != nil || run.storedEvents == 0 && run.isAccountedFor else { throw .withoutStorage }
            try waitUntilStill(runID, patience)
        } else if try !isStored(runID) {
            throw .unknown
        }
        let names: [String]
        do throws(ControlStoreError) { names = try bookkeeper.baselines(of: runID) } catch { throw .failed(error.description) }
        guard names.isEmpty else { throw .pinned(names) }
        try bookkeeper.keepingSilent(about: runID) { () throws(RunRemovalError) in
            if let storage {
                do throws(Storage.RemovalError) { try storage.remove(run: runID) } catch { throw Self.explain(error) }
            }
            directory.discardQuarantined(run: runID)
            bus.remove(runID)
            do throws(ControlStoreError) { try bookkeeper.remove(runID) } catch { throw .failed(error.description) }
        }
        posted.forget(runID)
    }

    /// The registry knows the newest runs only.
    private func isStored(_ runID: Name) throws(RunRemovalError) -> Bool {
        guard let storage, storage.status().isReached else { return false }
        do throws(ClickHouseError) {
            return try storage.tables.knows(run: runID)
        } catch { throw Self.explain(.clickHouse(error)) }
    }

    /// Rows that are stored after the removal would be a run without a record, and rings that are still there would bring the run
    /// back at the next start.
    private func waitUntilStill(_ runID: Name, _ patience: Duration) throws(RunRemovalError) {
        let deadline = ContinuousClock.now + patience
        let pause = DispatchSemaphore(value: 0)
        while isUnderway(runID) {
            guard ContinuousClock.now < deadline else {
                if let status = storage?.status(), !status.isReached { throw .storageAway(status.detail) }
                throw .underway
            }
            storage?.flush()
            _ = pause.wait(timeout: .now() + .milliseconds(50))
        }
    }

    private func isUnderway(_ runID: Name) -> Bool {
        let rings = directory.instances.filter { $0.description.kind == .engine && $0.run.runID == runID }
        if rings.contains(where: { $0.fault == nil }) { return true }
        guard let storage, let run = registry.snapshot(runID)?.record else { return false }
        // Rings that were put aside stay, and what is in them will never arrive.
        if !rings.isEmpty { return storage.hasRowsUnderway(runID) }
        // Posted rows lie in the collector's own rings, which stay: what the live reader has counted must be in segments.
        return storage.hasRowsUnderway(runID) || (!run.isAccountedFor && !run.isRecorded)
    }

    private static func explain(_ error: Storage.RemovalError) -> RunRemovalError {
        switch error {
        case .clickHouse(let error):
            if error.code == nil { .storageAway(error.description) } else { .failed(error.description) }
        case .spool(let error): .failed(error.description)
        }
    }
}

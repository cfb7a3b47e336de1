/// All runs that are known: those in memory, and those of long ago from the control store, place by place.
import NIOPosix
import TeltelControl
import TeltelEvents
import TeltelRuns

package struct RunCatalogue: Sendable {
    private let registry: RunRegistry
    /// nil: nothing is kept, and all runs are in memory.
    private let store: ControlStore?

    package init(registry: RunRegistry, store: ControlStore?) {
        self.registry = registry
        self.store = store
    }

    package typealias Page = (runs: [RunRegistry.Snapshot], next: RunPlace?)

    /// The newest `limit` runs before a place, running or not; nil: from the newest on. Records of other runs are not read.
    package func page(before place: RunPlace?, limit: Int) async throws -> Page {
        // Off the event loops: it is on disk.
        try await NIOThreadPool.singleton.runIfActive {
            let places = try places(before: place, limit: limit + 1)
            let runs = try runs(places.prefix(limit).map(\.runID))
            return (runs, places.count > limit ? places[limit - 1] : nil)
        }
    }

    /// nil: there is no such run. One that was on disk alone is in memory from here on.
    package func run(_ runID: Name) async -> RunRegistry.Snapshot? {
        if let known = registry.snapshot(runID) { return known }
        return (try? await NIOThreadPool.singleton.runIfActive { registry.recall(runID) }) ?? nil
    }

    /// Whether there is such a run; its record is not read.
    package func knows(_ runID: Name) async throws -> Bool {
        if registry.snapshot(runID) != nil { return true }
        guard let store else { return false }
        return try await NIOThreadPool.singleton.runIfActive { try store.hasRun(runID) }
    }

    /// So many of them, in the order of their bytes.
    package func ids(beginningWith prefix: Name, limit: Int) async throws -> [Name] {
        let inMemory = registry.places().map(\.runID).filter { $0.hasPrefix(prefix) }
        let onDisk = try await NIOThreadPool.singleton.runIfActive {
            try store?.runIDs(beginningWith: prefix, limit: limit) ?? []
        }
        return Array(Set(inMemory + onDisk).sorted().prefix(limit))
    }

    /// By name.
    package func baselines() async throws -> [Baseline] {
        try await NIOThreadPool.singleton.runIfActive { try store?.baselines() ?? [] }
    }
    package func baseline(_ name: String) async throws -> Baseline? {
        try await NIOThreadPool.singleton.runIfActive { try store?.baseline(name) }
    }

    /// What is in memory was in the store, or will be: there it counts once.
    private func places(before place: RunPlace?, limit: Int) throws -> [RunPlace] {
        let inMemory = registry.places()
        let known = Set(inMemory.map(\.runID))
        var found = Self.newest(limit, inMemory.filter { one in place.map { one < $0 } ?? true })
        guard let store else { return found }
        var next = place
        while true {
            let part = try store.places(before: next, limit: limit)
            found = Self.newest(limit, found + part.filter { !known.contains($0.runID) })
            // Nothing behind this part can come before what is found.
            guard part.count == limit, let last = part.last, found.count < limit || found[limit - 1] < last else { return found }
            next = last
        }
    }

    private static func newest(_ limit: Int, _ places: [RunPlace]) -> [RunPlace] { Array(places.sorted(by: >).prefix(limit)) }

    private func runs(_ runIDs: [Name]) throws -> [RunRegistry.Snapshot] {
        let inMemory = registry.snapshots(of: runIDs)
        let others = runIDs.filter { inMemory[$0] == nil }
        let onDisk = others.isEmpty ? [] : try store?.records(of: others) ?? []
        let found = inMemory.merging(onDisk.map { ($0.runID, RunRegistry.earlier($0)) }) { $1 }
        return runIDs.compactMap { found[$0] }
    }
}

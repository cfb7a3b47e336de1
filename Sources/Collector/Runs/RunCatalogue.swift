/// All runs that are known: those in memory, and those of long ago from the control store, a part at a time.
import NIOPosix
import TeltelControl
import TeltelEvents
import TeltelRuns

struct RunCatalogue: Sendable {
    let registry: RunRegistry
    /// nil: nothing is kept, and all runs are in memory.
    let store: ControlStore?

    /// Rows that the store is asked for at once.
    private static let partRows = 256

    typealias Page = (runs: [RunRegistry.Snapshot], next: RunPlace?)

    /// The newest `limit` runs before a place, running or not.
    func page(before place: RunPlace?, limit: Int) async throws -> Page {
        var found = registry.snapshots()
        let inMemory = Set(found.map(\.record.runID))
        found = found.filter { snapshot in place.map { RunPlace(snapshot.record) < $0 } ?? true }
        var next = place
        var older: [RunRegistry.Snapshot] = []
        // What is in memory was in the store, or will be: there it counts once.
        repeat {
            guard let part = try await part(before: next, limit: limit, except: inMemory) else { break }
            older += part.records.map(RunRegistry.earlier)
            next = part.next
        } while older.count <= limit && next != nil
        found = (found + older).sorted { RunPlace($1.record) < RunPlace($0.record) }
        guard found.count > limit else { return (found, nil) }
        return (Array(found.prefix(limit)), RunPlace(found[limit - 1].record))
    }

    /// A part of those that are not among `known`, newest first; nil: nothing is kept.
    func older(than known: Set<Name>, before place: RunPlace?) async throws -> Page? {
        guard let part = try await part(before: place, limit: Self.partRows, except: known) else { return nil }
        return (part.records.map(RunRegistry.earlier), part.next)
    }

    /// Off the event loops: it is on disk.
    private func part(before place: RunPlace?, limit: Int, except known: Set<Name>) async throws
        -> (records: [RunRecord], next: RunPlace?)?
    {
        guard let store else { return nil }
        return try await NIOThreadPool.singleton.runIfActive { try store.runs(before: place, limit: limit, except: known) }
    }
}

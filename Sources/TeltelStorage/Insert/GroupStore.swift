/// The groups on disk and in memory, from their manifests to their ends.
import Synchronization
import TeltelEvents

/// Thread-safe. What a group's end means for the segments is told to the ledger by `SpoolStore`.
package final class GroupStore: Sendable {
    let files: GroupFiles
    private let state: Mutex<State>
    private let session: UInt64

    struct State: Sendable {
        var pending: [String: GroupManifest] = [:]
        /// Concluded groups whose files are still there, and the logs that need them.
        var concluded: [(name: String, stage: GroupFiles.Stage, logs: Set<UInt64>)] = []
        var made: UInt64 = 0
    }

    init(_ files: GroupFiles, session: UInt64) {
        self.files = files
        self.session = session
        state = Mutex(State())
    }

    /// Never given before, by no process.
    package func newName() -> String {
        let number = state.withLock { state in
            state.made += 1
            return state.made
        }
        return "\(InstanceID(session))-\(number)"
    }

    package func manifest(_ name: String) -> GroupManifest? { state.withLock { $0.pending[name] } }
    /// Groups to be sent, in order of their names.
    package var pending: [GroupManifest] { state.withLock { $0.pending.values.sorted { $0.name < $1.name } } }

    /// On return the group would survive a power loss, and may be sent.
    package func write(_ manifest: GroupManifest) throws(StorageError) {
        try files.write(manifest)
        adopt(manifest, manifest.isLost ? .dead : .group)
    }

    func adopt(_ manifest: GroupManifest, _ stage: GroupFiles.Stage) {
        state.withLock { state in
            if stage == .group {
                state.pending[manifest.name] = manifest
            } else {
                state.pending[manifest.name] = nil
                state.concluded.append((manifest.name, stage, manifest.logs))
            }
        }
    }

    func markDone(_ name: String) throws(StorageError) {
        try files.markDone(name)
        if let manifest = manifest(name) { adopt(manifest, .done) }
    }

    /// The group's file goes: its children, or its `.dead` file, have taken over.
    func drop(_ name: String) throws(StorageError) {
        try files.remove(name, .group)
        do throws(FileError) { try files.files.syncFolder(files.folder) } catch { throw StorageError(error) }
        state.withLock { _ = $0.pending.removeValue(forKey: name) }
    }

    /// Removes files of concluded groups that name no living log.
    func removeConcluded(keeping logs: Set<UInt64>) throws(StorageError) {
        let old = state.withLock { $0.concluded.filter { $0.logs.isDisjoint(with: logs) } }
        for group in old { try files.remove(group.name, group.stage) }
        state.withLock { $0.concluded.removeAll { $0.logs.isDisjoint(with: logs) } }
    }
}

extension SpoolStore {
    /// All rows of the group are in ClickHouse.
    package func complete(_ name: String) throws(StorageError) {
        guard let manifest = groups.manifest(name) else { return }
        try groups.markDone(name)
        state.withLock { $0.ledger.conclude(manifest.members, losses: [:], .refusedByStorage) }
    }

    /// The group is replaced by others that together have its rows, less those that are stored already.
    package func divide(_ name: String, into children: [GroupManifest], storedMembers: [GroupMember]) throws(StorageError) {
        for child in children {
            var child = child
            child.siblings = children.count
            child.storedElsewhere = child.name == children.first?.name ? storedMembers : []
            try groups.write(child)
        }
        try groups.drop(name)
        state.withLock { state in
            state.ledger.conclude(storedMembers, losses: [:], .refusedByStorage)
            for child in children where child.isLost {
                state.ledger.conclude(child.members, losses: child.losses, child.lossReason)
            }
        }
    }

    /// The group's rows are given up.
    package func bury(_ name: String, losses: [RowKey: Int], _ reason: LossReason) throws(StorageError) {
        guard var manifest = groups.manifest(name) else { return }
        manifest.isLost = true
        manifest.losses = losses
        manifest.lossReason = reason
        try groups.files.write(manifest)
        try groups.drop(name)
        groups.adopt(manifest, .dead)
        state.withLock { $0.ledger.conclude(manifest.members, losses: losses, reason) }
    }

    /// Frames that came in since the last call.
    package func takeOffered() -> [OfferedFrame] {
        state.withLock { state in
            defer { state.offered = [] }
            return state.offered
        }
    }

    /// The packed bytes of one frame, checked. nil if its segment is gone.
    package func frame(_ id: FrameID) throws(StorageError) -> (record: FrameRecord, bytes: [UInt8])? {
        let found = state.withLock { state in
            state.ledger.frame(id).flatMap { record in state.ledger.logs[id.segment.log].map { (record, $0.file) } }
        }
        guard let (record, file) = found else { return nil }
        return (record, try reader.frame(record, of: id.segment, in: file))
    }

    func ranges(of id: FrameID) -> [RowRange] { state.withLock { $0.ledger.frame(id)?.ranges ?? [] } }
    /// Frames of these segments came back changed: their logs are kept for people to look at, when they are used up.
    func countDamage(_ segments: Set<SegmentID>) {
        state.withLock { state in
            state.damage.segments += segments.count
            for id in segments { state.ledger.logs[id.log]?.isDamaged = true }
        }
    }

    /// Who the rows of a whole frame are, as far as its segment's counts tell.
    func counts(of id: FrameID) -> [RowKey: Int] {
        state.withLock { state in
            guard let segment = state.ledger.segments[id.segment], let frame = state.ledger.frame(id) else { return [:] }
            var left = frame.rows
            var counts: [RowKey: Int] = [:]
            for (key, rows) in segment.header.counts.sorted(by: { $0.key < $1.key })
            where frame.keys.contains(key.table) && left > 0 {
                counts[key] = min(rows, left)
                left -= counts[key]!
            }
            return counts
        }
    }
}

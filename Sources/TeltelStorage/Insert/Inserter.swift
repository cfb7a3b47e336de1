/// Does what `InserterState` decides: talks to ClickHouse and to the spool. All of its work happens on one thread.
import Synchronization
import TeltelEvents

package struct InserterStatus: Sendable, Equatable {
    package var rowsStored = 0
    package var groupsStored = 0
    package var groupsWaiting = 0
    package var rowsWaiting = 0
    package var rowsRefused = 0
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

package final class Inserter {
    private let store: SpoolStore
    private let target: any InsertTarget
    private let rows: GroupRows
    private let payload: PayloadWriter
    private let letters: DeadLetters
    private let shared: InserterShare
    private let wallMs: @Sendable () -> UInt64
    private var state: InserterState
    /// Why the group was refused: for its dead letters.
    private var refusals: [String: String] = [:]

    package init(
        store: SpoolStore, target: any InsertTarget, cadence: InserterState.Cadence = .init(), shared: InserterShare = .init(),
        wallMs: @escaping @Sendable () -> UInt64
    ) {
        self.store = store
        self.target = target
        self.shared = shared
        self.wallMs = wallMs
        rows = GroupRows(store: store)
        payload = PayloadWriter(store)
        letters = DeadLetters(folder: store.options.folder, files: store.files)
        state = InserterState(cadence: cadence, seed: store.random())
        for manifest in store.groups.pending { state.recovered(manifest) }
    }

    package var isEmpty: Bool { state.isEmpty }

    /// One step. Returns when to call again: at once (nil), or not before a time in milliseconds of the same clock as `nowMs`.
    package func step(nowMs: UInt64) -> UInt64? {
        for frame in store.takeOffered() { state.offer(frame, nowMs: nowMs) }
        if shared.takeFlush() { state.flush() }
        if shared.takeReturn() { state.reconnected() }
        let step = state.next(nowMs: nowMs)
        defer { publish() }
        if case .wait(let until) = step { return until ?? .max }
        do throws(StorageError) {
            try perform(step, nowMs: nowMs)
        } catch {
            store.report(error)
            if case .form(let frames) = step {
                state.delayed(error, frames, nowMs: nowMs)
            } else {
                state.delayed(error, nowMs: nowMs)
            }
        }
        return nil
    }

    private func perform(_ step: InserterState.Step, nowMs: UInt64) throws(StorageError) {
        switch step {
        case .wait: break
        case .form(let frames): try form(frames)
        case .insert(let name): try withGroup(name, nowMs) { manifest throws(StepError) in try self.insert(manifest, nowMs) }
        case .count(let name): try withGroup(name, nowMs) { manifest throws(StepError) in try self.count(manifest) }
        case .conclude(let name):
            try withGroup(name, nowMs) { manifest throws(StepError) in try self.concludeIfShown(manifest, nowMs) }
        case .divide(let name, let halves):
            try withGroup(name, nowMs) { manifest throws(StepError) in try self.divide(manifest, halves: halves) }
        case .bury(let name): try withGroup(name, nowMs) { manifest throws(StepError) in try self.bury(manifest) }
        case .salvage(let name): try withGroup(name, nowMs) { manifest throws(StepError) in try self.salvage(manifest) }
        }
    }

    /// Either side of a step may fail.
    private enum StepError: Error {
        case clickHouse(ClickHouseError)
        case storage(StorageError)
    }

    private func withGroup(
        _ name: String, _ nowMs: UInt64, _ body: (GroupManifest) throws(StepError) -> Void
    ) throws(StorageError) {
        guard let manifest = store.groups.manifest(name) else { return state.concluded(name) }
        do throws(StepError) { try body(manifest) } catch {
            switch error {
            case .clickHouse(let error):
                if error.advice == .split { refusals[name] = error.description }
                state.failed(name, error, nowMs: nowMs)
                if state.unreachableTries > 0 { shared.update { $0.isReached = false } }
            case .storage(let error):
                guard error.code == .corrupt else { throw error }
                store.report(error)
                state.unreadable(name)
            }
        }
    }

    private func ask<Answer>(_ question: () throws(ClickHouseError) -> Answer) throws(StepError) -> Answer {
        do throws(ClickHouseError) {
            let answer = try question()
            shared.update { $0.isReached = true }
            return answer
        } catch { throw .clickHouse(error) }
    }
    /// Says nothing about whether ClickHouse is there: what is known already is not asked for.
    private func prepare(_ layout: TableLayout) throws(StepError) {
        do throws(ClickHouseError) { try target.ensureTable(layout, alongside: state.waitingTables) } catch {
            throw .clickHouse(error)
        }
    }
    private func keep<Answer>(_ work: () throws(StorageError) -> Answer) throws(StepError) -> Answer {
        do throws(StorageError) { return try work() } catch { throw .storage(error) }
    }

    private func form(_ frames: [OfferedFrame]) throws(StorageError) {
        try store.syncSegments(Set(frames.map(\.id.segment)))
        var manifest = GroupManifest(
            name: store.groups.newName(), layout: frames[0].layout,
            members: frames.map { GroupMember(frame: $0.id, rows: $0.rows) },
            ranges: frames.flatMap(\.ranges), rawBytes: frames.reduce(0) { $0 + $1.rawBytes })
        manifest.provesFirst = frames[0].isSuspect
        try store.groups.write(manifest)
        state.formed(manifest)
    }

    private func insert(_ manifest: GroupManifest, _ nowMs: UInt64) throws(StepError) {
        let bytes = try keep { () throws(StorageError) in try payload.write(manifest) }
        try prepare(manifest.layout)
        let request = InsertRequest(
            table: manifest.layout, token: manifest.name, payloadPath: payload.path, payloadBytes: bytes, rows: manifest.rows)
        try ask { () throws(ClickHouseError) in try target.insert(request) }
        state.inserted(manifest.name, nowMs: nowMs)
        let now = wallMs()
        shared.update { $0.lastInsertMs = now }
    }

    private static let rangesPerQuestion = 500

    private func count(_ layout: TableLayout, _ ranges: [RowRange]) throws(StepError) -> Int {
        try prepare(layout)
        return try ask { () throws(ClickHouseError) in
            var total = 0
            var rest = ranges[...]
            while !rest.isEmpty {
                total += try target.count(layout, Array(rest.prefix(Self.rangesPerQuestion)))
                rest = rest.dropFirst(Self.rangesPerQuestion)
            }
            return total
        }
    }

    private func count(_ manifest: GroupManifest) throws(StepError) {
        let found = try count(manifest.layout, manifest.ranges)
        if found > manifest.rows {
            let runs = Set(manifest.members.flatMap { store.counts(of: $0.frame).keys.map(\.run.runID) })
            shared.update { $0.foundSurplus(found - manifest.rows, of: runs) }
        }
        state.counted(manifest.name, rows: found)
    }

    /// What counts as stored can be asked for.
    private func concludeIfShown(_ manifest: GroupManifest, _ nowMs: UInt64) throws(StepError) {
        let isShown: Bool
        do throws(ClickHouseError) { isShown = try target.shows(manifest.layout) } catch { throw .clickHouse(error) }
        guard isShown else { return state.hidden(manifest.name, nowMs: nowMs) }
        try keep { () throws(StorageError) in try conclude(manifest.name) }
    }

    private func conclude(_ name: String) throws(StorageError) {
        let stored = store.groups.manifest(name)?.rows ?? 0
        try store.complete(name)
        state.concluded(name)
        refusals[name] = nil
        shared.update {
            $0.rowsStored += stored
            $0.groupsStored += 1
        }
    }

    private func divide(_ manifest: GroupManifest, halves: Bool) throws(StepError) {
        let members = try keep { () throws(StorageError) -> [OpenMember] in
            var members: [OpenMember] = []
            for member in manifest.members { members.append(try rows.open(member)) }
            return members
        }
        var stored: Set<RowIdentity> = []
        for range in manifest.ranges {
            let found = try ask { () throws(ClickHouseError) in try target.sequences(manifest.layout, range) }
            for sequence in found { stored.insert(RowIdentity(ring: range.ring, sequence: sequence)) }
        }
        let (present, rest) = rows.part(members, stored: stored)
        guard !rest.isEmpty else { return try keep { () throws(StorageError) in try conclude(manifest.name) } }
        let parts = halves ? GroupRows.halves(rest) : [rest]
        let children = parts.enumerated().map { rows.manifest("\(manifest.name).\($0)", manifest.layout, $1) }
        try replace(manifest, by: children, stored: present)
    }

    private func replace(_ manifest: GroupManifest, by children: [GroupManifest], stored: [GroupMember]) throws(StepError) {
        try keep { () throws(StorageError) in try store.divide(manifest.name, into: children, storedMembers: stored) }
        state.divided(manifest.name, into: children)
        let reason = refusals.removeValue(forKey: manifest.name)
        for child in children { refusals[child.name] = reason }
        shared.update { $0.rowsStored += stored.reduce(0) { $0 + $1.rows } }
    }

    private func bury(_ manifest: GroupManifest) throws(StepError) {
        let time = wallMs()
        try keep { () throws(StorageError) in
            guard let member = manifest.members.first else { return }
            let open = try rows.open(member)
            let row = open.selection[0].lowerBound
            let owner = try open.block.owner(row, manifest.layout)
            let letter = DeadLetters.Letter(
                owner: owner, table: manifest.layout.name, ring: open.identities[row].ring,
                sequence: open.identities[row].sequence,
                frame: try open.block.frameIndex(row), reason: refusals[manifest.name] ?? "refused",
                block: try open.block.select(open.selection))
            try letters.write(letter, timeMs: time)
            try store.bury(manifest.name, losses: [owner: 1], .refusedByStorage)
        }
        state.concluded(manifest.name)
        refusals[manifest.name] = nil
        shared.update { $0.rowsRefused += 1 }
    }

    /// Some frames cannot be read. Those that can go on in a group of their own; the others are stored already, or lost.
    private func salvage(_ manifest: GroupManifest) throws(StepError) {
        var readable: [GroupMember] = []
        var damaged: [GroupMember] = []
        for member in manifest.members {
            let isReadable = try keep { () throws(StorageError) -> Bool in try self.isReadable(member) }
            if isReadable { readable.append(member) } else { damaged.append(member) }
        }
        var children: [GroupManifest] = []
        if !readable.isEmpty {
            var child = try keep { () throws(StorageError) -> GroupManifest in
                let open = try readable.map { member throws(StorageError) in try rows.open(member) }
                return rows.manifest("\(manifest.name).0", manifest.layout, open.map { ($0, $0.selection) })
            }
            child.provesFirst = true
            children.append(child)
        }
        if !damaged.isEmpty { children.append(try giveUp(damaged, of: manifest, name: "\(manifest.name).\(children.count)")) }
        try replace(manifest, by: children, stored: [])
    }

    private func isReadable(_ member: GroupMember) throws(StorageError) -> Bool {
        do throws(StorageError) {
            _ = try rows.open(member)
            return true
        } catch {
            guard error.code == .corrupt else { throw error }
            return false
        }
    }

    private func giveUp(_ members: [GroupMember], of manifest: GroupManifest, name: String) throws(StepError) -> GroupManifest {
        var losses: [RowKey: Int] = [:]
        var ranges: [RowRange] = []
        for member in members {
            let known = store.ranges(of: member.frame)
            ranges += known
            // An earlier insert may have brought the rows in before the spool's copy was damaged.
            var missing = member.rows
            if member.selection == nil, !known.isEmpty { missing -= min(missing, try count(manifest.layout, known)) }
            for (key, rows) in store.counts(of: member.frame).sorted(by: { $0.key < $1.key }) {
                let here = min(rows, missing)
                if here > 0 { losses[key, default: 0] += here }
                missing -= here
            }
        }
        store.countDamage(Set(members.map(\.frame.segment)))
        var child = GroupManifest(name: name, layout: manifest.layout, members: members, ranges: ranges, rawBytes: 0)
        child.isLost = true
        child.losses = losses
        child.lossReason = .spoolDamaged
        return child
    }

    private func publish() {
        let (groups, waiting, error, obstacle) = (state.groupCount, state.waitingRows, state.lastError, state.obstacle)
        let tables = Set(state.waitingTables.map(\.name))
        shared.update {
            $0.tablesWaiting = tables
            $0.groupsWaiting = groups
            $0.rowsWaiting = waiting
            $0.lastError = error
            $0.obstacle = obstacle
        }
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

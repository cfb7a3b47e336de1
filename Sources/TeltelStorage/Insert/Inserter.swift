/// Does what `InserterState` decides: talks to ClickHouse and to the spool. All of its work happens on one thread.
import TeltelEvents

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
        let isPressed = store.isNearlyFull
        if isPressed { state.flushDigests() }
        let step = state.next(nowMs: nowMs, isPressed: state.hasRefusedTables && isPressed)
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
        case .giveUp(let name, let asks):
            try withGroup(name, nowMs) { manifest throws(StepError) in try self.giveUp(manifest, asks: asks) }
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
                // Why it is refused says more than that a connection broke since.
                if error.isAboutTable || refusals[name] == nil { refusals[name] = error.description }
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
        // Of digests nobody asks one by one whether they are there: those that are missing can be made again.
        guard manifest.layout.isEvents else { return state.counted(manifest.name, rows: manifest.rows) }
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
        let stored = store.groups.manifest(name)?.events ?? 0
        try store.complete(name)
        state.concluded(name)
        refusals[name] = nil
        shared.update {
            $0.rowsStored += stored
            $0.groupsStored += 1
        }
    }

    private func divide(_ manifest: GroupManifest, halves: Bool) throws(StepError) {
        guard manifest.layout.isEvents else { return try drop(manifest) }
        let members = try keep { () throws(StorageError) -> [OpenMember] in
            var members: [OpenMember] = []
            for member in manifest.members { members.append(try rows.open(member)) }
            return members
        }
        let stored = try ask { () throws(ClickHouseError) in try storedRows(manifest) }
        let (present, rest) = rows.part(members, stored: stored)
        guard !rest.isEmpty else { return try keep { () throws(StorageError) in try conclude(manifest.name) } }
        let parts = halves ? GroupRows.halves(rest) : [rest]
        let children = parts.enumerated().map { rows.manifest("\(manifest.name).\($0)", manifest.layout, $1) }
        try replace(manifest, by: children, stored: present)
    }

    private func storedRows(_ manifest: GroupManifest) throws(ClickHouseError) -> Set<RowIdentity> {
        var stored: Set<RowIdentity> = []
        for range in manifest.ranges {
            for sequence in try target.sequences(manifest.layout, range) {
                stored.insert(RowIdentity(ring: range.ring, sequence: sequence))
            }
        }
        return stored
    }

    private func replace(_ manifest: GroupManifest, by children: [GroupManifest], stored: [GroupMember]) throws(StepError) {
        try keep { () throws(StorageError) in try store.divide(manifest.name, into: children, storedMembers: stored) }
        state.divided(manifest.name, into: children)
        let reason = refusals.removeValue(forKey: manifest.name)
        for child in children { refusals[child.name] = reason }
        guard manifest.layout.isEvents else { return }
        shared.update { $0.rowsStored += stored.reduce(0) { $0 + $1.rows } }
    }

    private func bury(_ manifest: GroupManifest) throws(StepError) {
        guard manifest.layout.isEvents else { return try drop(manifest) }
        let time = wallMs()
        try keep { () throws(StorageError) in
            guard let member = manifest.members.first else { return }
            let open = try rows.open(member)
            let owner = try writeLetter(open, open.selection[0].lowerBound, manifest, timeMs: time)
            try store.bury(manifest.name, losses: [owner: 1], .refusedByStorage)
        }
        buried(manifest, rows: 1)
    }

    /// Nothing is lost that could not be made again from events, and nobody counts it.
    private func drop(_ manifest: GroupManifest) throws(StepError) {
        try keep { () throws(StorageError) in try store.bury(manifest.name, losses: [:], .refusedByStorage) }
        buried(manifest, rows: 0)
    }

    private func buried(_ manifest: GroupManifest, rows: Int) {
        state.concluded(manifest.name)
        refusals[manifest.name] = nil
        shared.update { $0.rowsRefused += rows }
    }

    /// Returns whose row it is.
    private func writeLetter(
        _ open: OpenMember, _ row: Int, _ manifest: GroupManifest, timeMs: UInt64
    ) throws(StorageError) -> RowKey {
        let owner = try open.block.owner(row, manifest.layout)
        try letters.write(
            DeadLetters.Letter(
                owner: owner, table: manifest.layout.name, ring: open.identities[row].ring,
                sequence: open.identities[row].sequence,
                frame: try open.block.frameIndex(row), reason: refusals[manifest.name] ?? "refused",
                block: try open.block.select([row..<row + 1])), timeMs: timeMs)
        return owner
    }

    /// All rows of the group that are not stored are counted as refused, run by run; the first of them stands for all among the dead
    /// letters, because a group may be as large as what others need.
    /// - Parameter asks: some may be stored.
    private func giveUp(_ manifest: GroupManifest, asks: Bool) throws(StepError) {
        guard manifest.layout.isEvents else { return try drop(manifest) }
        let time = wallMs()
        let reason = refusals[manifest.name] ?? "refused"
        let stored = asks ? try ask { () throws(ClickHouseError) in try visibleRows(manifest) } : []
        let losses = try keep { () throws(StorageError) -> [RowKey: Int] in
            var losses: [RowKey: Int] = [:]
            for member in manifest.members {
                let open = try rows.open(member)
                for row in open.selection.joined() {
                    let identity = RowIdentity(ring: open.identities[row].ring, sequence: open.identities[row].sequence)
                    if stored.contains(identity) { continue }
                    if losses.isEmpty { _ = try writeLetter(open, row, manifest, timeMs: time) }
                    losses[try open.block.owner(row, manifest.layout), default: 0] += 1
                }
            }
            guard !losses.isEmpty else {
                try conclude(manifest.name)
                return losses
            }
            try store.bury(manifest.name, losses: losses, .refusedByStorage)
            return losses
        }
        let given = losses.values.reduce(0, +)
        guard given > 0 else { return }
        buried(manifest, rows: given)
        shared.update {
            for (owner, rows) in losses { $0.givenUp.add(owner.table, rows: rows, reason: reason) }
            $0.rowsStored += manifest.rows - given
        }
    }

    /// Rows of the group that can be found in ClickHouse: none if somebody took away the table, or the columns that name rows.
    private func visibleRows(_ manifest: GroupManifest) throws(ClickHouseError) -> Set<RowIdentity> {
        do throws(ClickHouseError) {
            // Mostly there are none, and that is one question instead of one for each range.
            var count = 0
            var rest = manifest.ranges[...]
            while !rest.isEmpty {
                count += try target.count(manifest.layout, Array(rest.prefix(Self.rangesPerQuestion)))
                rest = rest.dropFirst(Self.rangesPerQuestion)
            }
            return count == 0 ? [] : try storedRows(manifest)
        } catch {
            guard let code = error.code, ClickHouseCode.isWithoutRows(code) else { throw error }
            return []
        }
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
        let tables = Set(state.waitingTables.filter(\.isEvents).map(\.name))
        shared.update {
            $0.tablesWaiting = tables
            $0.groupsWaiting = groups
            $0.rowsWaiting = waiting
            $0.lastError = error
            $0.obstacle = obstacle
        }
    }
}

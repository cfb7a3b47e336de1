/// Decides what the inserter does next. A value without files, clock or threads: given the same events at the same times it
/// takes the same steps.
///
/// A frame waits until its table has enough rows, or it has waited long enough, or its run has ended. Then it becomes part of
/// a group, whose way is: written → sent → (after an ambiguous answer: sent again, counted) → concluded; or, if ClickHouse
/// refuses its content: divided; or, as a single row: given up. Exactly one step is underway at any time.
import TeltelEvents

package struct InserterState: Sendable {
    private struct Waiting: Sendable {
        var frames: [OfferedFrame] = []
        var rows = 0
        var sinceMs: UInt64 = 0
        var isDue = false

        mutating func add(_ frame: OfferedFrame) {
            frames.append(frame)
            rows += frame.rows
            if frame.isSuspect { isDue = true }
        }
    }

    private let cadence: Cadence
    private var waiting: [TableLayout: Waiting] = [:]
    /// In the order in which they are tried.
    private var groups: [Group] = []
    private var lastFormedMs: [String: UInt64] = [:]
    /// Tables that have had rows before take turns with new ones: making those takes time, and who sends many types must not hold up
    /// the others.
    private var isTurnOfKnown = false
    private var pacing: InsertPacing
    /// What is being formed is.
    private var isUrgent = false
    private var refusals = TableRefusals()
    /// Parts of divided groups take turns with all else, so that a table full of bad rows holds up nobody.
    private var isTurnOfParts = true
    private var notBeforeMs: UInt64 = 0
    private var unreachable = 0
    private var storageFailures = 0
    private var randomState: UInt64
    /// Of what has not worked since; nil again once all that failed has.
    package private(set) var lastError: String?

    package init(cadence: Cadence = Cadence(), seed: UInt64) {
        self.cadence = cadence
        pacing = InsertPacing(cadence)
        randomState = seed
    }

    /// Events.
    package var waitingRows: Int { waiting.reduce(0) { $0 + ($1.key.isEvents ? $1.value.rows : 0) } }
    package var waitingTables: [TableLayout] { Array(waiting.keys) }
    package var groupCount: Int { groups.count }
    package var isEmpty: Bool { groups.isEmpty && waiting.isEmpty }
    /// Some tables are not taken: whether the spool has room matters.
    package var hasRefusedTables: Bool { !refusals.isEmpty }
    /// Tries in a row that did not reach ClickHouse.
    package var unreachableTries: Int { unreachable }
    /// Why rows are not stored although ClickHouse is reached: somebody must act, or it has been tried again and again.
    package var obstacle: String? { groups.lazy.compactMap(\.obstacle).first }

    // MARK: what comes in

    package mutating func offer(_ frame: OfferedFrame, nowMs: UInt64) {
        // In place: a copy of the list for each frame would take ever longer while ClickHouse is away.
        waiting[frame.layout, default: Waiting(sinceMs: nowMs)].add(frame)
    }

    /// A group whose manifest was found at start: it may have been sent, under its own token.
    package mutating func recovered(_ manifest: GroupManifest) {
        groups.append(
            Group(
                name: manifest.name, table: manifest.layout.name, rows: manifest.rows,
                task: manifest.provesFirst ? .countFirst : .insert, isAmbiguous: true, isPart: manifest.parent != nil))
    }

    /// A run has ended, or the storage stops: what waits is sent without waiting longer.
    package mutating func flush() {
        for layout in waiting.keys { waiting[layout]!.isDue = true }
        for index in groups.indices { groups[index].isUrgent = true }
    }

    /// Somebody needs the room that digests keep while they wait.
    package mutating func flushDigests() {
        for layout in waiting.keys where !layout.isEvents { waiting[layout]!.isDue = true }
    }

    // MARK: what to do

    /// - Parameter isPressed: the spool is nearly full: a table that is not taken must not keep the room from all others.
    package mutating func next(nowMs: UInt64, isPressed: Bool = false) -> Step {
        if nowMs < notBeforeMs { return .wait(untilMs: notBeforeMs) }
        if isPressed, let index = groups.firstIndex(where: { $0.notGivenUpBeforeMs <= nowMs && isHopeless($0) }) {
            // If that fails the group is what it was: it may be taken after all.
            groups[index].notGivenUpBeforeMs = nowMs + Self.givingUpPauseMs
            return .giveUp(groups[index].name, asks: groups[index].isAmbiguous)
        }
        let ready = groups.filter { $0.notBeforeMs <= nowMs }
        let (parts, whole) = (ready.filter(\.isPart), ready.filter { !$0.isPart })
        let due = dueTable(nowMs)
        let turn = isTurnOfParts ? parts + whole : due == nil ? whole + parts : whole
        if let group = turn.first(where: { earliestMs($0, nowMs) <= nowMs }) { return step(group) }
        // Nothing is formed before what waits for its turn is sent: while ClickHouse is away groups would come and come.
        if let group = turn.first { return .wait(untilMs: earliestMs(group, nowMs)) }
        if let layout = due {
            isTurnOfKnown = lastFormedMs[layout.name] == nil
            lastFormedMs[layout.name] = nowMs
            isUrgent = waiting[layout]!.isDue
            return .form(take(layout))
        }
        return .wait(untilMs: nextTime(nowMs))
    }

    private static let givingUpPauseMs: UInt64 = 3_000

    private func isHopeless(_ group: Group) -> Bool {
        switch group.task {
        case .insert, .countFirst, .divide: break
        // Its rows are stored, or it is being dealt with.
        case .countAfter, .conclude, .bury, .salvage: return false
        }
        return (group.failures > 0 && refusals.isHopeless(group.table)) || (group.isPart && refusals.isFullOfBadRows(group.table))
    }

    private func earliestMs(_ group: Group, _ nowMs: UInt64) -> UInt64 {
        guard case .insert = group.task else { return group.notBeforeMs }
        return max(group.notBeforeMs, pacing.earliestMs(rows: group.rows, isUrgent: group.isUrgent, nowMs))
    }

    private func step(_ group: Group) -> Step {
        switch group.task {
        case .insert: .insert(group.name)
        case .countFirst, .countAfter: .count(group.name)
        case .conclude: .conclude(group.name)
        case .divide(let halves): .divide(group.name, halves: halves)
        case .bury: .bury(group.name)
        case .salvage: .salvage(group.name)
        }
    }

    private func dueMs(_ layout: TableLayout, _ entry: Waiting, _ nowMs: UInt64) -> UInt64 {
        // While a group of the table fails, the next one grows, up to its limit, instead of failing beside it.
        let failing = entry.rows < cadence.groupRowsMax ? groups.first { $0.table == layout.name && $0.failures > 0 } : nil
        let ageMs = layout.isEvents ? cadence.ageMs : cadence.digestAgeMs
        var due = entry.isDue || entry.rows >= cadence.rowsAtOnce ? 0 : entry.sinceMs + ageMs
        if entry.rows >= cadence.rows { due = min(due, (lastFormedMs[layout.name] ?? 0) + cadence.restMs) }
        let earliest = pacing.earliestMs(rows: entry.rows, isUrgent: entry.isDue, nowMs)
        return max(due, earliest, failing.map { $0.notBeforeMs + 1 } ?? 0)
    }

    /// Among the tables that are due and have their turn, the one that waits longest.
    private func dueTable(_ nowMs: UInt64) -> TableLayout? {
        let due = waiting.filter { dueMs($0.key, $0.value, nowMs) <= nowMs }
        let preferred = due.filter { (lastFormedMs[$0.key.name] != nil) == isTurnOfKnown }
        return (preferred.isEmpty ? due : preferred)
            .min { ($0.value.sinceMs, $0.key.name) < ($1.value.sinceMs, $1.key.name) }?.key
    }

    private func nextTime(_ nowMs: UInt64) -> UInt64? {
        var times = groups.map { earliestMs($0, nowMs) }
        times += waiting.map { dueMs($0.key, $0.value, nowMs) }
        return times.min().map { max($0, nowMs + 1) }
    }

    private mutating func take(_ layout: TableLayout) -> [OfferedFrame] {
        // Out of the table, so that its list is changed in place.
        var entry = waiting.removeValue(forKey: layout)!
        var count = 0
        var rows = 0
        var bytes = 0
        var ranges = 0
        let bytesMax = refusals.isRefused(layout.name) ? cadence.refusedGroupBytesMax : cadence.groupBytesMax
        // Suspects go by themselves: they are counted before they are sent.
        let isSuspect = entry.frames[0].isSuspect
        for frame in entry.frames {
            guard frame.isSuspect == isSuspect else { break }
            let fits =
                rows + frame.rows <= cadence.groupRowsMax && bytes + frame.rawBytes <= bytesMax
                && ranges + frame.ranges.count <= cadence.groupRangesMax
            guard count == 0 || fits else { break }
            count += 1
            ranges += frame.ranges.count
            rows += frame.rows
            bytes += frame.rawBytes
        }
        let taken = Array(entry.frames[..<count])
        entry.frames.removeFirst(count)
        entry.rows -= rows
        if !entry.frames.isEmpty { waiting[layout] = entry }
        return taken
    }

    // MARK: what came of it

    package mutating func formed(_ manifest: GroupManifest) {
        storageFailures = 0
        groups.append(
            Group(
                name: manifest.name, table: manifest.layout.name, rows: manifest.rows,
                task: manifest.provesFirst ? .countFirst : .insert, isUrgent: isUrgent,
                isAmbiguous: manifest.provesFirst, isPart: false))
    }

    /// The spool's own disk failed: the same step again, later.
    package mutating func delayed(_ error: StorageError, _ frames: [OfferedFrame] = [], nowMs: UInt64) {
        lastError = error.description
        storageFailures += 1
        notBeforeMs = nowMs + RetryPolicy.passing.pauseMs(failures: storageFailures, random: random())
        guard let layout = frames.first?.layout else { return }
        var entry = waiting[layout] ?? Waiting(sinceMs: nowMs)
        entry.frames = frames + entry.frames
        entry.rows += frames.reduce(0) { $0 + $1.rows }
        entry.isDue = true
        waiting[layout] = entry
    }

    /// ClickHouse has acknowledged the group.
    package mutating func inserted(_ name: String, nowMs: UInt64) {
        reached()
        pacing.inserted(nowMs)
        if let group = groups.first(where: { $0.name == name }) {
            // Digests are taken whatever the types are: that says nothing about tables of events.
            if group.table != DigestTable.name { refusals.taken(group.table, rows: group.rows, isPart: group.isPart) }
            isTurnOfParts = !group.isPart
        }
        update(name) { group in
            group.task = group.isAmbiguous ? .countAfter : .conclude
            group.obstacle = nil
            group.failures = 0
        }
        forgetErrorIfMended()
    }

    private mutating func forgetErrorIfMended() {
        if unreachable == 0, storageFailures == 0, groups.allSatisfy({ $0.failures == 0 }) { lastError = nil }
    }

    /// ClickHouse is there again, perhaps another one: what failed before is tried at once.
    package mutating func reconnected() {
        reached()
        for index in groups.indices { groups[index].notBeforeMs = 0 }
    }

    /// The group's rows are there, but the view does not show them yet.
    package mutating func hidden(_ name: String, nowMs: UInt64) {
        update(name) { $0.notBeforeMs = nowMs + Self.hiddenPauseMs }
    }
    private static let hiddenPauseMs: UInt64 = 20

    package mutating func counted(_ name: String, rows: Int) {
        reached()
        update(name) { group in
            group.failures = 0
            group.obstacle = nil
            if rows >= group.rows {
                group.task = .conclude
            } else if case .countFirst = group.task, rows == 0 {
                group.task = .insert
                group.isAmbiguous = false
            } else {
                group.task = .divide(halves: false)
            }
        }
    }

    package mutating func failed(_ name: String, _ error: ClickHouseError, nowMs: UInt64) {
        lastError = error.description
        pacing.inserted(nowMs)
        let random = random()
        if case .unreachable = error.source {
            unreachable += 1
            notBeforeMs = nowMs + RetryPolicy.passing.pauseMs(failures: unreachable, random: random)
            return
        }
        reached()
        if let group = groups.first(where: { $0.name == name }) {
            refusals.refused(group.table, error, isSingleRow: group.rows == 1)
            isTurnOfParts = !group.isPart
        }
        update(name) { group in
            group.failures += 1
            if error.isAmbiguous { group.isAmbiguous = true }
            if error.advice == .wait || error.advice == .stop || group.failures >= Self.failuresOfAnObstacle {
                group.obstacle = error.description
            }
            let policy: RetryPolicy
            switch error.advice {
            case .retry: policy = .passing
            case .wait: policy = .waiting
            case .stop: policy = .hopeless
            case .split:
                if case .insert = group.task {
                    group.task = group.rows > 1 ? .divide(halves: true) : .bury
                    group.failures = 0
                    group.obstacle = nil
                    return
                }
                policy = .passing
            }
            group.notBeforeMs = nowMs + policy.pauseMs(failures: group.failures, random: random)
        }
    }

    /// Failures in a row after which one that passes by itself is said to people.
    private static let failuresOfAnObstacle = 3

    /// Frames of the group cannot be read back.
    package mutating func unreadable(_ name: String) { update(name) { $0.task = .salvage } }

    /// Nothing is left to do for the group.
    package mutating func concluded(_ name: String) {
        storageFailures = 0
        groups.removeAll { $0.name == name }
        forgetErrorIfMended()
    }

    /// Others stand for the group now.
    package mutating func divided(_ name: String, into children: [GroupManifest]) {
        let index = groups.firstIndex { $0.name == name } ?? 0
        concluded(name)
        let new = children.filter { !$0.isLost }.map {
            Group(
                name: $0.name, table: $0.layout.name, rows: $0.rows, task: $0.provesFirst ? .countFirst : .insert,
                isAmbiguous: $0.provesFirst, isPart: true)
        }
        groups.insert(contentsOf: new, at: min(index, groups.count))
    }

    private mutating func reached() {
        unreachable = 0
        notBeforeMs = 0
    }

    private mutating func update(_ name: String, _ change: (inout Group) -> Void) {
        guard let index = groups.firstIndex(where: { $0.name == name }) else { return }
        change(&groups[index])
    }

    /// xorshift: pauses need no better.
    private mutating func random() -> UInt64 {
        randomState ^= randomState << 13
        randomState ^= randomState >> 7
        randomState ^= randomState << 17
        return randomState
    }
}

/// The words of `InserterState`: what it may be told to wait for, what it asks for, and what it knows of a group.
import TeltelEvents

extension InserterState {
    package struct Cadence: Sendable {
        /// A table's rows are sent when there are so many and its last insert was a while ago,
        package var rows = 50_000
        package var restMs: UInt64 = 1_000
        /// or when there are so many: an insert costs ClickHouse the same whatever its size,
        package var rowsAtOnce = 200_000
        /// or when the oldest has waited so long.
        package var ageMs: UInt64 = 2_000
        /// Digests are few, and nobody waits for them while the run goes on.
        package var digestAgeMs: UInt64 = 10_000
        /// Least time between two inserts, over all tables,
        package var gapMs: UInt64 = 100
        /// and before one of fewer than `rows`: of many tables each waits longer and has more rows then, because an insert costs
        /// ClickHouse as much as 10,000 rows.
        package var smallGapMs: UInt64 = 200
        /// So many inserts without a gap when a run ends; each is earned back in `gapMs`.
        package var burst: UInt64 = 64
        /// Most of one group, so that it becomes one block in ClickHouse.
        package var groupRowsMax = 500_000
        package var groupBytesMax = 128 << 20
        /// Of a table that is refused: a group of it may be given up, and no more should be than others need.
        package var refusedGroupBytesMax = 8 << 20
        /// Ranges name a group's rows in queries, whose length is limited.
        package var groupRangesMax = 1_000
        package init() {}
    }

    package enum Step: Equatable, Sendable {
        /// Nothing to do until then, or until an event; nil: until an event.
        case wait(untilMs: UInt64?)
        /// Write a manifest for these frames. Answer with `formed` or `delayed`.
        case form([OfferedFrame])
        /// Make the table and send the group. Answer with `inserted` or `failed`.
        case insert(String)
        /// Count the group's rows in ClickHouse. Answer with `counted` or `failed`.
        case count(String)
        /// Record that all rows are stored. Answer with `concluded`, `hidden`, `failed` or `delayed`.
        case conclude(String)
        /// Find which rows are stored and divide the rest, into halves if asked. Answer with `divided`, `concluded`, `failed` or `delayed`.
        case divide(String, halves: Bool)
        /// Give up the group's only row. Answer with `concluded`, `failed` or `delayed`.
        case bury(String)
        /// Give up all rows of a group that will not be taken, but for those that are stored, if some may be: others need the room.
        /// Answer with `concluded`, `failed` or `delayed`.
        case giveUp(String, asks: Bool)
        /// Put readable frames and damaged ones into groups of their own. Answer with `divided`, `concluded` or `delayed`.
        case salvage(String)
    }

    struct Group: Sendable {
        let name: String
        let table: String
        let rows: Int
        var task: Task
        /// A run has ended: somebody waits for its rows.
        var isUrgent = false
        /// Some of its rows may be stored already.
        var isAmbiguous: Bool
        var failures = 0
        var notBeforeMs: UInt64 = 0
        /// Giving it up may fail, too.
        var notGivenUpBeforeMs: UInt64 = 0
        /// Why it will not go on by itself soon.
        var obstacle: String?
        /// Of a group that was divided: there may be thousands.
        let isPart: Bool
    }
    enum Task: Sendable {
        case insert
        /// Before the first insert of this process.
        case countFirst
        /// After an insert that was acknowledged, if an earlier one of the same group was ambiguous.
        case countAfter
        case conclude
        case divide(halves: Bool)
        case bury
        case salvage
    }
}

/// Says in the log when storage stops or goes on taking rows, and what it has lost.
import CTeltelRings
import Logging
import Synchronization
import TeltelEvents
import TeltelStorage

final class StorageLog: Sendable {
    private let storage: Storage
    private let logger: Logger
    private let told = Mutex(Told())

    private struct Told {
        /// Why no rows are taken; nil: they are.
        var trouble: String?
        var troubleNs: UInt64 = 0
        var awaySinceNs: UInt64?
        var lost: [LossReason: Int]?
        var damaged = 0
        /// Failed operations on the spool's files, and when they were told last.
        var errors = 0
        var errorsNs: UInt64 = 0
        var lostNs: UInt64 = 0
        var refused = 0
        /// Types whose rows were given up, each said once.
        var givenUp: Set<TableKey> = []
        var surplusRuns: Set<Name> = []
    }
    /// Reasons may change all the time, and losses come in one row: often enough for people.
    private static let troublePauseNs: UInt64 = 60_000_000_000
    private static let lossPauseNs: UInt64 = 4_000_000_000
    private static let awayNs: UInt64 = 2_500_000_000

    init(_ storage: Storage, logger: Logger) {
        self.storage = storage
        self.logger = logger
    }

    /// Looks what is new. Not for a reader's thread; once a second is enough.
    func tell() {
        let status = storage.status()
        let lost = storage.totals().values.reduce(into: Tally()) { $0 += $1 }.lost
        let damage = status.spool.damage
        let now = teltel_monotonic_ns()
        let lines = told.withLock { told in
            var lines = Self.trouble(status, &told, now)
            lines += Self.losses(lost, &told, now)
            let damaged = damage.segments + damage.logs + damage.manifests
            if damaged > told.damaged {
                lines.append((.warning, "\(damaged - told.damaged) parts of the spool are damaged: see `teltel spool check`"))
            }
            told.damaged = damaged
            lines += Self.errors(status.spool, &told, now)
            let refused = status.inserter.rowsRefused - status.inserter.givenUp.rows
            if refused > told.refused {
                let rows = refused - told.refused
                lines.append((.warning, "ClickHouse refused \(rows) rows: they are in dead-letters.ndjson in the spool's folder"))
            }
            told.refused = refused
            lines += Self.givenUp(status.inserter.givenUp, &told)
            lines += Self.surplus(status.inserter, &told)
            return lines
        }
        for line in lines { logger.log(level: line.level, "\(printable(line.text))") }
    }

    private typealias Line = (level: Logger.Level, text: String)

    private static func trouble(_ status: StorageStatus, _ told: inout Told, _ now: UInt64) -> [Line] {
        guard !status.isReady else {
            defer { (told.trouble, told.awaySinceNs) = (nil, nil) }
            return told.trouble == nil ? [] : [(.notice, "storage takes rows again: \(status.detail)")]
        }
        // Every start begins so, and a host that is started again.
        if told.awaySinceNs == nil { told.awaySinceNs = now }
        if told.trouble == nil, status.state == .connecting, now < (told.awaySinceNs ?? now) + awayNs { return [] }
        if let trouble = told.trouble, trouble == status.detail || now < told.troubleNs + troublePauseNs { return [] }
        (told.trouble, told.troubleNs) = (status.detail, now)
        return [(.warning, "storage takes no rows, they wait in the spool: \(status.detail)")]
    }

    private static func givenUp(_ given: GivenUpRows, _ told: inout Told) -> [Line] {
        given.sorted.filter { told.givenUp.insert($0.type).inserted }.map { type, entry in
            (
                .warning,
                "rows of \(type.channel.text) \(type.type.text) are given up, because ClickHouse never takes them and the spool is nearly full; "
                    + "how many is in /api/storage: \(entry.reason)"
            )
        }
    }

    private static func errors(_ spool: SpoolStatus, _ told: inout Told, _ now: UInt64) -> [Line] {
        guard spool.errors > told.errors, told.errorsNs == 0 || now >= told.errorsNs + troublePauseNs else { return [] }
        (told.errors, told.errorsNs) = (spool.errors, now)
        return [(.warning, "the spool's files: \(spool.lastError ?? "an operation failed"); it is tried again")]
    }

    /// Once for each run.
    private static func surplus(_ inserter: InserterStatus, _ told: inout Told) -> [Line] {
        let fresh = inserter.surplusRuns.subtracting(told.surplusRuns)
        told.surplusRuns.formUnion(fresh)
        return fresh.sorted().map { run in
            (
                .error,
                "run \(run): ClickHouse has more rows than it was sent, so some are there twice; "
                    + "\(inserter.surplusRows) too many have been found since the start"
            )
        }
    }

    private static func losses(_ lost: [LossReason: Int], _ told: inout Told, _ now: UInt64) -> [Line] {
        // What earlier collectors lost was said by them.
        guard let before = told.lost, now >= told.lostNs + lossPauseNs else {
            if told.lost == nil { told.lost = lost }
            return []
        }
        let lines = lost.sorted { $0.key.rawValue < $1.key.rawValue }.compactMap { reason, rows -> Line? in
            let new = rows - (before[reason] ?? 0)
            return new > 0 ? (.warning, "\(new) rows are lost: \(reason.rawValue)") : nil
        }
        told.lost = lost
        if !lines.isEmpty { told.lostNs = now }
        return lines
    }
}

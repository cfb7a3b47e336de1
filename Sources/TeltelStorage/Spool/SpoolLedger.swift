/// What is on disk and how far each part of it has come. A value: no files, no clock, no threads.
import TeltelEvents

/// A frame that belongs to no group yet.
package struct OfferedFrame: Sendable, Equatable {
    package let id: FrameID
    package let layout: TableLayout
    package let rows: Int
    package let rawBytes: Int
    package let ranges: [RowRange]
    /// It may have been sent in a group whose manifest is damaged.
    package let isSuspect: Bool

    package init(id: FrameID, layout: TableLayout, rows: Int, rawBytes: Int, ranges: [RowRange], isSuspect: Bool) {
        self.id = id
        self.layout = layout
        self.rows = rows
        self.rawBytes = rawBytes
        self.ranges = ranges
        self.isSuspect = isSuspect
    }
}

struct LiveSegment: Sendable {
    let header: SegmentHeader
    /// By frame: rows neither stored nor given up.
    var remaining: [Int]
    var losses: [RowKey: [LossReason: Int]] = [:]
    var isFinished: Bool { remaining.allSatisfy { $0 == 0 } }
    /// Events neither stored nor given up.
    var waitingEvents: Int { header.frames.indices.reduce(0) { $0 + (header.frames[$1].layout.isEvents ? remaining[$1] : 0) } }

    init(_ header: SegmentHeader) {
        self.header = header
        remaining = header.frames.map(\.rows)
    }
}

/// A queue that forgets from its front.
private struct Underway: Sendable {
    var segments: [SegmentID] = []
    private var start = 0

    /// The first for which `isFinished` does not hold; nil if there is none.
    mutating func advance(past isFinished: (SegmentID) -> Bool) -> SegmentID? {
        while start < segments.count, isFinished(segments[start]) { start += 1 }
        if start > 1_024, start * 2 > segments.count {
            segments.removeFirst(start)
            start = 0
        }
        return start < segments.count ? segments[start] : nil
    }
}

struct SpoolLedger: Sendable {
    /// Log files in use, by serial.
    var logs: [UInt64: LogFile] = [:]
    var active: UInt64?
    private(set) var segments: [SegmentID: LiveSegment] = [:]
    private(set) var rings: [RingID: RingMarks] = [:]
    /// Segments of a ring, in its order, from the first that is not finished.
    private var underway: [RingID: Underway] = [:]
    /// Equal layouts share one copy.
    private var layouts: [TableLayout: TableLayout] = [:]
    /// Everything since the first start.
    private(set) var totals: Tallies = [:]
    /// What is saved by the index (see `IndexContent.settled`).
    private(set) var settled: Tallies = [:]
    private(set) var segmentsEver = 0

    init(settled: Tallies = [:], rings: [RingID: RingMarks] = [:]) {
        self.settled = settled
        totals = settled
        self.rings = rings
        for (ring, marks) in rings { self.rings[ring]!.stored = marks.spooled }
    }

    // MARK: rows come in

    mutating func register(_ header: SegmentHeader) {
        var header = header
        for index in header.frames.indices { header.frames[index].layout = shared(header.frames[index].layout) }
        segmentsEver += 1
        segments[header.id] = LiveSegment(header)
        for (key, rows) in header.counts { totals[key, default: Tally()].spooled += rows }
        for span in header.rings {
            underway[span.ring, default: Underway()].segments.append(header.id)
            advance(span.ring, to: span.end, head: span.head)
        }
        if header.frames.isEmpty { finish(header.id) } else { logs[header.id.log]?.unfinished += 1 }
    }

    private mutating func shared(_ layout: TableLayout) -> TableLayout {
        if let known = layouts[layout] { return known }
        layouts[layout] = layout
        return layout
    }

    /// Positions before `position` are dealt with.
    mutating func advance(_ ring: RingID, to position: UInt64, head: UInt64) {
        var marks = rings[ring] ?? RingMarks()
        marks.spooled = max(marks.spooled, position)
        marks.head = max(marks.head, head)
        rings[ring] = marks
        updateStored(ring)
    }

    /// Rows that never came into a segment.
    mutating func lose(_ rows: [RowKey: Int], _ reason: LossReason) {
        totals.lose(rows, reason)
        settled.lose(rows, reason)
    }

    /// Rows of a segment that was written and cannot be read.
    mutating func lose(_ torn: SegmentHeader) {
        lose(torn.counts, .spoolDamaged)
        for (key, rows) in torn.counts {
            totals[key, default: Tally()].spooled += rows
            settled[key, default: Tally()].spooled += rows
        }
        for span in torn.rings { advance(span.ring, to: span.end, head: span.head) }
    }

    // MARK: rows leave

    /// Rows of a group were stored; or given up, if `losses` is not empty. Members whose segments are gone count no more.
    mutating func conclude(_ members: [GroupMember], losses: [RowKey: Int], _ reason: LossReason) {
        var touched: [SegmentID: Set<Int>] = [:]
        for member in members {
            let id = member.frame.segment
            let index = member.frame.index
            guard segments[id]?.remaining.indices.contains(index) == true else { continue }
            let left = max(0, segments[id]!.remaining[index] - member.rows)
            segments[id]!.remaining[index] = left
            if left == 0 { touched[id, default: []].insert(index) }
        }
        attribute(losses, reason, to: members)
        for (id, frames) in touched.sorted(by: { $0.key < $1.key }) { settle(id, frames) }
    }

    /// Remembers with the segments which rows were given up, so that they are not taken for stored. Rows of segments that
    /// are gone are in `settled` already.
    private mutating func attribute(_ losses: [RowKey: Int], _ reason: LossReason, to members: [GroupMember]) {
        for (key, rows) in losses {
            var left = rows
            for member in members where left > 0 {
                guard let counted = segments[member.frame.segment]?.header.counts[key] else { continue }
                let here = min(left, min(counted, member.rows))
                segments[member.frame.segment]!.losses[key, default: [:]][reason, default: 0] += here
                totals[key, default: Tally()].lost[reason, default: 0] += here
                left -= here
            }
        }
    }

    /// Frames have no remaining rows: counts types as stored whose last frame that was.
    private mutating func settle(_ id: SegmentID, _ frames: Set<Int>) {
        guard let segment = segments[id] else { return }
        let all = segment.header.frames
        let open = all.indices.filter { segment.remaining[$0] > 0 }
        let closed = Set(frames.flatMap { all[$0].keys }).filter { key in !open.contains { all[$0].keys.contains(key) } }
        // Most frames hold one type: to compare it is much cheaper than to look it up.
        let only = closed.count == 1 ? closed.first : nil
        for (key, rows) in segment.header.counts where only.map({ $0 == key.table }) ?? closed.contains(key.table) {
            let lost = segment.losses[key]?.values.reduce(0, +) ?? 0
            totals[key, default: Tally()].stored += max(0, rows - lost)
        }
        if segment.isFinished { finish(id) }
    }

    private mutating func finish(_ id: SegmentID) {
        guard let segment = segments[id] else { return }
        if !segment.header.frames.isEmpty { logs[id.log]?.unfinished -= 1 }
        for span in segment.header.rings { updateStored(span.ring) }
    }

    private mutating func updateStored(_ ring: RingID) {
        guard var marks = rings[ring] else { return }
        let known = segments
        if let open = underway[ring]?.advance(past: { known[$0]?.isFinished ?? true }) {
            let begin = known[open]?.header.rings.first { $0.ring == ring }?.begin
            marks.stored = max(marks.stored, begin ?? 0)
        } else {
            marks.stored = marks.spooled
        }
        rings[ring] = marks
    }

    // MARK: logs are used up

    /// Logs whose rows are all stored or given up, and which nothing is written into any more.
    var usedUp: [UInt64] { logs.values.filter { $0.unfinished == 0 && $0.header.serial != active }.map(\.header.serial).sorted() }

    /// Takes the log's segments out and keeps their counts.
    mutating func retire(_ serial: UInt64) -> LogFile? {
        for (id, segment) in segments where id.log == serial {
            for (key, rows) in segment.header.counts {
                var tally = Tally()
                tally.spooled = rows
                tally.lost = segment.losses[key] ?? [:]
                tally.stored = max(0, rows - tally.lostTotal)
                settled[key, default: Tally()] += tally
                if settled[key] == Tally() { settled[key] = nil }
            }
            segments[id] = nil
        }
        return logs.removeValue(forKey: serial)
    }

    /// Drops what is known about an instance whose rings are gone and whose rows have all been dealt with.
    mutating func forget(_ instance: InstanceID) {
        for ring in rings.keys where ring.instance == instance {
            rings[ring] = nil
            underway[ring] = nil
        }
        for key in totals.keys where key.instance == instance {
            totals[key] = nil
            settled[key] = nil
        }
    }

    /// The run's rows are not in ClickHouse any more, and none are on their way: it was never there.
    mutating func forget(run runID: Name) {
        for (key, tally) in totals where key.run.runID == runID {
            // Segments that still count it are balanced by a debt, until they go.
            settled[key, default: Tally()] -= tally
            if settled[key] == Tally() { settled[key] = nil }
            totals[key] = nil
        }
    }

    func frame(_ id: FrameID) -> FrameRecord? {
        guard let frames = segments[id.segment]?.header.frames, frames.indices.contains(id.index) else { return nil }
        return frames[id.index]
    }

    /// Frames that are in none of `grouped`, oldest first.
    func unassigned(except grouped: Set<FrameID>, isSuspect: Bool) -> [OfferedFrame] {
        let orders = logs.mapValues(\.header.order)
        let ids = segments.keys.sorted { (orders[$0.log] ?? 0, $0.offset) < (orders[$1.log] ?? 0, $1.offset) }
        return ids.flatMap { id in offers(segments[id]!.header, isSuspect: isSuspect) }.filter { !grouped.contains($0.id) }
    }

    func offers(_ header: SegmentHeader, isSuspect: Bool = false) -> [OfferedFrame] {
        header.frames.enumerated().map { index, frame in
            OfferedFrame(
                id: FrameID(segment: header.id, index: index), layout: frame.layout, rows: frame.rows, rawBytes: frame.rawBytes,
                ranges: frame.ranges, isSuspect: isSuspect)
        }
    }
}

/// Walks all rings for the spool: rows become columns, columns a segment, and only then the producer gets its space back.
///
/// A segment is written when 10,000 rows wait, or the oldest has waited 500 ms, or a run has ended, or a quarter of any ring
/// is not released (wide records would overflow it before that). It takes at most a quarter of each ring, so that a backlog
/// is released piece by piece. When nothing more can be written, rows wait in their rings until those are half full; then
/// they are counted as lost and the rings released: an engine is never held up by a disk.
import TeltelEvents
import TeltelRings

/// Where instances come from and who is told when one is done with. `RingDirectory` is one.
package protocol InstanceSource: AnyObject, Sendable {
    /// Grows whenever `instances` changes.
    var version: UInt64 { get }
    var instances: [RingInstance] { get }
    /// Everything in the instance's rings is in synced segments, or counted: its files may go.
    func spoolFinished(_ id: InstanceID)
}
extension RingDirectory: InstanceSource {}

/// Used by one thread.
package final class SpoolReader {
    package struct Rules: Sendable {
        package var rows = 10_000
        package var ageNs: UInt64 = 500_000_000
        /// Most uncompressed bytes of one segment.
        package var segmentBytes: UInt64 = 4 << 20
        package init() {}
    }

    private let store: SpoolStore
    private let source: any InstanceSource
    private let rules: Rules
    private let runEnded: () -> Void
    private let sorter: RowSorter
    private let writer = SegmentWriter()
    private var version: UInt64 = 0
    private var walks: [InstanceWalk] = []
    /// Those that are not quiet: of many runs most are, most of the time.
    private var active: [InstanceWalk] = []
    private var waitingSinceNs: UInt64?
    private var lastNewsNs: UInt64 = 0
    private var isFlushing = false

    private final class InstanceWalk {
        let instance: RingInstance
        let table: InstanceTable
        var rings: [RingWalk] = []
        var note: InstanceNote
        var noteNs: UInt64
        var isEnded = false
        var isFinished = false
        private let news: SharedWord
        private var seenNews: UInt64?
        /// When it was found quiet last; 0: it was not.
        private var quietNs: UInt64 = 0

        init(_ instance: RingInstance, nowNs: UInt64) throws(RingFault) {
            self.instance = instance
            news = instance.newsWord
            table = try InstanceTable(instance)
            note = table.note()
            noteNs = nowNs
        }
        var waiting: UInt64 { rings.reduce(0) { $0 + $1.waiting } }

        /// Nothing to be done about it. Touches one word of each ring.
        func isQuiet(_ nowNs: UInt64) -> Bool {
            if seenNews == news.loadAcquire(), !instance.isOver, areRingsQuiet {
                quietNs = nowNs
                return true
            }
            if quietNs > 0 { for index in rings.indices { rings[index].wasQuiet(nowNs: quietNs) } }
            quietNs = 0
            return false
        }
        private var areRingsQuiet: Bool {
            for index in rings.indices where !rings[index].isQuiet { return false }
            return true
        }

        /// Before its rings are asked for.
        func noteNews() { seenNews = news.loadAcquire() }
        /// A ring could not be opened now.
        func askAgain() { seenNews = nil }
    }
    /// Counters of refusals are many: they are not read for every segment.
    private static let noteAgeNs: UInt64 = 5_000_000_000

    /// - Parameter runEnded: called when everything of an ended instance is in segments.
    package init(
        store: SpoolStore, source: any InstanceSource, catalog: TableCatalog, rules: Rules = Rules(),
        runEnded: @escaping () -> Void = {}
    ) {
        self.runEnded = runEnded
        self.store = store
        self.source = source
        var rules = rules
        rules.segmentBytes = min(rules.segmentBytes, UInt64(store.segmentBytesMax / 2)) & ~7
        self.rules = rules
        sorter = RowSorter(blocks: NativeBlocks(catalog: catalog))
    }

    /// One look at all rings, and segments if it is time. Returns how long to sleep, in microseconds, unless woken.
    /// - Parameter flush: write what waits, whatever the rules say.
    package func pass(nowNs: UInt64, wallNs: UInt64, flush: Bool = false) throws(StorageError) -> Int {
        if source.version != version {
            version = source.version
            adopt(source.instances, nowNs)
        }
        var news = false
        active.removeAll(keepingCapacity: true)
        for walk in walks where !walk.isFinished && !walk.isQuiet(nowNs) {
            active.append(walk)
            if look(walk, nowNs, wallNs) { news = true }
        }
        if news { lastNewsNs = nowNs }
        if waitingSinceNs == nil, active.contains(where: { $0.waiting > 0 }) { waitingSinceNs = nowNs }
        isFlushing = flush
        if flush || isTime(nowNs) {
            while try spool(nowNs, wallNs) {}
            waitingSinceNs = nil
        } else if digests.isTimeToLook(nowNs) {
            digests.nowNs = nowNs
            closeDigests()
            // What is finished goes along with rows, if some are on their way.
            if digests.hasClosed, waitingSinceNs == nil { while try spool(nowNs, wallNs) {} }
        }
        finishEnded()
        return napMicroseconds(nowNs)
    }

    // MARK: looking

    private func adopt(_ instances: [RingInstance], _ nowNs: UInt64) {
        let present = Set(instances.map(\.id))
        walks.removeAll { !present.contains($0.instance.id) }
        let known = Set(walks.map(\.instance.id))
        for instance in instances where !known.contains(instance.id) {
            do throws(RingFault) {
                let walk = try InstanceWalk(instance, nowNs: nowNs)
                store.note(walk.note)
                walks.append(walk)
            } catch {
                // Short of something: asked for again with the next look.
                if error.code == .shortage { version = 0 } else { instance.quarantine(error) }
            }
        }
        store.forget(present: present)
    }

    private func look(_ walk: InstanceWalk, _ nowNs: UInt64, _ wallNs: UInt64) -> Bool {
        var news = false
        do throws(RingFault) {
            // Asked before the rings: what was written before the end is seen below.
            walk.isEnded = walk.instance.end != nil
            walk.noteNews()
            for ring in try walk.instance.rings().dropFirst(walk.rings.count) { try adopt(ring, walk, nowNs) }
            if walk.rings.count < walk.instance.ringCount { walk.askAgain() }
            for index in walk.rings.indices where try walk.rings[index].look(nowNs: nowNs, wallNs: wallNs) { news = true }
        } catch { quarantine(walk, error) }
        return news
    }

    private func adopt(_ ring: RingMapping, _ walk: InstanceWalk, _ nowNs: UInt64) throws(RingFault) {
        let (position, earlier) = ring.takeUp(from: store.mark(ring.id) ?? 0)
        guard position & 7 == 0, position <= ring.head else {
            throw RingFault(.head, "\(ring.id): \(position) is beyond the head")
        }
        store.adopt(ring.id, from: position)
        if ring.released < position { ring.release(upTo: position) }
        walk.rings.append(RingWalk(ring: ring, instance: walk.instance, position: position, earlier: earlier, nowNs: nowNs))
    }

    private func quarantine(_ walk: InstanceWalk, _ fault: RingFault) {
        if fault.code == .shortage { return walk.askAgain() }
        walk.instance.quarantine(fault)
        walk.isFinished = true
    }

    private func isTime(_ nowNs: UInt64) -> Bool {
        if let since = waitingSinceNs, nowNs >= since + rules.ageNs { return true }
        var rows = 0.0
        for walk in active where !walk.isFinished {
            if walk.isEnded, digests.isOpen(instance: walk.instance.id) { return true }
            for ring in walk.rings where ring.waiting > 0 {
                if walk.isEnded || ring.waiting >= ring.quarter { return true }
                rows += Double(ring.waiting) / ring.bytesPerRow
            }
        }
        return rows >= Double(rules.rows)
    }

    // MARK: writing

    /// One segment. Returns whether there is more to be written at once.
    private func spool(_ nowNs: UInt64, _ wallNs: UInt64) throws(StorageError) -> Bool {
        digests.nowNs = nowNs
        let spans = gather()
        closeDigests()
        guard !spans.isEmpty || digests.hasClosed else { return false }
        let touched = active.filter { walk in spans.contains { $0.ring.instance == walk.instance.id } }
        for walk in touched { refresh(walk, nowNs) }
        let seconds = UInt32(truncatingIfNeeded: wallNs / 1_000_000_000)
        sorter.blocks.finish(insertedAt: seconds, digestBytes: Int(rules.segmentBytes)) { block, bytes in
            writer.add(block, RawSpan(_unsafeBytes: bytes))
        }
        defer {
            writer.clear()
            sorter.clearCounts()
        }
        if writer.frameCount > 0 {
            let header = writer.header(writtenAt: seconds, rings: spans, instances: touched.map(\.note), counts: sorter.counts)
            do throws(StorageError) { try store.append(header, writer) } catch {
                guard error.code != .stopped else { throw error }
                store.report(error)
                store.lose(sorter.counts, error.code == .full ? .spoolFull : .diskError, upTo: spans)
            }
        }
        if !sorter.malformed.isEmpty { store.lose(sorter.malformed, .malformed, upTo: spans) }
        release(spans)
        return digests.hasClosed
            || active.contains { walk in !walk.isFinished && walk.rings.contains { $0.waiting >= $0.quarter } }
    }

    private var digests: OpenDigests { sorter.blocks.digests }

    /// Those to which nothing more comes, or nothing has come for some time.
    private func closeDigests() {
        digests.closePassed()
        for walk in active where walk.isEnded && walk.waiting == 0 { digests.close(instance: walk.instance.id) }
        if isFlushing { digests.closeAll() }
    }

    /// Takes rows out of the rings, from the fullest first. Returns how far each of them was read.
    private func gather() -> [RingSpan] {
        var places: [(walk: InstanceWalk, ring: Int, fill: Double)] = []
        for walk in active where !walk.isFinished {
            for (index, ring) in walk.rings.enumerated() where ring.waiting > 0 {
                places.append((walk, index, Double(ring.waiting) / Double(ring.ring.dataBytes)))
            }
        }
        let most = min(Int(rules.segmentBytes), places.reduce(0) { $0 + Int($1.walk.rings[$1.ring].waiting) })
        let others = min(Int(rules.segmentBytes), digests.byteCount)
        if !store.hasRoom(most + most / 8 + others + SegmentFormat.alignment) {
            places.removeAll { !$0.walk.rings[$0.ring].isHalfFull }
        }
        places.sort { $0.fill > $1.fill }
        var spans: [RingSpan] = []
        var left = rules.segmentBytes
        for (walk, index, _) in places where left > 0 && !walk.isFinished {
            let begin = walk.rings[index].position
            do throws(RingFault) {
                try sorter.take(&walk.rings[index], walk.table, limit: min(left, walk.rings[index].quarter))
            } catch { quarantine(walk, error) }
            let ring = walk.rings[index]
            guard ring.position > begin else { continue }
            walk.rings[index].forgetArrivals()
            left -= min(left, ring.position - begin)
            spans.append(RingSpan(ring: ring.ring.id, begin: begin, end: ring.position, head: ring.head))
        }
        return spans
    }

    private func release(_ spans: [RingSpan]) {
        let ends = Dictionary(spans.map { ($0.ring, $0.end) }, uniquingKeysWith: max)
        for walk in active {
            for ring in walk.rings {
                if let end = ends[ring.ring.id] { ring.ring.release(upTo: end) }
            }
        }
    }

    private func refresh(_ walk: InstanceWalk, _ nowNs: UInt64) {
        guard nowNs >= walk.noteNs + Self.noteAgeNs else { return }
        walk.note = walk.table.note()
        walk.noteNs = nowNs
        store.note(walk.note)
    }

    private func finishEnded() {
        for walk in active where walk.isEnded && !walk.isFinished && walk.waiting == 0 && walk.instance.shortage == nil {
            walk.isFinished = true
            store.finish(walk.table.note())
            runEnded()
        }
    }

    // MARK: sleeping

    /// So that the fastest ring is looked at well before a quarter of it is full; seldom when nothing happens: the live reader
    /// looks more often and wakes this one.
    private func napMicroseconds(_ nowNs: UInt64) -> Int {
        let idle = nowNs - min(nowNs, lastNewsNs)
        if idle > 1_000_000_000 { return 500_000 }
        if idle > 100_000_000 { return 1_000 }
        var nap = 5_000.0
        for walk in active where !walk.isFinished {
            for ring in walk.rings where ring.rate > 0 {
                let room = ring.waiting < ring.quarter ? ring.quarter - ring.waiting : 0
                nap = min(nap, max(250, Double(room) / ring.rate * 0.5e6))
            }
        }
        return Int(nap)
    }
}

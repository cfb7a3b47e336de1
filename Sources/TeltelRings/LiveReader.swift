/// The live reader: walks all rings for those who look on, and is waited for by nobody.
import CTeltelRings
import Synchronization
import TeltelEvents

/// Whoever takes rounds. Called on the reader's thread: must not block.
package protocol LiveSink: AnyObject, Sendable {
    /// Somebody waits for what comes.
    var isWatched: Bool { get }
    func appeared(_ instance: RingInstance)
    /// Reading of a ring begins at `position`: what came before was read by an earlier collector, or overwritten.
    func began(_ ring: RingID, of instance: RingInstance, at position: UInt64)
    /// Batches of one round of one ring.
    func publish(_ batches: [Batch])
    /// The producer lapped the reader: bytes up to `position` that no subscriber will see (they may still be stored).
    func missed(_ ring: RingID, of instance: RingInstance, bytes: UInt64, upTo position: UInt64)
    /// The producer has ended and all its rings have been read.
    func ended(_ instance: RingInstance, _ end: RunEnd)
}

/// Runs on a thread of its own.
package final class LiveReader: Sendable {
    private let directory: RingDirectory
    private let sink: any LiveSink
    /// Without storage nobody else gives ring space back to the producers.
    private let releases: Bool
    private let stopping = Atomic<Bool>(false)
    private let nap = Nap()

    package init(directory: RingDirectory, sink: any LiveSink, releases: Bool) {
        self.directory = directory
        self.sink = sink
        self.releases = releases
    }

    /// Ends `run` after one more pass.
    package func stop() {
        stopping.store(true, ordering: .relaxed)
        nap.wake()
    }
    /// There is something to read: called by the ingest rings' writers.
    package func wake() { nap.wake() }
    /// A ring has no room left.
    package func hurry() { nap.hurry() }

    /// Positions of all rings, for the marks of `/api/run`.
    package func position(of ring: RingID) -> UInt64 { positions.withLock { $0[ring] ?? 0 } }
    private let positions = Mutex<[RingID: UInt64]>([:])

    private struct Walk {
        let instance: RingInstance
        var cursors: [RingCursor] = []
        /// By cursor.
        var trails: [LiveTrail] = []
        var finished = false
        /// Of the instance: what it was when its rings were asked for last.
        var seenNews: UInt64?
        /// When it was found quiet last; 0: it was not.
        private var quietAt: UInt64 = 0
        private let news: SharedWord

        init(_ instance: RingInstance) {
            self.instance = instance
            news = instance.newsWord
        }

        /// Nothing has come, nothing has ended: most of many runs, most of the time. Touches one word of each ring.
        mutating func isQuiet(_ now: UInt64) -> Bool {
            if seenNews == news.loadAcquire(), !instance.isOver, areRingsQuiet {
                quietAt = now
                return true
            }
            if quietAt > 0 { for index in cursors.indices { cursors[index].wasQuiet(at: quietAt) } }
            quietAt = 0
            seenNews = news.loadAcquire()
            return false
        }

        private var areRingsQuiet: Bool {
            for index in cursors.indices where !cursors[index].isQuiet { return false }
            return true
        }
    }

    package func run() {
        teltel_name_thread("teltel-live")
        var version: UInt64 = 0
        var marked: UInt64 = 0
        var walks: [Walk] = []
        while true {
            let last = stopping.load(ordering: .relaxed)
            if directory.version != version {
                version = directory.version
                adopt(directory.instances, &walks)
            }
            var rows = 0
            let now = teltel_monotonic_ns()
            for index in walks.indices where !walks[index].finished {
                rows += pass(&walks[index], now)
                if now - marked > Self.markNs { mark(&walks[index], now) }
            }
            if now - marked > Self.markNs { marked = now }
            if last { return }
            nap.sleep(active: rows > 0, pace: !sink.isWatched ? .unwatched : rows < Self.busyRows ? .prompt : .busy)
        }
    }

    private func adopt(_ instances: [RingInstance], _ walks: inout [Walk]) {
        let present = Set(instances.map(\.id))
        let gone = walks.filter { !present.contains($0.instance.id) }
        walks.removeAll { !present.contains($0.instance.id) }
        let known = Set(walks.map(\.instance.id))
        for instance in instances where !known.contains(instance.id) {
            sink.appeared(instance)
            walks.append(Walk(instance))
        }
        positions.withLock { positions in
            for walk in gone { for cursor in walk.cursors { positions[cursor.ring.id] = nil } }
        }
    }

    /// So many rows at a time are a stream rather than single events.
    private static let busyRows = 16

    /// Reads what is new in one instance. Returns how many rows there were, at least one if there was anything.
    private func pass(_ walk: inout Walk, _ now: UInt64) -> Int {
        if walk.isQuiet(now) { return 0 }
        let instance = walk.instance
        // Looked at before the rings: what was written before the end is then read below.
        let end = instance.end
        var found = 0
        do throws(RingFault) {
            let rings = try instance.rings()
            for ring in rings.dropFirst(walk.cursors.count) {
                let position = ring.replayStart(instance.liveMarks?[ring.id.writer] ?? .max)
                walk.cursors.append(try RingCursor(ring: ring, instance: instance, position: position))
                walk.trails.append(LiveTrail())
                sink.began(ring.id, of: instance, at: position)
            }
            if walk.cursors.count < instance.ringCount { walk.seenNews = nil }  // one that cannot be opened now
            var last: [[Batch]] = []
            for index in walk.cursors.indices {
                let begin = walk.cursors[index].position
                let rows = try drain(&walk.cursors[index], instance, &last)
                if rows > 0 { walk.trails[index].passed(begin, now) }
                found += rows
            }
            if !last.isEmpty {
                // What other threads emitted before the run's end was called is in their rings now: it comes first.
                for index in walk.cursors.indices { _ = try drain(&walk.cursors[index], instance, &last) }
                for batches in last { sink.publish(batches) }
            }
        } catch {
            instance.quarantine(error)
            walk.finished = true
            return found
        }
        if let end, found == 0 {
            walk.finished = true
            sink.ended(instance, end)
            directory.liveFinished(instance.id)
        }
        return found
    }

    /// A ring that is written without pause must not keep the others waiting: at most this many rounds at a time.
    private static let roundsAtATime = 64

    /// Once in a while: from where on a restarted collector could show events again.
    private func mark(_ walk: inout Walk, _ now: UInt64) {
        for index in walk.trails.indices {
            let cursor = walk.cursors[index]
            if let mark = walk.trails[index].newMark(cursor.position, ringBytes: cursor.ring.dataBytes, now) {
                walk.instance.liveMarks?.set(cursor.ring.id.writer, mark)
            }
        }
    }
    private static let markNs: UInt64 = 200_000_000

    /// A round that ends the run is not published but handed back in `last`. Returns what `pass` does.
    private func drain(
        _ cursor: inout RingCursor, _ instance: RingInstance, _ last: inout [[Batch]]
    ) throws(RingFault) -> Int {
        var rows = 0
        for _ in 0..<Self.roundsAtATime {
            switch try cursor.read() {
            case .nothing: return rows
            case .batches(let batches):
                rows += batches.reduce(1) { $0 + $1.count }
                if batches.contains(where: { $0.schema.type == "run.end" }), instance.description.kind == .engine {
                    last.append(batches)
                } else {
                    sink.publish(batches)
                }
            case .missed(let bytes):
                rows += 1
                sink.missed(cursor.ring.id, of: instance, bytes: bytes, upTo: cursor.position)
            }
            if releases { cursor.ring.release(upTo: cursor.position) }
            let (id, position) = (cursor.ring.id, cursor.position)
            positions.withLock { $0[id] = position }
        }
        return rows
    }
}

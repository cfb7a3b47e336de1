/// The live reader: walks all rings for those who look on, and is waited for by nobody.
import CTeltelRings
import Synchronization
import TeltelEvents

/// How those who look on look on.
package enum Attention: Sendable {
    /// Nobody does.
    case none
    /// So many times a second.
    case paced
    /// At each event as it comes.
    case prompt
}

/// Whoever takes rounds. Called by one thread at a time: the reader's, or one that reads a single event of its own. Must not block.
package protocol LiveSink: AnyObject, Sendable {
    var attention: Attention { get }
    /// So few look on that whoever has written a single event may tell them itself.
    var areFewWaiting: Bool { get }
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
    /// Called when something comes after a quiet time.
    private let roused: @Sendable () -> Void
    private let stopping = Atomic<Bool>(false)
    private let nap = Nap()
    private let catchUp = CatchUp()
    /// Held while rings are read and the sink is told: by the reader's thread, or by one that has written.
    private let tour = Mutex(Tour())

    /// - Parameters:
    ///   - releases: gives the space of what was read back to the producers.
    ///   - roused: called on the reading thread when something comes after 100 ms without anything, for those who sleep
    ///     for longer than this reader does.
    package init(
        directory: RingDirectory, sink: any LiveSink, releases: Bool, roused: @escaping @Sendable () -> Void = {}
    ) {
        self.directory = directory
        self.sink = sink
        self.releases = releases
        self.roused = roused
    }

    /// Ends `run` after one more pass.
    package func stop() {
        stopping.store(true, ordering: .relaxed)
        nap.hurry()
    }
    /// There is something to read: called by the ingest rings' writers.
    package func wake() { nap.wake() }

    /// The same for one event that somebody waits for: if it came alone, it is read here and now, on the caller's thread. To wake
    /// another one takes several times as long as to read it.
    package func wake(readingHere instance: InstanceID) {
        nap.wake(unless: { sink.areFewWaiting && tour.withLockIfAvailable { lookAtOne(instance, &$0) } == true })
    }

    /// Returns false if somebody else has to look: there is more than a little, or something else than rows.
    private func lookAtOne(_ instance: InstanceID, _ tour: inout Tour) -> Bool {
        guard !tour.isStale, tour.version == directory.version,
            let index = tour.walks.firstIndex(where: { $0.instance.id == instance }), !tour.walks[index].finished,
            !tour.walks[index].cursors.isEmpty
        else { return false }
        let now = teltel_monotonic_ns()
        let rows = pass(index, &tour, now, roundsMax: 1)
        heard(rows, &tour, now)
        // Only rings of a walk that goes on are watched, and only as long as all of them are known.
        return !tour.isStale && !tour.heads.hasMoved(tour.walks[index].watched, count: tour.walks[index].cursors.count)
    }
    /// A ring has no room left.
    package func hurry() { nap.hurry() }
    /// Returns when what was written before the call has been read, as far as one look goes.
    package func caughtUp() async { await catchUp.wait(first: nap.hurry) }

    /// Positions of all rings, for the marks of `/api/run`.
    package func position(of ring: RingID) -> UInt64 { positions.withLock { $0[ring] ?? 0 } }
    private let positions = Mutex<[RingID: UInt64]>([:])

    /// The reader's thread, until `stop`.
    package func run() {
        teltel_name_thread("teltel-live")
        var recentRows = 0
        while true {
            let last = stopping.load(ordering: .relaxed)
            let waiting = catchUp.take()
            let (rows, found, longest, quiet) = tour.withLock { tour in
                let looked = tour.looked
                let rows = look(&tour, teltel_monotonic_ns(), asksAll: last || !waiting.isEmpty)
                let found: Nap.Found = rows == 0 ? .nothing : tour.foundUntold ? .untold : .told
                return (rows, found, longestNap(tour, looked), Self.quietNap + Self.quietNapOfRing * tour.heads.count)
            }
            for waiter in waiting { waiter.resume() }
            if last {
                nap.sleep(microseconds: 0)  // What woke it has been seen to.
                return catchUp.end()
            }
            recentRows = recentRows * 7 / 8 + rows
            nap.sleep(found, pace: pace(recentRows), most: longest, quiet: quiet)
        }
    }

    private func pace(_ recentRows: Int) -> Nap.Pace {
        switch sink.attention {
        case .none: .unwatched
        case .paced: .busy
        case .prompt: recentRows < Self.busyRows ? .prompt : .busy
        }
    }

    /// Microseconds, so that no ring fills by more than an eighth at the pace of the last look: a small ring must not lap its reader.
    private func longestNap(_ tour: Tour, _ lookedBefore: UInt64) -> Int {
        guard tour.fill > 0 else { return .max }
        let since = Double(tour.looked - min(tour.looked, lookedBefore)) / 1_000
        return max(Self.shortestNap, Int(min(since / (8 * tour.fill), 1e6)))
    }
    private static let shortestNap = 250
    /// Microseconds between looks when all is still: many rings are looked at less often.
    private static let quietNap = 20_000
    private static let quietNapOfRing = 10

    /// Reads what is new. Most of many runs are quiet, most of the time: of those, only one word of each ring is looked at.
    /// - Parameter asksAll: for new rings and ends too, however new the last answer is.
    private func look(_ tour: inout Tour, _ now: UInt64, asksAll: Bool) -> Int {
        if directory.version != tour.version {
            tour.version = directory.version
            adopt(directory.instances, &tour.walks)
            tour.isStale = true
            tour.askedNews = 0
        }
        if tour.isStale { watchHeads(&tour) }
        tour.due.removeAll(keepingCapacity: true)
        tour.heads.moved(into: &tour.due)
        // Run files are as many as rings and seldom have news.
        let pause = now - tour.lastRows < Self.stillNs ? Self.newsNs : Self.quietNs
        if now - tour.askedNews >= pause || asksAll {
            tour.askedNews = now
            // In place: a copy of each would cost more than the look.
            tour.walks.withUnsafeBufferPointer { walks in
                for index in walks.indices where walks[index].hasNews { tour.due.append(index) }
            }
        }
        var rows = 0
        tour.fill = 0
        tour.foundUntold = false
        for index in tour.due {
            let found = pass(index, &tour, now, roundsMax: Self.roundsMax)
            if found > 0, tour.walks[index].instance.description.kind == .engine { tour.foundUntold = true }
            rows += found
        }
        if now - tour.marked > Self.markNs {
            tour.marked = now
            for index in tour.walks.indices where !tour.walks[index].isLasting { mark(&tour.walks[index], now) }
        }
        tour.looked = now
        heard(rows, &tour, now)
        return rows
    }

    private func heard(_ rows: Int, _ tour: inout Tour, _ now: UInt64) {
        guard rows > 0 else { return }
        if now - tour.lastRows > Self.quietNs { roused() }
        tour.lastRows = now
    }

    private func watchHeads(_ tour: inout Tour) {
        tour.isStale = false
        tour.heads.removeAll()
        for index in tour.walks.indices where !tour.walks[index].finished {
            for (number, cursor) in tour.walks[index].cursors.enumerated() {
                let entry = tour.heads.add(cursor.head, readTo: cursor.position, instance: index)
                if number == 0 { tour.walks[index].watched = entry }
            }
        }
    }

    /// Reads one instance, and notes for the watch how far.
    private func pass(_ index: Int, _ tour: inout Tour, _ now: UInt64, roundsMax: Int) -> Int {
        if tour.walks[index].finished { return 0 }
        if tour.looked > tour.walks[index].passedAt {
            // It was quiet when all were looked at.
            for number in tour.walks[index].cursors.indices { tour.walks[index].cursors[number].wasQuiet(at: tour.looked) }
        }
        tour.walks[index].passedAt = now
        tour.walks[index].isLasting = false
        let known = tour.walks[index].cursors.count
        let rows = pass(&tour.walks[index], now, roundsMax, &tour.fill)
        let walk = tour.walks[index]
        if walk.finished || walk.cursors.count != known {
            tour.isStale = true
        } else if !tour.isStale {
            for (number, cursor) in walk.cursors.enumerated() {
                tour.heads.set(walk.watched + number, readTo: cursor.position)
            }
        }
        return rows
    }

    private func adopt(_ instances: [RingInstance], _ walks: inout [LiveWalk]) {
        let present = Set(instances.map(\.id))
        let gone = walks.filter { !present.contains($0.instance.id) }
        walks.removeAll { !present.contains($0.instance.id) }
        let known = Set(walks.map(\.instance.id))
        for instance in instances where !known.contains(instance.id) {
            sink.appeared(instance)
            walks.append(LiveWalk(instance))
        }
        positions.withLock { positions in
            for walk in gone { for cursor in walk.cursors { positions[cursor.ring.id] = nil } }
        }
    }

    private static let quietNs: UInt64 = 100_000_000
    private static let stillNs: UInt64 = 1_000_000_000
    /// How old news of run files may become while something comes; `quietNs` while all is still.
    private static let newsNs: UInt64 = 5_000_000

    /// So many rows in the last looks, some eight, are a stream rather than single events. A look at a single event counts two: from
    /// the shortest nap it takes 8,000 events a second to get there, and 2,000 to stay.
    private static let busyRows = 32

    /// Reads what is new in one instance. Returns how many rows there were, at least one if there was anything, be it the end.
    private func pass(_ walk: inout LiveWalk, _ now: UInt64, _ roundsMax: Int, _ fill: inout Double) -> Int {
        let instance = walk.instance
        walk.noteNews()
        // Looked at before the rings: what was written before the end is then read below.
        let end = instance.end
        var found = 0
        do throws(RingFault) {
            let rings = try instance.rings()
            for ring in rings.dropFirst(walk.cursors.count) {
                let position = ring.replayStart(instance.liveMarks?[ring.id.writer] ?? .max)
                let takes = releases ? ring.takeUp(from: position).earlier : nil
                walk.cursors.append(try RingCursor(ring: ring, instance: instance, position: position, takes: takes))
                walk.trails.append(LiveTrail())
                sink.began(ring.id, of: instance, at: position)
            }
            if walk.cursors.count < instance.ringCount { walk.seenNews = nil }  // one that cannot be opened now
            var last: [[Batch]] = []
            for index in walk.cursors.indices {
                let begin = walk.cursors[index].position
                let rows = try drain(&walk.cursors[index], instance, roundsMax, &last)
                if rows > 0 {
                    walk.trails[index].passed(begin, now)
                    let cursor = walk.cursors[index]
                    fill = max(fill, Double(cursor.position &- begin) / Double(cursor.ring.dataBytes))
                }
                found += rows
            }
            if !last.isEmpty {
                // What other threads emitted before the run's end was called is in their rings now: it comes first.
                for index in walk.cursors.indices { _ = try drain(&walk.cursors[index], instance, roundsMax, &last) }
                for batches in last { sink.publish(batches) }
            }
        } catch {
            if error.code == .shortage {
                walk.seenNews = nil
                return found
            }
            instance.quarantine(error)
            walk.finished = true
            // Whatever its engine does: nobody can hear of it any more.
            sink.ended(instance, RunEnd(status: .failed, reason: "its shared memory cannot be read: \(error)", wall: 0))
            return found
        }
        if let end, found == 0, instance.shortage == nil {
            walk.finished = true
            sink.ended(instance, end)
            directory.liveFinished(instance.id)
            return 1
        }
        return found
    }

    /// A ring that is written without pause must not keep the others waiting: at most this many rounds at a time.
    private static let roundsMax = 64

    /// Once in a while: from where on a restarted collector could show events again.
    private func mark(_ walk: inout LiveWalk, _ now: UInt64) {
        walk.isLasting = true
        if walk.finished { return }
        for index in walk.trails.indices where !walk.trails[index].isLasting {
            walk.isLasting = false
            let cursor = walk.cursors[index]
            if let mark = walk.trails[index].newMark(cursor.position, ringBytes: cursor.ring.dataBytes, now) {
                walk.instance.liveMarks?.set(cursor.ring.id.writer, mark)
            }
        }
    }
    private static let markNs: UInt64 = 200_000_000

    /// A round that ends the run is not published but handed back in `last`. Returns what `pass` does.
    private func drain(
        _ cursor: inout RingCursor, _ instance: RingInstance, _ roundsMax: Int, _ last: inout [[Batch]]
    ) throws(RingFault) -> Int {
        var rows = 0
        for _ in 0..<roundsMax {
            switch try cursor.read() {
            case .nothing: return rows
            case .batches(let batches):
                rows += batches.reduce(1) { $0 + $1.count }
                if batches.contains(where: { $0.schema.type == .runEnd }), instance.description.kind == .engine {
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

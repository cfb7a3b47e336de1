/// The live reader: walks all rings for those who look on, and is waited for by nobody.
import CTeltelRings
import Dispatch
import Synchronization
import TeltelEvents

/// Whoever takes rounds. Called on the reader's thread: must not block.
package protocol LiveSink: AnyObject, Sendable {
    func appeared(_ instance: RingInstance)
    /// Batches of one round of one ring.
    func publish(_ batches: [Batch])
    /// The producer lapped the reader: bytes that no subscriber will see (they may still be stored).
    func missed(_ instance: RingInstance, writer: UInt16, bytes: UInt64)
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

    /// Positions of all rings, for the marks of `/api/run`.
    package func position(of ring: RingID) -> UInt64 { positions.withLock { $0[ring] ?? 0 } }
    private let positions = Mutex<[RingID: UInt64]>([:])

    private struct Walk {
        let instance: RingInstance
        var cursors: [RingCursor] = []
        var finished = false
    }

    package func run() {
        teltel_name_thread("teltel-live")
        var version: UInt64 = 0
        var walks: [Walk] = []
        while true {
            let last = stopping.load(ordering: .relaxed)
            if directory.version != version {
                version = directory.version
                adopt(directory.instances, &walks)
            }
            var any = false
            for index in walks.indices where !walks[index].finished {
                if pass(&walks[index]) { any = true }
            }
            if last { return }
            nap.sleep(active: any)
        }
    }

    private func adopt(_ instances: [RingInstance], _ walks: inout [Walk]) {
        let present = Set(instances.map(\.id))
        let gone = walks.filter { !present.contains($0.instance.id) }
        walks.removeAll { !present.contains($0.instance.id) }
        let known = Set(walks.map(\.instance.id))
        for instance in instances where !known.contains(instance.id) {
            sink.appeared(instance)
            walks.append(Walk(instance: instance))
        }
        positions.withLock { positions in
            for walk in gone { for cursor in walk.cursors { positions[cursor.ring.id] = nil } }
        }
    }

    /// Reads what is new in one instance. Returns whether there was anything.
    private func pass(_ walk: inout Walk) -> Bool {
        let instance = walk.instance
        // Looked at before the rings: what was written before the end is then read below.
        let end = instance.end
        var any = false
        do throws(RingFault) {
            let rings = try instance.rings()
            for ring in rings.dropFirst(walk.cursors.count) {
                walk.cursors.append(try RingCursor(ring: ring, instance: instance, position: max(ring.released, ring.low)))
            }
            for index in walk.cursors.indices where try drain(&walk.cursors[index], instance) { any = true }
        } catch {
            instance.quarantine(error)
            walk.finished = true
            return any
        }
        if let end, !any {
            walk.finished = true
            sink.ended(instance, end)
            directory.liveFinished(instance.id)
        }
        return any
    }

    /// A ring that is written without pause must not keep the others waiting: at most this many rounds at a time.
    private static let roundsAtATime = 64

    private func drain(_ cursor: inout RingCursor, _ instance: RingInstance) throws(RingFault) -> Bool {
        var any = false
        for _ in 0..<Self.roundsAtATime {
            switch try cursor.read() {
            case .nothing: return any
            case .batches(let batches): sink.publish(batches)
            case .missed(let bytes): sink.missed(instance, writer: cursor.ring.id.writer, bytes: bytes)
            }
            any = true
            if releases { cursor.ring.release(upTo: cursor.position) }
            let (id, position) = (cursor.ring.id, cursor.position)
            positions.withLock { $0[id] = position }
        }
        return any
    }
}

/// How long a reader sleeps: 250 µs while anything came in the last 100 ms, 1 ms up to a second, then 20 ms.
package final class Nap: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let pending = Atomic<Bool>(false)
    private let lastActive = Atomic<UInt64>(0)

    package init() {}

    package func wake() {
        if !pending.exchange(true, ordering: .acquiringAndReleasing) { semaphore.signal() }
    }

    package func sleep(active: Bool) {
        let now = teltel_monotonic_ns()
        if active { lastActive.store(now, ordering: .relaxed) }
        let idle = now &- lastActive.load(ordering: .relaxed)
        sleep(microseconds: idle < 100_000_000 ? 250 : idle < 1_000_000_000 ? 1_000 : 20_000)
    }

    /// Until woken, or the time is over.
    package func sleep(microseconds: Int) {
        if semaphore.wait(timeout: .now() + .microseconds(microseconds)) == .success {
            pending.store(false, ordering: .releasing)
        }
    }
}

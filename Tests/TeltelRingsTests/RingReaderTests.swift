import CTeltel
import Synchronization
import TeltelEvents
import TeltelRings
import TeltelTestSupport
import Testing

/// Collects what a live reader publishes.
private final class Collected: LiveSink {
    struct State {
        var rows: [(sequence: UInt64, frame: UInt64)] = []
        var missed: UInt64 = 0
        var began: [UInt64] = []
        var ended: [RunEnd] = []
    }
    let state = Mutex(State())
    let attention: Attention
    var areFewWaiting: Bool { attention == .prompt }
    init(_ attention: Attention = .prompt) { self.attention = attention }
    func appeared(_ instance: RingInstance) {}
    func publish(_ batches: [Batch]) {
        state.withLock { state in
            for batch in batches { for row in 0..<batch.count { state.rows.append((batch.sequence(row), batch.frame(row))) } }
        }
    }
    func began(_ ring: RingID, of instance: RingInstance, at position: UInt64) { state.withLock { $0.began.append(position) } }
    func missed(_ ring: RingID, of instance: RingInstance, bytes: UInt64, upTo position: UInt64) {
        state.withLock { $0.missed += bytes }
    }
    func ended(_ instance: RingInstance, _ end: RunEnd) { state.withLock { $0.ended.append(end) } }
}

private func directory(_ folder: RingFolder) throws -> RingDirectory {
    let directory = try RingDirectory(path: folder.path, waitsForSpool: false) { description, _ in
        RunKey(runID: description.runID, sourceID: description.sourceID)
    }
    directory.lookAround()
    return directory
}

private func cursor(_ folder: RingFolder, at position: UInt64 = 0) throws -> (RingCursor, RingInstance) {
    let instance = try #require(try directory(folder).instances.first)
    return (try RingCursor(ring: try instance.rings()[0], instance: instance, position: position), instance)
}

private func readAll(_ cursor: inout RingCursor) throws(RingFault) -> [Batch] {
    var found: [Batch] = []
    while case .batches(let batches) = try cursor.read() { found += batches }
    return found
}

@Suite struct RingReaderTests {
    /// Every capacity, every head that wraps somewhere else: what was written is read, with its sequence.
    @Test(arguments: [4_096, 8_192]) func `records are read across the ring's end`(ringBytes: Int) throws {
        for skip in 0..<5 {
            let folder = try RingFolder(ringBytes: ringBytes)
            folder.defineSample()
            // Heads that leave 8, 16 or 24 bytes at the ring's end need a wrap marker.
            folder.setHead(UInt64(ringBytes - 64 - skip * 8))
            folder.setReleased(folder.head)
            var (reader, _) = try cursor(folder, at: folder.head)
            let sequences = (0..<6).map { folder.appendSample(frame: UInt64($0), value: Double($0)) }
            let rows = try readAll(&reader).flatMap { batch in (0..<batch.count).map { (batch.sequence($0), batch.frame($0)) } }
            #expect(rows.map(\.0) == sequences)
            #expect(rows.map(\.1) == Array(0..<6))
        }
    }

    @Test func `nothing new is nothing`() throws {
        let folder = try RingFolder()
        folder.defineSample()
        var (reader, _) = try cursor(folder)
        guard case .nothing = try reader.read() else { return #expect(Bool(false), "there is nothing to read") }
    }

    @Test func `a lapped reader jumps to where records begin and says how much is missing`() throws {
        let folder = try RingFolder()
        folder.defineSample()
        for frame in 0..<20 { folder.appendSample(frame: UInt64(frame), value: 0) }
        var (reader, _) = try cursor(folder)
        for frame in 20..<400 { folder.appendSample(frame: UInt64(frame), value: 0) }
        folder.setReleased(folder.head - 640)
        guard case .missed(let bytes) = try reader.read() else { return #expect(Bool(false), "the reader was lapped") }
        #expect(bytes == folder.head - 640)
        let frames = try readAll(&reader).flatMap { batch in (0..<batch.count).map { batch.frame($0) } }
        #expect(frames == Array(380..<400))
    }

    @Test func `long rounds are cut into batches of bounded size`() throws {
        let folder = try RingFolder(ringBytes: 1 << 20)
        folder.defineSample()
        for frame in 0..<5_000 { folder.appendSample(frame: UInt64(frame), value: 0) }
        var (reader, _) = try cursor(folder)
        let batches = try readAll(&reader)
        #expect(batches.allSatisfy { $0.count <= Limits.batchRows })
        #expect(batches.reduce(0) { $0 + $1.count } == 5_000)
    }

    @Test func `wall time without marks is unknown for what lay there before`() throws {
        let folder = try RingFolder()
        folder.defineSample()
        folder.appendSample(frame: 1, value: 0)
        var (reader, _) = try cursor(folder)
        #expect(try readAll(&reader)[0].wallTimes == [Batch.unknownTime])
        guard case .nothing = try reader.read() else { return #expect(Bool(false)) }
        folder.appendSample(frame: 2, value: 0)
        #expect(try readAll(&reader)[0].wallTimes[0] > 1_600_000_000_000)
    }

    @Test func `the live reader closes an ended run after its last record`() throws {
        let folder = try RingFolder()
        folder.defineSample()
        for frame in 0..<50 { folder.appendSample(frame: UInt64(frame), value: 0) }
        folder.end()
        let directory = try directory(folder)
        let collected = Collected()
        let reader = LiveReader(directory: directory, sink: collected, releases: true)
        reader.stop()  // one pass reads, and a second one sees the end
        reader.run()
        reader.run()
        collected.state.withLock { state in
            #expect(state.rows.map(\.frame) == Array(0..<50))
            #expect(state.ended.map(\.status) == [.completed])
        }
        directory.lookAround()
        #expect(directory.instances.isEmpty)
    }

    @Test func `an event that comes alone is read by whoever tells of it, without the reader's thread`() throws {
        let folder = try RingFolder()
        folder.defineSample()
        let directory = try directory(folder)
        let collected = Collected()
        let reader = LiveReader(directory: directory, sink: collected, releases: true)
        reader.stop()
        for _ in 0..<2 { reader.run() }  // it knows the ring now, and its thread has ended
        folder.appendSample(frame: 7, value: 0)
        reader.wake(readingHere: try #require(directory.instances.first).id)
        #expect(collected.state.withLock { $0.rows.map(\.frame) } == [7])
    }

    @Test func `what nobody waits for is left to the reader`() throws {
        let folder = try RingFolder()
        folder.defineSample()
        let directory = try directory(folder)
        let collected = Collected(.paced)
        let reader = LiveReader(directory: directory, sink: collected, releases: true)
        reader.stop()
        for _ in 0..<2 { reader.run() }
        folder.appendSample(frame: 7, value: 0)
        reader.wake(readingHere: try #require(directory.instances.first).id)
        #expect(collected.state.withLock { $0.rows.isEmpty })
        reader.run()
        #expect(collected.state.withLock { $0.rows.map(\.frame) } == [7])
    }

    @Test func `a ring that the reader does not know yet is left to it`() throws {
        let folder = try RingFolder()
        folder.defineSample()
        let directory = try directory(folder)
        let collected = Collected()
        let reader = LiveReader(directory: directory, sink: collected, releases: true)
        folder.appendSample(frame: 7, value: 0)
        reader.wake(readingHere: try #require(directory.instances.first).id)
        #expect(collected.state.withLock { $0.rows.isEmpty })
    }

    @Test func `a producer without process is dead`() throws {
        let folder = try RingFolder(alive: false)
        let directory = try directory(folder)
        #expect(directory.instances.first?.end?.status == .failed)
    }
}

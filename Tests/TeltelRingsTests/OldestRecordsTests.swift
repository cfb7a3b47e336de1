import Foundation
import TeltelEvents
import TeltelRings
import TeltelSDK
import TeltelTestSupport
import Testing

/// A real producer with the policy to overwrite the oldest, and its ring as a reader sees it.
private final class Recorder {
    struct Sample: BitwiseCopyable {
        var value: UInt64
    }
    let run: Run
    let type: EventType<Sample>
    let instance: RingInstance
    private let folder: String
    private(set) var emitted: UInt64 = 0

    init() throws {
        folder = "/dev/shm/teltel-test-\(UUID().uuidString)"
        var options = RunOptions(sourceID: "recorder")
        options.folder = folder
        options.ringBytes = 256 << 10
        options.overflow = .overwriteOldest
        run = Run(options)
        if let problem = run.problem { throw problem }
        type = try run.define("sample", channel: "test", [.field(\Sample.value, "value")])
        let directory = try RingDirectory(path: folder, waitsForSpool: false) { description, _ in
            RunKey(runID: description.runID, sourceID: description.sourceID)
        }
        directory.lookAround()
        instance = try #require(directory.instances.first)
    }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func emit(_ count: Int) {
        for _ in 0..<count {
            #expect(type.emit(Sample(value: emitted), frame: emitted, time: 0))
            emitted += 1
        }
    }
    func ring() throws -> RingMapping { try instance.rings()[0] }
    func reader(from kept: UInt64) throws -> RingCursor {
        let (position, earlier) = try ring().takeUp(from: kept)
        return try RingCursor(ring: ring(), instance: instance, position: position, takes: earlier)
    }
    var overwritten: UInt64 { run.drops(of: type).overwritten }
}

private func samples(_ reading: RingCursor.Reading) -> [UInt64] {
    guard case .batches(let batches) = reading else { return [] }
    return batches.filter { $0.schema.type == "sample" }.flatMap { batch in (0..<batch.count).map { batch.frame($0) } }
}

private func all(_ reader: inout RingCursor) throws(RingFault) -> [UInt64] {
    var found: [UInt64] = []
    while case .batches(let batches) = try reader.read() { found += samples(.batches(batches)) }
    return found
}

@Suite struct OldestRecordsTests {
    /// Reader and producer by turns, in portions that lap the reader or not: each event is read or counted, never both.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func `what is taken and what is overwritten is all there was`(seed: UInt64) throws
    {
        var dice = SeededRandom(seed: seed)
        let recorder = try Recorder()
        var reader = try recorder.reader(from: 0)
        var taken: [UInt64] = []
        for _ in 0..<300 {
            recorder.emit(Int.random(in: 0...12_000, using: &dice) / (Bool.random(using: &dice) ? 1 : 50))
            for _ in 0..<Int.random(in: 0...3, using: &dice) {
                taken += samples(try reader.read(most: 8 * Int.random(in: 1...8_192, using: &dice)))
            }
        }
        var quiet = 0
        while quiet < 2 {
            let reading = try reader.read()
            taken += samples(reading)
            if case .nothing = reading { quiet += 1 }
        }
        #expect(taken == taken.sorted() && Set(taken).count == taken.count)
        #expect(recorder.overwritten > 0)
        #expect(UInt64(taken.count) + recorder.overwritten == recorder.emitted)
        #expect(taken.last == recorder.emitted - 1)
    }

    @Test func `copies of what is overwritten before it is taken are thrown away`() throws {
        let recorder = try Recorder()
        let ring = try recorder.ring()
        recorder.emit(10)
        let (position, earlier) = ring.takeUp(from: 0)
        let head = ring.head
        recorder.emit(20_000)
        #expect(!ring.take(position..<head, earlier))
        let next = try ring.resume(position, earlier)
        #expect(next == ring.low && next > head)
        #expect(ring.take(next..<ring.head, earlier))
        let before = recorder.overwritten
        recorder.emit(1_000)
        #expect(recorder.overwritten == before)
    }

    /// A reader that was killed had taken more than it had kept.
    @Test func `what an earlier reader took is taken again while it is there`() throws {
        let recorder = try Recorder()
        recorder.emit(1_000)
        var first = try recorder.reader(from: 0)
        #expect(samples(try first.read()).count == 1_000)
        recorder.emit(500)
        var second = try recorder.reader(from: 0)
        #expect(try all(&second) == Array(0..<1_500))
        recorder.emit(20_000)
        var third = try recorder.reader(from: 0)
        let newest = try all(&third)
        #expect(newest.last == recorder.emitted - 1)
        #expect(UInt64(newest.count) + recorder.overwritten + 1_500 == recorder.emitted)
    }
}

// Writers, readers and the end of a run at once, in one process, for a sanitizer to watch.   race stream|overwrite|block|plant-...
import CTeltel
import Foundation
import Synchronization
import TeltelEvents
import TeltelRings
import TeltelSDK
import sight

struct Sample: BitwiseCopyable {
    var number: UInt64
    var first, second, third, last: Double
    init(_ number: UInt64 = 0) {
        self.number = number
        (first, second, third, last) = (Double(number), Double(number), Double(number), Double(number))
    }
    /// All of it is of one event.
    var isWhole: Bool { [first, second, third, last].allSatisfy { $0 == Double(number) } }
}
struct Large: BitwiseCopyable {
    var first = 1.0
    var rest = (SIMD64<Double>(repeating: 1), SIMD64<Double>(repeating: 2))
}

func fail(_ what: String) -> Never {
    print("race: \(what)")
    exit(1)
}

/// Counts what the live reader hands on, and checks that no row is torn.
final class Counted: LiveSink {
    let attention = Attention.prompt
    let areFewWaiting = true
    let rows = Mutex<[String: Int]>([:])
    let newest = Mutex<InstanceID?>(nil)
    let missed = Atomic<UInt64>(0)
    let hasEnded = Atomic<Bool>(false)
    func appeared(_ instance: RingInstance) { newest.withLock { $0 = instance.id } }
    func began(_ ring: RingID, of instance: RingInstance, at position: UInt64) {}
    func missed(_ ring: RingID, of instance: RingInstance, bytes: UInt64, upTo position: UInt64) {
        missed.add(bytes, ordering: .relaxed)
    }
    func ended(_ instance: RingInstance, _ end: RunEnd) { hasEnded.store(true, ordering: .releasing) }
    func publish(_ batches: [Batch]) {
        for batch in batches {
            rows.withLock { $0[batch.schema.type.text, default: 0] += batch.count }
            guard batch.schema.type == "sample" else { continue }
            for row in 0..<batch.count where batch.frame(row) % 1_000 == 0 {
                // SAFETY of the test: the payload of a sample is one.
                let sample = batch.withPayload(row) { $0.loadUnaligned(as: Sample.self) }
                if !sample.isWhole { fail("a torn row") }
            }
        }
    }
}

func thread(_ body: @escaping @Sendable () -> Void) -> Thread {
    let thread = Thread(block: body)
    thread.start()
    return thread
}

/// The reader's threads, as in a collector without storage.
final class Reader: Sendable {
    let sink = Counted()
    private let directory: RingDirectory
    private let live: LiveReader
    private let threads = DispatchGroup()
    private let isOver = Atomic<Bool>(false)

    init() throws {
        directory = try RingDirectory(path: ProcessInfo.processInfo.environment["TELTEL_SHM_DIR"]!, waitsForSpool: false) {
            description, _ in RunKey(runID: description.runID, sourceID: description.sourceID)
        }
        live = LiveReader(directory: directory, sink: sink, releases: true)
        for body in [directory.run, live.run, wake] {
            threads.enter()
            _ = thread { [threads] in
                body()
                threads.leave()
            }
        }
    }
    /// Reads in the reader's place, as an event loop does whose post came alone.
    private func wake() {
        while !isOver.load(ordering: .acquiring) {
            if let instance = sink.newest.withLock({ $0 }) { live.wake(readingHere: instance) }
            usleep(300)
        }
    }
    func stop() {
        isOver.store(true, ordering: .releasing)
        live.stop()
        directory.stop()
        threads.wait()
    }
}

final class Engine: Sendable {
    let run: Run
    let sample: EventType<Sample>
    let large: EventType<Large>
    let accepted = Atomic<Int>(0)
    private let threads = DispatchGroup()

    init(_ overflow: RunOptions.Overflow) throws {
        var options = RunOptions(sourceID: "race")
        options.ringBytes = 256 << 10
        options.overflow = overflow
        run = Run(options)
        if let problem = run.problem { fail("\(problem)") }
        sample = try run.define("sample", channel: "test", [.field(\.number, "number"), .field(\.last, "last")])
        large = try run.define("large", channel: "test", [Field<Large>.field(\.first, "first")])
    }

    func start(_ body: @escaping @Sendable (Engine) -> Void) {
        threads.enter()
        _ = thread { [self] in
            body(self)
            threads.leave()
        }
    }
    func wait() { threads.wait() }

    func emit(_ count: Int) {
        var done = 0
        for number in 0..<UInt64(count) {
            let state = Sample(number)
            if sample.emit(state, frame: number, time: 0.5) { done += 1 }
            if number % 16 == 0, large.emit(Large(), frame: number, time: 0.5) { done += 1 }
        }
        accepted.add(done, ordering: .relaxed)
    }

    /// On a writer of its own: emits, and fills reserved room.
    func fill(_ count: Int) {
        guard let writer = run.openWriter("own") else { return }  // the run has ended already
        var done = 0
        for number in 0..<UInt64(count) {
            let state = Sample(number)
            if number % 2 == 0 {
                if writer.emit(sample, state, frame: number, time: 0.5) { done += 1 }
            } else if writer.fill(sample, frame: number, time: 0.5, { $0.initialize(to: state) }) {
                done += 1
            }
        }
        accepted.add(done, ordering: .relaxed)
    }
}

/// Everything that may go on at the same time does.
func race(_ overflow: RunOptions.Overflow) throws {
    let reader = try Reader()
    let count = 6_000
    for endsUnderWriters in [false, true] {
        let engine = try Engine(overflow)
        for _ in 0..<2 { engine.start { $0.emit(count) } }
        engine.start { $0.fill(count) }
        engine.start { engine in
            for number in 0..<20 {
                engine.start { $0.emit(20) }  // short threads: rings change hands
                _ = engine.run.drops.total
                _ = try? engine.run.tags(["number": "\(number)"])
                engine.run.frameStart(UInt64(number), time: 0.5, dt: 0.01)
                _ = engine.run.emit(json: "{\"a\":\(number)}", "json", channel: "test", frame: UInt64(number), time: 0.5)
                _ = try? engine.run.define("late.\(number)", channel: "test", [Field<Sample>.field(\.number, "number")])
            }
        }
        if endsUnderWriters {
            while reader.sink.rows.withLock({ $0["sample"] }) == nil { sched_yield() }
        } else {
            engine.wait()
        }
        let drops = engine.run.drops
        engine.run.end(.completed, "done")
        engine.wait()
        let accepted = engine.accepted.load(ordering: .relaxed)
        if accepted == 0 { fail("nothing was accepted") }
        while !reader.sink.hasEnded.load(ordering: .acquiring) { sched_yield() }
        reader.sink.hasEnded.store(false, ordering: .relaxed)
        let rows = reader.sink.rows.withLock { rows in
            defer { rows = [:] }
            return (rows["sample"] ?? 0) + (rows["large"] ?? 0)
        }
        print("accepted \(accepted), read \(rows), refused \(drops.total)")
        if !endsUnderWriters, rows + Int(drops.overwritten) != accepted { fail("accepted \(accepted), read \(rows)") }
    }
    if sight_shared_mappings() < 4 { fail("reader and writers do not share their mappings: no race would be seen") }
    reader.stop()
}

// MARK: bugs to be found

/// Reads a record that is not published yet.
func plantHeader() throws {
    let engine = try Engine(.dropNewest)
    engine.run.attachThread()
    let folder = ProcessInfo.processInfo.environment["TELTEL_SHM_DIR"]! + "/" + String(format: "%016lx", engine.run.instance)
    let file = open(folder + "/ring-0", O_RDWR)
    let bytes = Int(lseek(file, 0, SEEK_END))
    // SAFETY of the test: the writers' own mapping (mappings.c), which stays as long as the run.
    let ring = SharedBytes(base: mmap(nil, bytes, PROT_READ, MAP_SHARED, file, 0))
    let offset = Int(ring.base.load(fromByteOffset: MemoryLayout<teltel_ring_header>.offset(of: \.data_offset)!, as: UInt64.self))
    engine.start { _ in
        var sum: UInt64 = 0
        for _ in 0..<200 {
            for at in stride(from: offset, to: offset + 16_384, by: 8) {
                sum &+= (ring.base + at).assumingMemoryBound(to: UInt64.self).pointee
            }
        }
        print("read \(sum)")
    }
    engine.emit(200)
    engine.wait()
}
/// SAFETY of the test: a data race on it is what is wanted.
struct SharedBytes: @unchecked Sendable { let base: UnsafeMutableRawPointer }

/// One writer, used by two threads at once.
func plantSharedWriter() throws {
    let engine = try Engine(.dropNewest)
    guard let own = engine.run.openWriter("shared") else { fail("no writer") }
    let writer = SharedWriter(own)
    for _ in 0..<2 {
        engine.start { engine in
            for number in 0..<200 { _ = writer.writer.emit(engine.sample, Sample(), frame: UInt64(number), time: 0) }
        }
    }
    engine.wait()
}
/// SAFETY of the test: a data race on it is what is wanted.
final class SharedWriter: @unchecked Sendable {
    let writer: Writer
    init(_ writer: consuming Writer) { self.writer = writer }
}

/// A record that is shorter than its type says.
func plantShortRecord() throws {
    let engine = try Engine(.dropNewest)
    var fields = [teltel_field(name: nil, unit: nil, labels: nil, kind: UInt32(TELTEL_U8), offset: 0, count: 64, flags: 0)]
    var type = teltel_type()
    let handle = UnsafeMutablePointer<OpaquePointer?>.allocate(capacity: 1)
    guard teltel_run_start(nil, handle) == Int32(TELTEL_OK) else { fail("no run") }
    "bytes".withCString { name in
        fields[0].name = name
        _ = teltel_define(handle.pointee, "test", "short", &fields, 1, 64, &type)
    }
    let record = UnsafeMutableRawPointer.allocate(byteCount: 40, alignment: 8)
    record.initializeMemory(as: UInt8.self, repeating: 0, count: 40)
    print("emit: \(teltel_emit(handle.pointee, type, 1, 0, record))")
    engine.run.end()
}

switch CommandLine.arguments.dropFirst().first {
case "stream": try race(.dropNewest)
case "overwrite": try race(.overwriteOldest)
case "block": try race(.block(upTo: .seconds(10)))
case "plant-header": try plantHeader()
case "plant-shared-writer": try plantSharedWriter()
case "plant-short-record": try plantShortRecord()
default: fail("usage: race stream|overwrite|block|plant-header|plant-shared-writer|plant-short-record")
}
print("done")

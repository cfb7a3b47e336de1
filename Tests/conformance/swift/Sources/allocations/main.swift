// Counts what is allocated while events are emitted, with the help of count_allocations.c (LD_PRELOAD). Prints the count of each
// way to emit. `emitOnce` is looked at by the test, too: what the compiler makes of it.
import Foundation
import TeltelSDK

struct Sample: BitwiseCopyable {
    var position: SIMD4<Double> = [1, 2, 3, 4]
    var velocity: InlineArray<8, Double> = InlineArray(repeating: 0.5)
    var id: UInt64 = 0
}

typealias Counter = @convention(c) () -> UInt64
guard let symbol = dlsym(nil, "allocations_so_far") else { fatalError("count_allocations.c is not preloaded") }
// SAFETY: that is the function's type in count_allocations.c.
let allocations = unsafeBitCast(symbol, to: Counter.self)

var options = RunOptions(sourceID: "allocations")
options.ringBytes = 8 << 20
let run = Run(options)
guard run.problem == nil, let writer = run.openWriter("own") else { fatalError("no run") }
let type = try run.define(
    "sample", channel: "test",
    [.field(\Sample.position, "p"), .field(\Sample.velocity, "v"), .field(\Sample.id, "id", key: true)])
let plain = try run.define("plain", channel: "test", [Field<UInt64>.field(\.self, "value")])
let tagged = type.with(try run.tags(["car": "red"]))
var samples = [Sample](repeating: Sample(), count: 8)

/// What a simulation's loop does.
@inline(never) func emitOnce(_ type: EventType<Sample>, _ sample: borrowing Sample, _ frame: UInt64) -> Bool {
    type.emit(sample, frame: frame, time: 0.5)
}

func count(_ way: String, _ emit: (UInt64) -> Bool) {
    _ = emit(0)
    let before = allocations()
    var accepted = 0
    for frame in 1...1_000 as ClosedRange<UInt64> where emit(frame) { accepted += 1 }
    let taken = allocations() - before  // before print takes some
    print(way, taken, accepted)
}

count("emit") { emitOnce(type, samples[0], $0) }
count("tagged") { tagged.emit(samples[1], frame: $0, time: 0.5) }
count("array") { frame in
    samples.withUnsafeBufferPointer { type.emit(from: $0.baseAddress! + 3, frame: frame, time: 0.5) }
}
count("writer") { writer.emit(type, samples[2], frame: $0, time: 0.5) }
count("fill") { frame in writer.fill(type, frame: frame, time: 0.5) { $0.initialize(to: Sample()) } }
count("plain") { frame in writer.fill(plain, frame: frame, time: 0.5) { $0.initialize(to: 7) } }
count("frames") { run.frameStart($0, time: 0.5, dt: 0.1) && run.frameEnd($0, time: 0.5, dt: 0.1, substeps: 1, cpuTimeMs: 1) }
run.end()

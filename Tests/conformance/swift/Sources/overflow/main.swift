// The cases of overflow.c through the Swift interface: overflow CASE.
import Foundation
import TeltelSDK

struct Small: BitwiseCopyable { var bytes: InlineArray<16, UInt8> }
struct Large: BitwiseCopyable { var bytes: InlineArray<3_000, UInt8> }

func check(_ holds: Bool, _ what: String, line: Int = #line) {
    if holds { return }
    print("overflow.swift:\(line): not true: \(what)")
    exit(1)
}

let events: UInt64 = 20_000

struct Engine: Sendable {
    let run: Run
    let small: EventType<Small>
    let large: EventType<Large>

    init(_ overflow: RunOptions.Overflow) throws {
        var options = RunOptions(sourceID: "overflow")
        options.runID = "overflow"
        options.ringBytes = 256 << 10
        options.overflow = overflow
        run = Run(options)
        check(run.problem == nil, "it starts")
        small = try run.define("small", channel: "test", [.field(\.bytes, "bytes")])
        large = try run.define("large", channel: "test", [.field(\.bytes, "bytes")])
    }

    /// Every seventh is a large one.
    func emit(_ frame: UInt64) -> Bool {
        let byte = UInt8(truncatingIfNeeded: frame)
        if frame % 7 != 0 { return small.emit(Small(bytes: .init(repeating: byte)), frame: frame, time: 0) }
        return large.emit(Large(bytes: .init(repeating: byte)), frame: frame, time: 0)
    }
}

func overwrite() throws {
    let engine = try Engine(.overwriteOldest)
    for frame in 0..<events { check(engine.emit(frame), "accepted") }
    let (small, large) = (engine.run.drops(of: engine.small), engine.run.drops(of: engine.large))
    print("small", small.overwritten, "large", large.overwritten)
    check(small.full + large.full == 0, "nothing is refused")
    engine.run.end()
}

/// There is no cancel in Swift: every third is not begun.
func overwriteReserved() throws {
    let engine = try Engine(.overwriteOldest)
    guard let writer = engine.run.openWriter("own") else { return check(false, "a writer") }
    for frame in 0..<events where frame % 3 != 0 {
        let byte = UInt8(truncatingIfNeeded: frame)
        let isFilled =
            frame % 7 != 0
            ? writer.fill(engine.small, frame: frame, time: 0) { $0.initialize(to: Small(bytes: .init(repeating: byte))) }
            : writer.fill(engine.large, frame: frame, time: 0) { $0.initialize(to: Large(bytes: .init(repeating: byte))) }
        check(isFilled, "filled")
    }
    engine.run.end()
}

func full() throws {
    let engine = try Engine(.dropNewest)
    guard let writer = engine.run.openWriter("own") else { return check(false, "a writer") }
    let large = Large(bytes: .init(repeating: 1))
    while writer.emit(engine.large, large, frame: 1, time: 0) {}
    check(writer.fill(engine.small, frame: 2, time: 0) { $0.initialize(to: Small(bytes: .init(repeating: 2))) }, "it has room")
    for _ in 0..<100 { check(!writer.emit(engine.large, large, frame: 1, time: 0), "refused") }
    check(!writer.fill(engine.large, frame: 1, time: 0) { _ in check(false, "not called") }, "refused")
    check(engine.run.drops(of: engine.large).full == 102, "all are counted")
    while writer.emit(engine.small, Small(bytes: .init(repeating: 3)), frame: 3, time: 0) {}
    check(engine.run.drops.total == 103, "all of both types")
    engine.run.end()
    check(engine.run.drops(of: engine.large).full == 102, "the last counts")
    check(!writer.emit(engine.large, large, frame: 1, time: 0), "ended")
}

func blockWithoutReader() throws {
    let engine = try Engine(.block(upTo: .milliseconds(300)))
    var frame: UInt64 = 0
    while engine.run.drops.full == 0 {
        let clock = ContinuousClock()
        let before = clock.now
        if !engine.emit(frame) { check(clock.now - before >= .milliseconds(300), "the whole limit was waited for") }
        frame += 1
    }
    for _ in 0..<1_000 { check(!engine.emit(7 * frame + 7), "refused at once") }
    check(engine.run.drops.full == 1_001, "all are counted")
    engine.run.end()
}

func blockEndsWithRun() throws {
    let engine = try Engine(.block(upTo: .seconds(4_000_000)))
    let run = engine.run
    check(engine.emit(0), "one before the end")
    let ending = Thread { run.end() }
    ending.start()
    var frame: UInt64 = 1
    while engine.emit(frame) { frame += 1 }
    check(!engine.emit(0), "ended")
    while !ending.isFinished { sched_yield() }
}

switch CommandLine.arguments.dropFirst().first {
case "overwrite": try overwrite()
case "overwrite_reserved": try overwriteReserved()
case "full": try full()
case "block_without_a_reader": try blockWithoutReader()
case "block_ends_with_the_run": try blockEndsWithRun()
default: exit(2)
}

import CTeltel
import Foundation
import TeltelSDK
import Testing

private struct Satellite: BitwiseCopyable {
    var position = SIMD3<Double>(1, 2, 3)
    var id: UInt32 = 7
    var mode: UInt8 = 1
    var isLit = true
    var charge: Float = 0.5
    var name: InlineArray<8, UInt8> = [65, 66, 0, 0, 0, 0, 0, 0]

    var computed: Double { 1 }
}

private let satelliteFields: [Field<Satellite>] = [
    .field(\.position, "pos.x,pos.y,pos.z", unit: "m"), .field(\.id, "satelliteId", key: true),
    .field(\.mode, "mode", labels: ["safe", "nominal"]), .field(\.isLit, "isLit"), .field(\.charge, "charge"),
    .text(\.name, "name"),
]

@Suite struct RunTests {
    private let folder: ShmFolder
    init() throws { folder = try ShmFolder() }

    private func start(_ change: (inout RunOptions) -> Void = { _ in }) -> Run {
        var options = RunOptions(sourceID: "orbit", runID: "r1")
        options.folder = folder.path
        options.ringBytes = 256 << 10
        change(&options)
        return Run(options)
    }

    @Test func eventsLieInTheRingAsTheyAreInMemory() throws {
        let run = start {
            $0.configJSON = #"{"a":[1,{"b":"\u00e9"}]}"#; $0.seed = 42
        }
        #expect(run.problem == nil && run.id == "r1")
        let state = try run.define("state", channel: "orbit", satelliteFields)
        let tags = try run.tags(["car": "red"])
        var satellite = Satellite()
        satellite.position.x = Double(bitPattern: 0x7FF0_0000_0000_0001)
        #expect(state.with(tags).emit(satellite, frame: .max, time: -0.0))
        #expect(run.emit(json: #"{"x":1}"#, "note", channel: "orbit", frame: 1, time: 2))
        run.end(.failed, "lost \u{1F680}")

        let contents = try folder.contents(run.instance)
        let records = contents.records(0)
        #expect(records.map(\.type) == [1, 2, 3, 4])
        #expect(
            String(decoding: records[0].payload, as: UTF8.self)
                == #"{"engine_version":"","seed":42,"config":{"a":[1,{"b":"\u00e9"}]}}"#)
        #expect(records[1].frame == .max && records[1].time.sign == .minus && records[1].tagSet == 1)
        #expect(InstanceContents.load(Data(records[1].payload), at: 0) as UInt64 == 0x7FF0_0000_0000_0001)
        #expect(records[1].payload.count == MemoryLayout<Satellite>.size)
        #expect(String(decoding: records[3].payload, as: UTF8.self) == #"{"reason":"lost 🚀","status":"failed"}"#)
        #expect(records[3].frame == 1 && records[3].time == 2)  // those of the newest record
        #expect(contents.state == UInt32(TELTEL_STATE_ENDED))
    }

    @Test func runEndBearsTheNewestFrameOfAllRings() throws {
        let run = start()
        let state = try run.define("state", channel: "orbit", satelliteFields)
        let emitted = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            state.emit(Satellite(), frame: 77, time: 7.5)
            emitted.signal()
        }
        emitted.wait()
        state.emit(Satellite(), frame: 5, time: 0.5)
        run.end()
        let ends = try folder.contents(run.instance)
        let last = (0..<ends.rings.count).flatMap { ends.records($0) }.first {
            $0.payload.starts(with: Array(#"{"reason""#.utf8))
        }
        #expect(last?.frame == 77 && last?.time == 7.5)
    }

    @Test func aRunThatCannotStartSaysWhyAndSwallowsEverything() throws {
        let run = start { $0.folder = "/proc/nowhere" }
        #expect(run.problem != nil)
        #expect(run.problem?.description.contains("/proc/nowhere") == true)
        let state = try run.define("state", channel: "orbit", satelliteFields)
        #expect(!state.emit(Satellite(), frame: 1, time: 1))
        #expect(try run.tags(["a": "b"]) == .none)
        if run.openWriter() != nil { Issue.record("a writer without a run") }
        #expect(
            !run.attachThread() && !run.frameStart(1, time: 1, dt: 1)
                && !run.emit(json: "1", "n", channel: "c", frame: 1, time: 1))
        #expect(run.drops.total == 0 && run.maxRecordBytes == 0)
        run.end()
    }

    @Test(arguments: [
        "[]", "{", "{\"a\":01}", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":\"\u{1}\"}", "{} {}", "{\"a\":tru}", "{\"\\x\":1}", "1",
    ])
    func configThatIsNoObjectIsRefused(config: String) {
        #expect(start { $0.configJSON = config }.problem?.code == .argument)
    }

    @Test(arguments: ["{}", " {\"a\" : [ ] , \"b\":{\"c\":[{}, [[]], -1.5e+3, 0, true, null, \"\\u00Ff\\n\"]}}\n"])
    func configThatIsAnObjectIsAccepted(config: String) {
        #expect(start { $0.configJSON = config }.problem == nil)
    }

    @Test func configNestedWithoutEndIsRefused() {
        let deep = #"{"a":"# + String(repeating: "[", count: 100_000)
        #expect(start { $0.configJSON = deep }.problem?.code == .argument)
    }

    @Test func wrongDefinitionsAreErrors() throws {
        let run = start()
        _ = try run.define("state", channel: "orbit", satelliteFields)
        #expect {
            try run.define("state", channel: "orbit", Array(satelliteFields.dropLast()))
        } throws: {
            ($0 as? TelemetryError)?.code == .mismatch
        }
        #expect {
            try run.define("other", channel: "orbit", [Field<Satellite>.field(\.computed, "computed")])
        } throws: {
            ($0 as? TelemetryError)?.code == .argument
        }
        #expect {
            try run.define("other", channel: "orbit", [Field<Satellite>.field(\.position, "x,y")])
        } throws: {
            ($0 as? TelemetryError)?.code == .argument
        }
        for (key, input) in [(true, false), (false, true)] {
            #expect {
                try run.define(
                    "other", channel: "orbit", [Field<Satellite>.field(\.id, "id", key: key, input: input, measured: true)])
            } throws: {
                ($0 as? TelemetryError)?.description.contains("neither key nor input: id") == true
            }
        }
    }

    @Test func anOwnWriterFillsInPlace() throws {
        struct Small: BitwiseCopyable { var a = 1.0, b = 2.0 }
        let run = start()
        let small = try run.define("small", channel: "c", [Field<Small>.field(\.a, "a"), .field(\.b, "b")])
        guard let writer = run.openWriter("job") else {
            Issue.record("no writer")
            return
        }
        var accepted = [writer.fill(small, frame: 3, time: 0) { $0.initialize(to: Small(a: 3, b: 4)) }]
        accepted.append(writer.emit(small, Small(), frame: 4, time: 0))
        run.end()
        accepted.append(writer.emit(small, Small(), frame: 5, time: 0))
        #expect(accepted == [true, true, false])
        let records = try folder.contents(run.instance).records(1)
        #expect(records.map(\.frame) == [3, 4])
        #expect(InstanceContents.load(Data(records[0].payload), at: 8) as Double == 4)
    }

    @Test func clockMarksCanBeSwitchedOff() throws {
        for marks in [true, false] {
            let run = start { $0.clockMarks = marks }
            run.frameStart(1, time: 0, dt: 0.5)
            run.frameEnd(1, time: 0, dt: 0.5, substeps: 2, cpuTimeMs: 0.1)
            run.end()
            let contents = try folder.contents(run.instance)
            let mark = contents.records(0)[1].payload
            #expect((InstanceContents.load(Data(mark), at: 0) as UInt64 != 0) == marks)
            #expect(InstanceContents.load(Data(mark), at: 8) as Double == 0.5)
            let start: UInt64 = InstanceContents.load(contents.run, at: 128)
            let firstBytes: UInt32 = InstanceContents.load(contents.run, at: Int(start))
            let flags: UInt16 = InstanceContents.load(contents.run, at: Int(start) + Int((firstBytes + 7) & ~7) + 6)
            #expect((flags == UInt16(TELTEL_TYPE_CLOCK_MARK)) == marks)
        }
    }
}

// The conformance scenario in Swift. See scenario.h.
import Foundation
import TeltelSDK

struct AllKinds: BitwiseCopyable {
    var i64: Int64 = 0
    var u64: UInt64 = 0
    var f64 = 0.0
    var pos: InlineArray<3, Double> = [0, 0, 0]
    var f32: Float = 0
    var i32: Int32 = 0
    var u32: UInt32 = 0
    var id: UInt32 = 0
    var i16: Int16 = 0
    var u16: UInt16 = 0
    var samples: InlineArray<4, Int16> = [0, 0, 0, 0]
    var i8: Int8 = 0
    var u8: UInt8 = 0
    var mode: UInt8 = 0
    var flag = false
    var text = InlineArray<8, UInt8>(repeating: 0)

    static let fields: [Field<AllKinds>] = [
        .field(\.i64, "i64"), .field(\.u64, "u64"), .field(\.f64, "f64", unit: "m/s"),
        .field(\.pos, "pos.x,pos.y,pos.z", unit: "m"), .field(\.f32, "f32", measured: true),
        .field(\.i32, "i32", input: true), .field(\.u32, "u32"),
        .field(\.id, "id", key: true), .field(\.i16, "i16"), .field(\.u16, "u16"), .field(\.samples, "samples"),
        .field(\.i8, "i8"), .field(\.u8, "u8"), .field(\.mode, "mode", labels: ["off", "on"], input: true),
        .field(\.flag, "flag"), .text(\.text, "text", input: true),
    ]

    static var schema: TypeSchema? {
        func member(
            _ name: String, _ kind: TypeSchema.Member.Kind, _ offset: Int, count: Int = 1, unit: String = "",
            labels: [String] = [], isKey: Bool = false, isInput: Bool = false, isMeasured: Bool = false
        ) -> TypeSchema.Member {
            .init(
                name: name, kind: kind, offset: offset, count: count, unit: unit, labels: labels, isKey: isKey, isInput: isInput,
                isMeasured: isMeasured)
        }
        return TypeSchema(
            channel: "test", name: "all.kinds", recordBytes: 88,
            members: [
                member("i64", .i64, 0), member("u64", .u64, 8), member("f64", .f64, 16, unit: "m/s"),
                member("pos.x,pos.y,pos.z", .f64, 24, count: 3, unit: "m"), member("f32", .f32, 48, isMeasured: true),
                member("i32", .i32, 52, isInput: true),
                member("u32", .u32, 56), member("id", .u32, 60, isKey: true), member("i16", .i16, 64),
                member("u16", .u16, 66), member("samples", .i16, 68, count: 4), member("i8", .i8, 76), member("u8", .u8, 77),
                member("mode", .u8, 78, labels: ["off", "on"], isInput: true), member("flag", .bool, 79),
                member("text", .text, 80, count: 8, isInput: true),
            ])
    }

    static var lowest: AllKinds {
        AllKinds(
            i64: .min, f64: -0.0,
            pos: [Double(bitPattern: 1), Double(bitPattern: 0x000F_FFFF_FFFF_FFFF), Double(bitPattern: 0xFFEF_FFFF_FFFF_FFFF)],
            f32: Float(bitPattern: 1), i32: .min, i16: .min, samples: [0, -1, -2, -3], i8: .min)
    }

    static var highest: AllKinds {
        AllKinds(
            i64: .max, u64: .max, f64: .infinity,
            pos: [
                Double(bitPattern: 0x7FF8_0000_0000_0000), Double(bitPattern: 0x7FF0_0000_0000_0123),
                Double(bitPattern: 0xFFFF_FFFF_FFFF_FFFF),
            ],
            f32: Float(bitPattern: 0x7F80_0001), i32: .max, u32: .max, id: .max, i16: .max, u16: .max,
            samples: [32767, 32766, 32765, 32764], i8: .max, u8: .max, mode: 1, flag: true,
            text: [0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38])
    }

    static func usual(_ id: UInt32) -> AllKinds {
        AllKinds(
            u64: 9_007_199_254_740_993, f64: 9_007_199_254_740_992, pos: [0.1, -0.2, 1e300], f32: 0.5, id: id, mode: 1,
            text: [0x63, 0x61, 0x66, 0xC3, 0xA9, 0, 0, 0])
    }
}

struct Bytes<let size: Int>: BitwiseCopyable {
    var bytes = InlineArray<size, UInt8>(repeating: 0)
    static var fields: [Field<Bytes<size>>] { [.field(\.bytes, "bytes")] }
}

func expect(_ holds: Bool, _ what: String) {
    guard !holds else { return }
    print("scenario.swift:", what)
    exit(1)
}

func start(_ id: String) -> Run {
    var options = RunOptions(sourceID: "scenario", runID: id)
    options.engineVersion = "1.0 \"beta\""
    options.configJSON = #"{"car":"red"}"#
    options.tags = ["team": "a", "site": "lab"]
    options.seed = .max
    options.ringBytes = 256 << 10
    let run = Run(options)
    expect(run.problem == nil, run.problem?.description ?? "")
    return run
}

func conformance() throws(TelemetryError) {
    let run = start("conformance")
    let other = start("other")
    let wide = try run.define("wide", channel: "test", Bytes<70000>.fields)
    let foreign = try other.define("foreign", channel: "test", Bytes<8>.fields)
    let all = try run.define("all.kinds", channel: "test", AllKinds.fields)
    _ = try run.define("all.kinds", channel: "test", AllKinds.fields)

    expect(run.schema(of: all) == AllKinds.schema && run.schemas.last == AllKinds.schema, "schema")
    expect(run.schemas.map(\.name) == ["wide", "all.kinds"] && other.schema(of: all) == nil, "schemas")
    _ = try other.define("all.kinds", channel: "test", AllKinds.fields)

    all.emit(AllKinds.lowest, frame: 0, time: 0)
    all.emit(AllKinds.highest, frame: .max, time: -0.0)
    all.emit(AllKinds.usual(1), frame: 1, time: Double(bitPattern: 0x7FF0_0000_0000_0001))
    let tags = try run.tags(["a": "1", "b": ""])
    _ = try run.tags(["a": "1", "b": ""])
    all.with(tags).emit(AllKinds.usual(2), frame: 1, time: -1.5)

    run.emit(json: #"{"name":"café","n":[1,null]}"#, "free", channel: "test", frame: 2, time: 0.25)
    run.emit(json: "7", "free", channel: "test", frame: 3, time: 0.5)
    run.frameStart(4, time: 1, dt: 0.125)
    run.frameEnd(4, time: 1, dt: 0.125, substeps: 2, cpuTimeMs: 3.5)
    guard let job = run.openWriter("job") else { return expect(false, "openWriter") }
    let filled = job.fill(all, frame: 5, time: 2) { room in
        room.initialize(to: AllKinds.usual(3))
        expect(!job.emit(all, AllKinds.usual(1), frame: 6, time: 2), "emit while reserved")
    }
    expect(filled, "fill")
    expect(!job.emit(foreign, Bytes<8>(), frame: 6, time: 2), "foreign type")
    expect(job.emit(all, AllKinds.usual(1), frame: 7, time: 2.5), "emit on a writer")
    for _ in 0..<3 { expect(!wide.emit(Bytes<70000>(), frame: 8, time: 0), "wide") }
    run.end(.failed, "café \"closed\"")
    other.end(.cancelled)
}

/// Plays the reader for the wrap run: everything written so far is released.
func releaseAll(_ instance: UInt64) throws {
    let folder = ProcessInfo.processInfo.environment["TELTEL_SHM_DIR"] ?? ""
    let name = String(instance, radix: 16)
    let padded = String(repeating: "0", count: 16 - name.count) + name
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder)/\(padded)/ring-0"))
    try file.seek(toOffset: 128)
    let head = try file.read(upToCount: 8) ?? Data()
    try file.seek(toOffset: 256)
    try file.write(contentsOf: head)
    try file.close()
}

typealias Emit = (_ frame: UInt64) -> Bool

func bytesType<let size: Int>(_ run: Run, _: Bytes<size>.Type) throws(TelemetryError) -> Emit {
    let type = try run.define("bytes.\(size)", channel: "test", Bytes<size>.fields)
    return { frame in
        let value = Bytes<size>(bytes: InlineArray(repeating: UInt8(truncatingIfNeeded: frame)))
        return type.emit(value, frame: frame, time: 0)
    }
}

func wrap() throws {
    let run = start("wrap")
    let emits: [Emit] = [
        try bytesType(run, Bytes<1>.self), try bytesType(run, Bytes<2>.self), try bytesType(run, Bytes<3>.self),
        try bytesType(run, Bytes<4>.self), try bytesType(run, Bytes<7>.self), try bytesType(run, Bytes<8>.self),
        try bytesType(run, Bytes<13>.self), try bytesType(run, Bytes<16>.self), try bytesType(run, Bytes<27>.self),
        try bytesType(run, Bytes<33>.self), try bytesType(run, Bytes<64>.self), try bytesType(run, Bytes<65>.self),
        try bytesType(run, Bytes<100>.self), try bytesType(run, Bytes<129>.self), try bytesType(run, Bytes<255>.self),
        try bytesType(run, Bytes<256>.self), try bytesType(run, Bytes<257>.self), try bytesType(run, Bytes<1000>.self),
        try bytesType(run, Bytes<5000>.self),
    ]
    var frame: UInt64 = 0
    for round in 0..<4 {
        while emits[Int(frame % UInt64(emits.count))](frame) { frame += 1 }
        if round < 3 { try releaseAll(run.instance) }
    }
    run.end()
}

try conformance()
if CommandLine.arguments.count == 1 { try wrap() }

import CTeltel
import Foundation
import TeltelSDK
import Testing

@Suite struct IngestInstanceTests {
    private let folder: ShmFolder
    init() throws { folder = try ShmFolder() }

    private func append(_ writer: IngestWriter, _ stream: UInt32, frame: UInt64, tags: String = "", _ payload: String)
        -> AppendResult
    {
        Array(tags.utf8).withUnsafeBytes { tags in
            Array(payload.utf8).withUnsafeBytes { payload in
                writer.append(stream: stream, frame: frame, simTime: 0.5, wallTimeMs: 1234, tags: tags, payload: payload)
            }
        }
    }

    private func release(_ instance: IngestInstance, ring: Int, _ position: UInt64) throws {
        let name = String(format: "%016lx", Int(bitPattern: UInt(instance.instance)))
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder.path)/\(name)/ring-\(ring)"))
        try file.seek(toOffset: 256)
        try file.write(contentsOf: withUnsafeBytes(of: position) { Data($0) })
        try file.close()
    }

    @Test func recordsHoldHeadTagsAndPayload() throws {
        let ingest = try IngestInstance(folder: folder.path, rings: 2, ringBytes: 256 << 10)
        let stream = try #require(ingest.stream(run: "r", source: "s", channel: "c", type: "t"))
        #expect(append(ingest.writer(1), stream, frame: .max, tags: #"{"a":"b"}"#, #"{"x":1}"#) == .accepted(sequence: 0))
        #expect(append(ingest.writer(1), stream, frame: 8, "2") == .accepted(sequence: 56))
        ingest.end()

        let contents = try folder.contents(ingest.instance)
        #expect(contents.kind == UInt32(TELTEL_KIND_INGEST))
        #expect(contents.state == UInt32(TELTEL_STATE_ENDED))
        #expect(contents.rings.count == 2)
        #expect(contents.records(0).isEmpty)
        let records = contents.records(1)
        #expect(records.map(\.frame) == [.max, 8])
        #expect(records.map(\.type) == [UInt16(TELTEL_INGEST_TYPE), UInt16(TELTEL_INGEST_TYPE)])
        let head: teltel_ingest_head = InstanceContents.load(Data(records[0].payload), at: 0)
        #expect(head.stream == stream && head.tags_bytes == 9 && head.wall_time_ms == 1234)
        #expect(String(decoding: records[0].payload[16...], as: UTF8.self) == #"{"a":"b"}{"x":1}"#)
    }

    @Test func aStreamHasOneIndexAndTheTableGrows() throws {
        let ingest = try IngestInstance(folder: folder.path, rings: 1, ringBytes: 256 << 10)
        let long = String(repeating: "n", count: 255)
        for i in 0..<UInt32(2000) {
            #expect(ingest.stream(run: "run-\(i)", source: long, channel: "c", type: "t") == i)
        }
        for i in 0..<UInt32(2000) {
            #expect(ingest.stream(run: "run-\(i)", source: long, channel: "c", type: "t") == i)
        }
        #expect(ingest.stream(run: long + "x", source: "s", channel: "c", type: "t") == nil)
        let entries = try folder.contents(ingest.instance).entries
        #expect(entries.map(\.id) == Array(0..<2000))
        #expect(entries.allSatisfy { $0.kind == UInt16(TELTEL_ENTRY_STREAM) })
    }

    @Test func theTableIsLimitedTo65536Streams() throws {
        let ingest = try IngestInstance(folder: folder.path, rings: 1, ringBytes: 256 << 10)
        for i in 0..<65_536 where ingest.stream(run: "\(i)", source: "", channel: "", type: "") != UInt32(i) {
            Issue.record("stream \(i)")
        }
        #expect(ingest.stream(run: "one more", source: "", channel: "", type: "") == nil)
        #expect(ingest.stream(run: "65535", source: "", channel: "", type: "") == 65_535)
    }

    @Test func aFullRingTakesEventsAgainOnceReleased() throws {
        let ingest = try IngestInstance(folder: folder.path, rings: 1, ringBytes: 256 << 10)
        let writer = ingest.writer(0)
        var accepted: [UInt64] = []
        while case .accepted(let sequence) = append(writer, 0, frame: 1, String(repeating: "1", count: 1000)) {
            accepted.append(sequence)
        }
        #expect(accepted.count == (256 << 10) / 1040)
        writer.countDropped()
        try release(ingest, ring: 0, accepted[1])
        // 1,040 does not divide the ring: the next record skips the 64 bytes before its end.
        #expect(append(writer, 0, frame: 2, String(repeating: "2", count: 1000)) == .accepted(sequence: 256 << 10))
        #expect(append(writer, 0, frame: 3, String(repeating: "3", count: 1000)) == .full)
        let contents = try folder.contents(ingest.instance)
        #expect(contents.records(0, from: accepted[1]).map(\.sequence) == Array(accepted[1...]) + [256 << 10])
        #expect(contents.refusals(0, row: 1, reason: TELTEL_REFUSAL_FULL) == 1)
    }

    @Test func aRecordMayTakeAQuarterOfTheRing() throws {
        let ingest = try IngestInstance(folder: folder.path, rings: 1, ringBytes: 256 << 10)
        let largest = (64 << 10) - 24 - 16
        #expect(append(ingest.writer(0), 0, frame: 1, String(repeating: "1", count: largest)) == .accepted(sequence: 0))
        #expect(append(ingest.writer(0), 0, frame: 1, String(repeating: "1", count: largest + 1)) == .tooLarge)
        ingest.writer(0).countTooLarge()
        #expect(try folder.contents(ingest.instance).refusals(0, row: 1, reason: TELTEL_REFUSAL_SIZE) == 1)
    }

    @Test func nothingIsAcceptedAfterTheEnd() throws {
        let ingest = try IngestInstance(folder: folder.path, rings: 1, ringBytes: 256 << 10)
        let writer = ingest.writer(0)
        _ = append(writer, 0, frame: 1, "1")
        #expect(ingest.runFileDescriptor != nil)
        ingest.end()
        ingest.end()
        #expect(append(writer, 0, frame: 2, "2") == .full)
        #expect(ingest.stream(run: "r", source: "s", channel: "c", type: "t") == nil)
        #expect(ingest.runFileDescriptor == nil)
        #expect(try folder.contents(ingest.instance).records(0).count == 1)
    }

    @Test func fourThreadsFillFourRings() async throws {
        let ingest = try IngestInstance(folder: folder.path, rings: 4, ringBytes: 1 << 20)
        await withTaskGroup(of: Void.self) { group in
            for ring in 0..<4 {
                group.addTask {
                    let stream = ingest.stream(run: "r\(ring)", source: "s", channel: "c", type: "t") ?? 99
                    for frame in 0..<5000 { _ = append(ingest.writer(ring), stream, frame: UInt64(frame), "\(frame)") }
                }
            }
        }
        let contents = try folder.contents(ingest.instance)
        for ring in 0..<4 { #expect(contents.records(ring).map(\.frame) == Array(0..<5000)) }
        #expect(Set(contents.entries.map(\.id)) == [0, 1, 2, 3])
    }

    @Test func aFolderThatIsNotOursAloneIsRefused() throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        #expect(throws: TelemetryError.self) { try IngestInstance(folder: folder.path, rings: 1, ringBytes: 0) }
    }
}

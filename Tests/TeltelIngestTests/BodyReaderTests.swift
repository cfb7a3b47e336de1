import Foundation
import NIOCore
import TeltelEvents
import TeltelIngest
import Testing

/// The collector's own rings in a folder of their own, and bodies that are read into them.
private final class Intake {
    let folder = "/dev/shm/teltel-test-\(UUID().uuidString)"
    let pool: IngestPool
    let memory = DecodingMemory(limitBytes: 64 << 20)

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        pool = try IngestPool(
            folder: folder, lanes: 1, ringBytes: 1 << 20, posted: PostedRuns(lateMs: 1_000, hasEnded: { _ in false }),
            rejected: { _ in }, wake: {}, tell: { _ in }, hurry: {})
    }
    deinit {
        pool.end()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// `end`: what comes instead of the body's end.
    func read(_ pieces: [[UInt8]], _ coding: ContentCoding = .identity, end: (any Error)? = nil) async throws -> (
        BodyEnd, IngestSummary
    ) {
        let (body, more) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        for piece in pieces { more.yield(ByteBuffer(bytes: piece)) }
        more.finish(throwing: end)
        var lines = IngestRequest(pool: pool, lane: pool.lane(for: ObjectIdentifier(self)), maxLineBytes: 4_096)
        let reader = BodyReader(coding: coding, limits: DecodingLimits(bytes: 1 << 30), memory: memory)
        let end = try await reader.read(body, into: &lines)
        return (end, end == .whole ? try await lines.finish() : lines.breakOff().0)
    }
}

private func line(_ frame: Int, note: String = "") -> String {
    #"{"v":1,"runId":"r","sourceId":"s","type":"t","frameIndex":\#(frame),"payload":{"note":"\#(note)"}}"#
}

@Suite struct BodyReaderTests {
    @Test func `lines are the same however the body is cut`() async throws {
        let intake = try Intake()
        let text = (0..<20).map { line($0, note: String(repeating: "x", count: $0 * 7)) }.joined(separator: "\n")
        let bytes = Array((text + "\n\nno event\n" + line(20)).utf8)
        for size in [1, 2, 3, 64, 1_000, bytes.count] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
            let (end, summary) = try await intake.read(pieces)
            #expect(end == .whole)
            #expect(summary.accepted == 21 && summary.rejected == 1 && summary.dropped == 0)
            #expect(summary.errors.map(\.line) == [22] && summary.errors.map(\.code) == ["invalid-json"])
        }
    }

    @Test func `half a line at a broken connection is no event`() async throws {
        let intake = try Intake()
        let bytes = Array((line(0) + "\n" + line(1)).utf8)
        let (end, summary) = try await intake.read([bytes], end: BodyInterruption.silent)
        #expect(end == .cutOff(.silent))
        #expect(summary.accepted == 1 && summary.rejected == 1 && summary.errors.first?.code == "incomplete-line")
    }

    @Test func `what ended a body is told apart`() async throws {
        let intake = try Intake()
        struct Other: Error {}
        let bytes = Array((line(0) + "\n").utf8)
        #expect(try await intake.read([bytes], end: BodyInterruption.badFraming).0 == .bad(.badFraming))
        #expect(try await intake.read([bytes], end: Other()).0 == .cutOff(.cutOff))
        #expect(try await intake.read([bytes], .gzip).0 == .bad(.notWhatItSays(.gzip)))
        #expect(intake.memory.takenBytes == 0)
    }

    @Test func `a line that is too long is refused and the next one taken`() async throws {
        let intake = try Intake()
        let bytes = Array((line(0, note: String(repeating: "y", count: 5_000)) + "\n" + line(1) + "\n").utf8)
        let (_, summary) = try await intake.read([Array(bytes[..<3_000]), Array(bytes[3_000...])])
        #expect(summary.accepted == 1 && summary.errors.map(\.code) == ["line-too-long"])
    }
}

/// One POST of NDJSON: brings the lines of its body into a ring, as fast as the ring has room.
import CTeltelRings
import NIOCore
import TeltelEvents
import TeltelSDK

/// Fed with the body's pieces. Back-pressure: while a ring is full no further piece is read.
package struct IngestRequest {
    private let pool: IngestPool
    private let lane: IngestLane
    private var lines: IngestLines
    /// Bytes of a whole body that are taken.
    private var begun = 0

    static let patience: Duration = .seconds(5)

    /// `progress`: of an earlier request that broke off; its lines come once more and are passed over.
    package init(pool: IngestPool, lane: IngestLane, maxLineBytes: Int, after progress: IngestProgress? = nil) {
        self.pool = pool
        self.lane = lane
        lines = IngestLines(maxLineBytes: maxLineBytes, after: progress)
    }

    mutating func take(_ piece: ByteBuffer) async throws {
        var offset = 0
        var waiting: (line: Int, since: ContinuousClock.Instant)?
        while true {
            switch piece.withUnsafeReadableBytes({ lane.take($0, from: &offset, of: &lines) }) {
            case .end: return count()
            case .noStream: try pool.renew(lane)
            case .full:
                pool.hurry()
                if let waiting, waiting.line == lines.cutter.lines {
                    lines.gaveUp = ContinuousClock.now - waiting.since > Self.patience
                } else {
                    waiting = (lines.cutter.lines, .now)
                }
                if !lines.gaveUp { try await Task.sleep(for: .milliseconds(1)) }
            }
        }
    }

    /// A whole body; nil if it must wait for something, then `takeRest` goes on. The pool is to be told of it.
    package mutating func takeAtOnce(_ body: ByteBuffer) -> IngestSummary? {
        guard case .end = body.withUnsafeReadableBytes({ lane.take($0, from: &begun, of: &lines) }) else { return nil }
        lines.cutter.end()
        var none = 0
        guard case .end = lane.take(UnsafeRawBufferPointer(start: nil, count: 0), from: &none, of: &lines) else { return nil }
        pool.count(lines.takeTally())
        return lines.summary
    }

    package mutating func takeRest(of body: ByteBuffer) async throws -> IngestSummary {
        if let rest = body.getSlice(at: body.readerIndex + begun, length: body.readableBytes - begun) { try await take(rest) }
        return try await finish()
    }

    /// The body has ended as it should; a last line needs no newline.
    package mutating func finish() async throws -> IngestSummary {
        lines.cutter.end()
        try await take(ByteBuffer())
        return lines.summary
    }

    /// The body ended in between: half a line is no event. The lines so far are what another request may go on from.
    package mutating func breakOff() -> (IngestSummary, IngestProgress) {
        count()
        let progress = lines.progress
        if lines.cutter.hasBegun, !lines.isKnown {
            lines.reject(.incomplete, named: nil, atMs: Int64(teltel_wall_ns() / 1_000_000))
        }
        count()
        return (lines.summary, progress)
    }

    private mutating func count() {
        pool.wake()
        pool.count(lines.takeTally())
    }
}

/// Where one request stands: its lines, and what became of them.
struct IngestLines {
    var cutter: LineCutter
    private(set) var summary: IngestSummary
    /// Of the newest accepted line: a line that cannot be read is counted there.
    var runID: Name?
    /// No room for so long: from then on lines are dropped without waiting, until there is room again.
    var gaveUp = false
    /// So many lines an earlier request has taken.
    private let known: Int

    init(maxLineBytes: Int, after progress: IngestProgress?) {
        cutter = LineCutter(maxLineBytes: maxLineBytes)
        summary = progress?.summary ?? IngestSummary()
        runID = progress?.runID
        known = progress?.lines ?? 0
    }

    /// The next line was taken by an earlier request.
    var isKnown: Bool { cutter.lines < known }

    var progress: IngestProgress { IngestProgress(lines: max(known, cutter.lines), summary: summary, runID: runID) }

    mutating func accept() {
        gaveUp = false
        summary.accept()
    }
    mutating func drop() { summary.drop() }
    mutating func reject(_ problem: LineProblem, named: Name?, atMs: Int64) {
        summary.reject(line: cutter.lines + 1, problem, runID: named ?? runID, atMs: atMs)
    }
    mutating func takeTally() -> IngestTally { summary.takeTally() }
}

/// How far a request came that broke off.
package struct IngestProgress: Sendable {
    package let lines: Int
    package let summary: IngestSummary
    let runID: Name?
}

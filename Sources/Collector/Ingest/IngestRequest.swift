/// One POST of NDJSON: cuts the body into lines and brings them into a ring, as fast as the ring has room.
import Foundation
import NIOCore
import TeltelSDK

/// Fed with the body's pieces. Back-pressure: while a ring is full no further piece is read.
struct IngestRequest {
    private let pool: IngestPool
    private let lane: IngestLane
    private let maxLineBytes: Int
    private var summary = IngestSummary()
    /// Of the newest accepted line: a line that cannot be read is counted there.
    private var runID: String?
    private var line = 0
    /// The begin of a line whose end has not come yet.
    private var carry: [UInt8] = []
    /// The line is too long: thrown away up to its end.
    private var skipping = false
    /// No room for so long: from then on lines are dropped without waiting, until there is room again.
    private var gaveUp = false

    static let patience: Duration = .seconds(5)

    init(pool: IngestPool, maxLineBytes: Int) {
        self.pool = pool
        lane = pool.lane()
        self.maxLineBytes = maxLineBytes
    }

    mutating func take(_ piece: ByteBuffer) async throws {
        var begin = piece.readerIndex
        let end = piece.writerIndex
        while begin < end {
            // Lines are taken under the lane's lock, one by one; what waits is done between two lines.
            let newline = piece.withUnsafeReadableBytes { bytes in
                bytes[(begin - piece.readerIndex)...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + piece.readerIndex }
            }
            guard let newline else {
                keep(piece, begin..<end)
                break
            }
            try await finishLine(piece, begin..<newline)
            begin = newline + 1
        }
        count()
    }

    /// The body has ended; a last line needs no newline.
    mutating func finish() async throws -> IngestSummary {
        if skipping || !carry.isEmpty { try await finishLine(ByteBuffer(), 0..<0) }
        count()
        return summary
    }

    private mutating func count() {
        pool.wake()
        pool.count(summary.takeTally())
    }

    private mutating func reject(_ problem: LineProblem, runID named: String? = nil) {
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        summary.reject(line: line, problem, runID: named ?? runID, atMs: now)
    }

    private mutating func keep(_ piece: ByteBuffer, _ range: Range<Int>) {
        guard !skipping else { return }
        if carry.count + range.count > maxLineBytes {
            skipping = true
            carry = []
        } else {
            carry.append(contentsOf: piece.viewBytes(at: range.lowerBound, length: range.count) ?? ByteBufferView())
        }
    }

    private mutating func finishLine(_ piece: ByteBuffer, _ range: Range<Int>) async throws {
        line += 1
        defer {
            skipping = false
            carry.removeAll(keepingCapacity: true)
        }
        if skipping || carry.count + range.count > maxLineBytes { return reject(.tooLong(maxLineBytes)) }
        if carry.isEmpty {
            try await take { body in
                piece.withUnsafeReadableBytes { bytes in
                    let from = range.lowerBound - piece.readerIndex
                    return body(UnsafeRawBufferPointer(rebasing: bytes[from..<from + range.count]))
                }
            }
        } else {
            keep(piece, range)
            let whole = carry
            try await take { body in whole.withUnsafeBytes(body) }
        }
    }

    private typealias WithLine = ((UnsafeRawBufferPointer) -> IngestLane.Outcome?) -> IngestLane.Outcome?

    private mutating func take(_ withLine: WithLine) async throws {
        var waited: ContinuousClock.Instant?
        while true {
            let outcome = withLine { line in
                let line = Self.trimmed(line)
                return line.isEmpty ? nil : lane.take(line, runID: &runID)
            }
            switch outcome {
            case nil: return
            case .accepted:
                gaveUp = false
                return summary.accept()
            case .rejected(let problem, let runID): return reject(problem, runID: runID)
            case .noStream: try pool.renew(lane)
            case .full:
                pool.wake()
                let start = waited ?? .now
                waited = start
                if gaveUp || ContinuousClock.now - start > Self.patience {
                    gaveUp = true
                    lane.countDropped()
                    return summary.drop()
                }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    /// Without the carriage return and other whitespace around; empty for a blank line.
    private static func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var slice = line[...]
        while let last = slice.last, last == 0x0D || last == 0x20 || last == 0x09 { slice = slice.dropLast() }
        while let first = slice.first, first == 0x20 || first == 0x09 { slice = slice.dropFirst() }
        return UnsafeRawBufferPointer(rebasing: slice)
    }
}

extension ByteBuffer {
    fileprivate func viewBytes(at index: Int, length: Int) -> ByteBufferView? {
        getSlice(at: index, length: length)?.readableBytesView
    }
}

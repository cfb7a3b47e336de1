/// What became of the lines of one request: for its answer, and piece by piece for the collector's counters.
import TeltelEvents

/// The whole request.
package struct IngestSummary: Sendable {
    package struct LineError: Encodable, Sendable {
        /// Counted from 1.
        package let line: Int
        package let code: String
        package let message: String
    }
    package private(set) var accepted = 0
    package private(set) var rejected = 0
    package private(set) var dropped = 0
    /// The first ten, and why the body ended early.
    package private(set) var errors: [LineError] = []
    /// What has not been counted elsewhere yet.
    private var tally = IngestTally()

    mutating func accept() {
        accepted += 1
        tally.accepted += 1
    }

    mutating func drop() {
        dropped += 1
        tally.dropped += 1
    }

    /// `runID` is the run it was meant for, as far as that is known.
    mutating func reject(line: Int, _ problem: LineProblem, runID: Name?, atMs: Int64) {
        rejected += 1
        tally.rejected[problem.code, default: 0] += 1
        if let runID {
            tally.rejectedByRun[runID, default: RejectedLines()].add(
                RejectedLine(line: line, code: problem.code, message: problem.message, atMs: atMs))
        }
        if errors.count < 10 { errors.append(LineError(line: line, code: problem.code, message: problem.message)) }
    }

    /// Something came that is a line, even if a bad one.
    package var isEmpty: Bool { accepted + rejected + dropped == 0 }

    package var isAllAccepted: Bool { rejected == 0 && dropped == 0 && errors.isEmpty }

    /// The body ended early at `line`: said whatever else there was to say.
    package mutating func end(line: Int, _ problem: BodyProblem) {
        errors.append(LineError(line: line, code: problem.code, message: problem.message))
    }

    /// What has happened since the last call.
    mutating func takeTally() -> IngestTally {
        defer { tally = IngestTally() }
        return tally
    }
}

/// A part of a request: a body that stays open for hours is counted all the way, and so is one that breaks off.
struct IngestTally: Sendable {
    var accepted: UInt64 = 0
    var dropped: UInt64 = 0
    /// By code.
    var rejected: [String: UInt64] = [:]
    var rejectedByRun: [Name: RejectedLines] = [:]
}

/// GET /api/analysis/first-divergence: where two runs first differ.
import TeltelEvents

/// One document, whoever asks: API, command, page.
package struct DivergenceAnswer: Codable, Sendable, Equatable {
    package enum Verdict: String, Codable, Sendable {
        case equal, different
        /// Nothing could be compared: that is never "equal".
        case incomparable
    }
    package struct Run: Codable, Sendable, Equatable {
        package let runId: Name
        /// Of what was compared.
        package let rows: UInt64
        package let lastFrame: UInt64?
        /// Its last event has been stored.
        package let complete: Bool
        /// Events that its engines could not record, and accepted ones that were lost: where they are missing the runs differ.
        package let refused, lost: UInt64

        package init(runId: Name, rows: UInt64, lastFrame: UInt64?, complete: Bool, refused: UInt64, lost: UInt64) {
            self.runId = runId
            self.rows = rows
            self.lastFrame = lastFrame
            self.complete = complete
            self.refused = refused
            self.lost = lost
        }
    }
    package struct Value: Codable, Sendable, Equatable {
        /// The shortest text that reads back as the value; null where it is missing.
        package let text: String?
        /// Of floats, in hexadecimal digits.
        package let bits: String?

        package init(text: String?, bits: String?) {
            self.text = text
            self.bits = bits
        }
    }
    /// One field of one pair of rows.
    package struct Difference: Codable, Sendable, Equatable {
        package let channel, type, sourceId: Name
        package let field: String
        /// Values of the fields that tell rows of one frame apart.
        package let key: [String]
        package let `class`: String
        package let ulp: UInt64?
        /// Of the first run and of the second.
        package let values: [Value]

        package init(
            channel: Name, type: Name, sourceId: Name, field: String, key: [String], class: String, ulp: UInt64?, values: [Value]
        ) {
            self.channel = channel
            self.type = type
            self.sourceId = sourceId
            self.field = field
            self.key = key
            self.class = `class`
            self.ulp = ulp
            self.values = values
        }
    }
    /// Rows of the frame that one of the runs has alone.
    package struct Unpaired: Codable, Sendable, Equatable {
        package let channel, type, sourceId: Name
        /// Of the first run and of the second.
        package let rows: [Int]

        package init(channel: Name, type: Name, sourceId: Name, rows: [Int]) {
            self.channel = channel
            self.type = type
            self.sourceId = sourceId
            self.rows = rows
        }
    }
    /// The first frame in which anything differs.
    package struct Frame: Codable, Sendable, Equatable {
        package let frame: UInt64
        /// In the order in which the first run emitted them.
        package let differences: [Difference]
        package let unpaired: [Unpaired]

        package init(frame: UInt64, differences: [Difference], unpaired: [Unpaired]) {
            self.frame = frame
            self.differences = differences
            self.unpaired = unpaired
        }
    }
    /// Events of one type from one source.
    package struct Stream: Codable, Sendable, Equatable {
        package let channel, type, sourceId: Name
        /// Of the first run and of the second.
        package let rows: [UInt64]
        /// Of 1,024 frames each.
        package let blocks, differingBlocks: UInt64
        /// The first frame of the first block that differs.
        package let firstDifferingBlock: UInt64?
        /// Its digests were made again from the rows, because those that were stored do not fit them.
        package let recomputed: Bool

        package init(
            channel: Name, type: Name, sourceId: Name, rows: [UInt64], blocks: UInt64, differingBlocks: UInt64,
            firstDifferingBlock: UInt64?, recomputed: Bool
        ) {
            self.channel = channel
            self.type = type
            self.sourceId = sourceId
            self.rows = rows
            self.blocks = blocks
            self.differingBlocks = differingBlocks
            self.firstDifferingBlock = firstDifferingBlock
            self.recomputed = recomputed
        }
    }
    /// What was left out, and why.
    package struct NotCompared: Codable, Sendable, Equatable {
        package let what, why: String
        package init(what: String, why: String) {
            self.what = what
            self.why = why
        }
    }
    package struct Coverage: Codable, Sendable, Equatable {
        package let streams: Int
        package let rows: UInt64
        package let notCompared: [NotCompared]
        package init(streams: Int, rows: UInt64, notCompared: [NotCompared]) {
            self.streams = streams
            self.rows = rows
            self.notCompared = notCompared
        }
    }

    package let version: Int
    package let runs: [Run]
    package let mode: String
    package let verdict: Verdict
    /// Why nothing could be compared.
    package let reason: String?
    /// Up to it, included, everything that was compared is the same; null: nothing is.
    package let equalUpToFrame: UInt64?
    package let first: Frame?
    package let streams: [Stream]
    package let coverage: Coverage
    /// What was asked, with parameters as comments.
    package let sql: [String]

    package init(
        runs: [Run], mode: String, verdict: Verdict, reason: String?, equalUpToFrame: UInt64?, first: Frame?, streams: [Stream],
        coverage: Coverage, sql: [String]
    ) {
        version = 1
        self.runs = runs
        self.mode = mode
        self.verdict = verdict
        self.reason = reason
        self.equalUpToFrame = equalUpToFrame
        self.first = first
        self.streams = streams
        self.coverage = coverage
        self.sql = sql
    }
}

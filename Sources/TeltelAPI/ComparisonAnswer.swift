/// GET /api/analysis/compare and first-divergence: whether two runs have the same data, and where they differ.
import TeltelEvents

/// One document, whoever asks: API, command, page. first-divergence leaves out what takes a look at every row that may differ: `fields`,
/// `intervals`, `persistentFrom`.
package struct ComparisonAnswer: Codable, Sendable, Equatable {
    package enum Verdict: String, Codable, Sendable {
        case equal, different
        /// Nothing could be compared: that is never "equal".
        case incomparable
    }
    package struct Run: Codable, Sendable, Equatable {
        package let runId: Name
        /// Of what was compared.
        package let rows: UInt64
        package let firstFrame, lastFrame: UInt64?
        /// Its last event has been stored.
        package let complete: Bool
        /// Events that its engines could not record, and accepted ones that were lost: where they are missing the runs differ.
        package let refused, lost: UInt64

        package init(
            runId: Name, rows: UInt64, firstFrame: UInt64?, lastFrame: UInt64?, complete: Bool, refused: UInt64, lost: UInt64
        ) {
            self.runId = runId
            self.rows = rows
            self.firstFrame = firstFrame
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
        /// How far apart they are, and how far they may be; only where a tolerance says so.
        package let difference, allowed: Double?

        package init(
            channel: Name, type: Name, sourceId: Name, field: String, key: [String], class: String, ulp: UInt64?, values: [Value],
            difference: Double? = nil, allowed: Double? = nil
        ) {
            self.difference = difference
            self.allowed = allowed
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
        /// The first difference's field in the frames before and behind it.
        package let around: [Neighbour]

        package init(frame: UInt64, differences: [Difference], unpaired: [Unpaired], around: [Neighbour]) {
            self.frame = frame
            self.differences = differences
            self.unpaired = unpaired
            self.around = around
        }
    }
    /// Values of a field in one frame.
    package struct Neighbour: Codable, Sendable, Equatable {
        package let frame: UInt64
        /// Of the first run and of the second; null where there is none, or there are several.
        package let values: [String?]

        package init(frame: UInt64, values: [String?]) {
            self.frame = frame
            self.values = values
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
        /// Of blocks that differ: pairs of which a value differs and rows that one run has alone; null: they were not all looked at.
        package var differingRows: UInt64?
        /// Of the first run and of the second.
        package var unpairedRows: [UInt64]?

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
    /// The largest of something, and where.
    package struct Extreme: Codable, Sendable, Equatable {
        package let value: Double
        package let frame: UInt64
        package init(value: Double, frame: UInt64) {
            self.value = value
            self.frame = frame
        }
    }
    /// A field that differs somewhere. Those that differ first stand first; of one frame those that differ most.
    package struct FieldReport: Codable, Sendable, Equatable {
        package let channel, type, sourceId: Name
        package let field: String
        package let unit: String
        package let isInput: Bool
        /// Pairs of rows that were looked at, and those of which the values differ.
        package let compared, differing: UInt64
        package let firstFrame, lastFrame: UInt64
        /// From this frame on it differs for many frames in a row.
        package let persistentFrom: UInt64?
        package let absolute, relative: Extreme?
        /// In units in the last place; null: they are no floats of one kind.
        package let ulp: UInt64?
        /// How often each class was seen.
        package let classes: [String: UInt64]
        /// Frames in which it differs, first and last; so many at most, and how many more there are.
        package let intervals: [[UInt64]]
        package let intervalsLeftOut: Int

        package init(
            channel: Name, type: Name, sourceId: Name, field: String, unit: String, isInput: Bool, compared: UInt64,
            differing: UInt64, firstFrame: UInt64, lastFrame: UInt64, persistentFrom: UInt64?, absolute: Extreme?,
            relative: Extreme?, ulp: UInt64?, classes: [String: UInt64], intervals: [[UInt64]], intervalsLeftOut: Int
        ) {
            self.channel = channel
            self.type = type
            self.sourceId = sourceId
            self.field = field
            self.unit = unit
            self.isInput = isInput
            self.compared = compared
            self.differing = differing
            self.firstFrame = firstFrame
            self.lastFrame = lastFrame
            self.persistentFrom = persistentFrom
            self.absolute = absolute
            self.relative = relative
            self.ulp = ulp
            self.classes = classes
            self.intervals = intervals
            self.intervalsLeftOut = intervalsLeftOut
        }
    }
    /// A way to part from the reference that has a name.
    package struct Signature: Codable, Sendable, Equatable {
        package let type: Name
        /// null: it is about whole rows.
        package let field: String?
        package let kind, text: String
        /// A factor, an offset, frames, or the growth each frame: what the kind says.
        package let value: Double?

        package init(type: Name, field: String?, kind: String, text: String, value: Double?) {
            self.type = type
            self.field = field
            self.kind = kind
            self.text = text
            self.value = value
        }
    }
    /// What differs apart from events: seed, engine version, members of the configuration.
    package struct Surrounding: Codable, Sendable, Equatable {
        package let what: String
        /// Of the first run and of the second; null: it has none.
        package let values: [String?]
        package init(what: String, values: [String?]) {
            self.what = what
            self.values = values
        }
    }
    /// What the runs' engines say differently about a field.
    package struct SchemaDifference: Codable, Sendable, Equatable {
        package let channel, type, sourceId: Name
        package let field: String
        /// `unit`, `kind`, `key`, `input`, `measured`, `labels`, or `field`: one run alone has it.
        package let what: String
        package let values: [String?]
        /// One of the first unit is so many of the second.
        package let factor: Double?
        /// It makes the runs different by itself.
        package let counts: Bool

        package init(
            channel: Name, type: Name, sourceId: Name, field: String, what: String, values: [String?], factor: Double?,
            counts: Bool
        ) {
            self.channel = channel
            self.type = type
            self.sourceId = sourceId
            self.field = field
            self.what = what
            self.values = values
            self.factor = factor
            self.counts = counts
        }
    }
    /// What counts for a field, and where that comes from.
    package struct AppliedRule: Codable, Sendable, Equatable {
        package let type: Name
        package let field: String
        package let from: String
        /// As a file of rules has it.
        package let rule: String
        package init(type: Name, field: String, from: String, rule: String) {
            self.type = type
            self.field = field
            self.from = from
            self.rule = rule
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
    /// The name that stands for the first run; null: it was named itself.
    package let baseline: String?
    /// `bits`, `ulp` or `tolerance`.
    package let mode: String
    /// How rows are pairs: `frame`, or `frame+3`: frame 0 of the first run is frame 3 of the second.
    package let pairing: String
    package let rules: [AppliedRule]
    package let verdict: Verdict
    /// Why nothing could be compared, or not everything.
    package let reason: String?
    package let surroundings: [Surrounding]
    package let schema: [SchemaDifference]
    /// Up to it, included, everything that was compared is the same; null: nothing is.
    package let equalUpToFrame: UInt64?
    package let first: Frame?
    /// The first frame in which bits differ, where the mode lets more pass.
    package let firstByBits: UInt64?
    /// From this frame on some field differs for many frames in a row.
    package let persistentFrom: UInt64?
    /// In what way they part.
    package let signatures: [Signature]?
    package let fields: [FieldReport]?
    /// Frames in which anything differs, first and last; so many at most, and how many more there are.
    package let intervals: [[UInt64]]?
    package let intervalsLeftOut: Int?
    package let streams: [Stream]
    package let coverage: Coverage
    /// What was asked, with parameters as comments.
    package let sql: [String]

    package init(
        runs: [Run], baseline: String?, mode: String, pairing: String, rules: [AppliedRule], verdict: Verdict, reason: String?,
        surroundings: [Surrounding], schema: [SchemaDifference], equalUpToFrame: UInt64?, first: Frame?, firstByBits: UInt64?,
        persistentFrom: UInt64?, signatures: [Signature]?, fields: [FieldReport]?, intervals: [[UInt64]]?, intervalsLeftOut: Int?,
        streams: [Stream],
        coverage: Coverage, sql: [String]
    ) {
        version = 1
        self.runs = runs
        self.baseline = baseline
        self.mode = mode
        self.pairing = pairing
        self.rules = rules
        self.verdict = verdict
        self.reason = reason
        self.surroundings = surroundings
        self.schema = schema
        self.equalUpToFrame = equalUpToFrame
        self.first = first
        self.firstByBits = firstByBits
        self.persistentFrom = persistentFrom
        self.signatures = signatures
        self.fields = fields
        self.intervals = intervals
        self.intervalsLeftOut = intervalsLeftOut
        self.streams = streams
        self.coverage = coverage
        self.sql = sql
    }
}

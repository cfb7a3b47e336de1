/// /api/analysis/anomalies: what rules find in a run.
import TeltelEvents

/// One document, whoever asks.
package struct AnomaliesAnswer: Codable, Sendable, Equatable {
    package struct Finding: Codable, Sendable, Equatable {
        package let kind: String
        package let severity: Severity
        package let channel, eventType, sourceId: Name
        /// Of types with key fields; "" for others.
        package let key: String
        /// nil: it is of the stream as a whole.
        package let field: Name?
        package let fromFrame, toFrame: UInt64
        package let simTime: Double
        package let events: Int
        /// At the first frame, and what it is measured by.
        package let value, other: Double?
        package let text: String

        package init(
            kind: String, severity: Severity, channel: Name, eventType: Name, sourceId: Name, key: String, field: Name?,
            frames: ClosedRange<UInt64>, simTime: Double, events: Int, value: Double?, other: Double?, text: String
        ) {
            self.kind = kind
            self.severity = severity
            self.channel = channel
            self.eventType = eventType
            self.sourceId = sourceId
            self.key = key
            self.field = field
            (fromFrame, toFrame) = (frames.lowerBound, frames.upperBound)
            self.simTime = simTime
            self.events = events
            self.value = value
            self.other = other
            self.text = text
        }
    }
    /// Findings beyond those that are listed.
    package struct More: Codable, Sendable, Equatable {
        package let kind: String
        package let channel, eventType, sourceId: Name
        package let key: String
        package let field: Name?
        package let count: Int

        package init(kind: String, channel: Name, eventType: Name, sourceId: Name, key: String, field: Name?, count: Int) {
            self.kind = kind
            self.channel = channel
            self.eventType = eventType
            self.sourceId = sourceId
            self.key = key
            self.field = field
            self.count = count
        }
    }
    package struct NotCovered: Codable, Sendable, Equatable {
        package let what, why: String
        package init(what: String, why: String) {
            self.what = what
            self.why = why
        }
    }
    package struct Coverage: Codable, Sendable, Equatable {
        package var types = 0
        package var series = 0
        /// Values of one type count once.
        package var fields = 0
        package var rows: UInt64 = 0
        package var notCovered: [NotCovered] = []
        package init() {}
    }
    package struct Rules: Codable, Sendable, Equatable {
        package let kinds: [String]
        package let frozenEvents: Int
        package let jumpFactor, deviationFactor: Double
        package let most: Int

        package init(kinds: [String], frozenEvents: Int, jumpFactor: Double, deviationFactor: Double, most: Int) {
            self.kinds = kinds
            self.frozenEvents = frozenEvents
            self.jumpFactor = jumpFactor
            self.deviationFactor = deviationFactor
            self.most = most
        }
    }

    package let version: Int
    package let runId: Name
    package let baseline: Name?
    /// All of the run's events have been stored.
    package let complete: Bool
    package let rules: Rules
    /// By frame.
    package let findings: [Finding]
    package let more: [More]
    /// There were more than one answer takes: the later ones are left out.
    package let truncated: Bool
    package let coverage: Coverage
    /// So many of the findings are kept as markers; nil: that was not asked for.
    package var kept: Int?
    package let sql: [String]

    package init(
        runId: Name, baseline: Name?, complete: Bool, rules: Rules, findings: [Finding], more: [More], truncated: Bool,
        coverage: Coverage, sql: [String]
    ) {
        version = 1
        self.runId = runId
        self.baseline = baseline
        self.complete = complete
        self.rules = rules
        self.findings = findings
        self.more = more
        self.truncated = truncated
        self.coverage = coverage
        self.sql = sql
    }
}

/// /api/baselines: runs that others are compared with, by name.
import Foundation
import TeltelControl
import TeltelEvents

package struct BaselineAnswer: Codable, Sendable, Equatable {
    package let name: String
    package let runId: Name
    /// A file of rules, as JSON text; null: by bits.
    package let rules: String?
    package let note: String?
    /// RFC 3339.
    package let setAt: String
    /// When it was set anew, or removed; null: it stands.
    package let endedAt: String?

    package init(_ baseline: Baseline, endedMs: Int64? = nil) {
        name = baseline.name
        runId = baseline.runID
        rules = baseline.rules
        note = baseline.note
        setAt = TimeText.of(baseline.setMs)
        endedAt = endedMs.map(TimeText.of)
    }
}

/// What came of setting one.
package struct BaselineSetAnswer: Codable, Sendable, Equatable {
    package let baseline: BaselineAnswer
    /// What the name stood for; null: it is new.
    package let before: BaselineAnswer?

    package init(baseline: BaselineAnswer, before: BaselineAnswer?) {
        self.baseline = baseline
        self.before = before
    }
}

package struct BaselineRemovedAnswer: Codable, Sendable, Equatable {
    package let name: String
    package init(name: String) { self.name = name }
}

/// What a name is to stand for.
package struct BaselineChangeRequest: Codable, Sendable, Equatable {
    package let runId: String
    /// A file of rules, as JSON text. Without: the ones of before are not kept.
    package let rules: String?
    package let note: String?

    package init(runId: String, rules: String?, note: String?) {
        self.runId = runId
        self.rules = rules
        self.note = note
    }
}

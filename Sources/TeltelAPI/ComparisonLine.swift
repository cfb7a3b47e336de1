/// One line of a comparison that tells how far it is: GET /api/analysis/compare with `Accept: application/x-ndjson`.
import TeltelEvents

/// Exactly one of its members is there. The last line has the document, or the error.
package struct ComparisonLine: Codable, Sendable, Equatable {
    package struct Progress: Codable, Sendable, Equatable {
        /// Of the rows that may differ: so many have been looked at.
        package let rows, of: UInt64
        package init(rows: UInt64, of: UInt64) {
            self.rows = rows
            self.of = of
        }
    }
    /// A stream differs, first in this frame.
    package struct Differs: Codable, Sendable, Equatable {
        package let channel, type, sourceId: Name
        package let frame: UInt64
        package init(channel: Name, type: Name, sourceId: Name, frame: UInt64) {
            self.channel = channel
            self.type = type
            self.sourceId = sourceId
            self.frame = frame
        }
    }
    package let progress: Progress?
    package let differs: Differs?
    package let first: ComparisonAnswer.Frame?
    package let document: ComparisonAnswer?
    package let error: ProblemAnswer?

    package init(
        progress: Progress? = nil, differs: Differs? = nil, first: ComparisonAnswer.Frame? = nil,
        document: ComparisonAnswer? = nil, error: ProblemAnswer? = nil
    ) {
        self.progress = progress
        self.differs = differs
        self.first = first
        self.document = document
        self.error = error
    }
}

/// Places in runs that somebody or some rule has marked.
import TeltelEvents

package struct Marker: Sendable, Equatable {
    package enum Origin: String, Sendable, Codable, CaseIterable { case rule, person }

    /// Tells it from all others, for as long as it is there. What rules find again has the same.
    package var id: String
    package var runID: Name
    /// nil: of the run as a whole, whatever its source, channel or type.
    package var sourceID, channel, type: Name?
    /// Both ends belong to it.
    package var frames: ClosedRange<UInt64>
    package var simTime: Double?
    /// A word such as `nan` or `note`.
    package var kind: String
    /// Dotted: "pos.x"; nil: no single one.
    package var field: Name?
    package var severity: Severity
    package var text: String
    package var origin: Origin
    /// Milliseconds since 1970.
    package var createdMs: Int64

    package init(
        id: String, runID: Name, sourceID: Name? = nil, channel: Name? = nil, type: Name? = nil, frames: ClosedRange<UInt64>,
        simTime: Double? = nil, kind: String, field: Name? = nil, severity: Severity, text: String, origin: Origin,
        createdMs: Int64
    ) {
        self.id = id
        self.runID = runID
        self.sourceID = sourceID
        self.channel = channel
        self.type = type
        self.frames = frames
        self.simTime = simTime
        self.kind = kind
        self.field = field
        self.severity = severity
        self.text = text
        self.origin = origin
        self.createdMs = createdMs
    }

    /// The id of what a rule has found: the same whenever it is found again, in one run.
    /// - Parameter place: whatever tells it from the rule's other findings.
    package static func ruleID(_ runID: Name, kind: String, place: [String]) -> String {
        // Lengths, so that no two lists of texts become one.
        let text = ([runID.text, kind] + place).map { "\($0.utf8.count):\($0)" }.joined()
        return "rule-" + textTag(text)
    }
}

/// What markers may be.
package enum MarkerLimits {
    package static let perRun = 10_000
    package static let textBytes = 2_048
    package static let kindBytes = 64
    package static let nameBytes = 255

    /// A word of small letters, digits and hyphens, which begins with a letter.
    package static func isKind(_ text: String) -> Bool {
        (1...kindBytes).contains(text.utf8.count) && text.utf8.first.map { (0x61...0x7A).contains($0) } ?? false
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
    }
}

/// Which markers of a run are asked for: all that is given must hold.
package struct MarkerSelection: Sendable {
    package var kinds: [String] = []
    package var severities: [Severity] = []
    package var origin: Marker.Origin?
    package var sourceID, channel, type, field: Name?
    /// Some of the marker's frames are among these.
    package var frames: ClosedRange<UInt64>?

    package init() {}
}

/// Where one part of a list of markers ends: they stand by their first frames, and then by their ids.
package struct MarkerPlace: Sendable, Equatable {
    package let frame: UInt64
    package let id: String

    package init(_ marker: Marker) { (frame, id) = (marker.frames.lowerBound, marker.id) }

    /// "FRAME.ID"
    package init?(_ text: String) {
        guard let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")), let frame = UInt64(text[..<dot]) else { return nil }
        (self.frame, id) = (frame, String(text[text.utf8.index(after: dot)...]))
    }
    package var text: String { "\(frame).\(id)" }
}

package enum MarkerChange: Sendable, Equatable {
    case done(Marker)
    /// A request with the same key has made it before.
    case madeBefore(Marker)
    /// The run has as many as it may.
    case tooMany
}

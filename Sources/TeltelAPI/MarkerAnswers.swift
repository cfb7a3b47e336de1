/// /api/markers: places in runs that somebody or some rule has marked.
import TeltelControl
import TeltelEvents

package struct MarkerAnswer: Codable, Sendable, Equatable {
    package let id: String
    package let runId: Name
    package let sourceId, channel, eventType: Name?
    package let fromFrame, toFrame: UInt64
    package let simTime: Double?
    package let kind: String
    package let field: Name?
    package let severity: Severity
    package let text: String
    package let origin: Marker.Origin
    /// RFC 3339.
    package let createdAt: String

    package init(_ marker: Marker) {
        id = marker.id
        runId = marker.runID
        (sourceId, channel, eventType) = (marker.sourceID, marker.channel, marker.type)
        (fromFrame, toFrame) = (marker.frames.lowerBound, marker.frames.upperBound)
        simTime = marker.simTime
        kind = marker.kind
        field = marker.field
        severity = marker.severity
        text = marker.text
        origin = marker.origin
        createdAt = TimeText.of(marker.createdMs)
    }

    /// The columns of a table of markers, and its cells.
    package static let columns = [
        "id", "runId", "sourceId", "channel", "eventType", "fromFrame", "toFrame", "simTime", "kind", "field", "severity", "text",
        "origin", "createdAt",
    ]
    package var cells: [String] {
        let names = [runId, sourceId, channel, eventType].map { $0?.text ?? "" }
        return [id] + names + [
            String(fromFrame), String(toFrame), simTime.map { "\($0)" } ?? "", kind, field?.text ?? "", severity.rawValue, text,
            origin.rawValue, createdAt,
        ]
    }
}

package struct MarkersAnswer: Codable, Sendable, Equatable {
    package let runId: Name
    package let markers: [MarkerAnswer]
    /// All that were asked for, whether they are in this part or not.
    package let total: Int
    /// With `after` and this text come the next ones; "": there are none.
    package let next: String

    package init(runId: Name, markers: [MarkerAnswer], total: Int, next: String) {
        self.runId = runId
        self.markers = markers
        self.total = total
        self.next = next
    }
}

/// What makes a marker.
package struct MarkerRequest: Codable, Sendable, Equatable {
    package var runId: String
    package var sourceId, channel, eventType: Name?
    package var fromFrame: UInt64
    /// nil: one frame.
    package var toFrame: UInt64?
    package var simTime: Double?
    /// nil: `note`.
    package var kind: String?
    package var field: Name?
    /// nil: `info`.
    package var severity: Severity?
    package var text: String

    package init(
        runId: String, sourceId: Name? = nil, channel: Name? = nil, eventType: Name? = nil, fromFrame: UInt64,
        toFrame: UInt64? = nil, simTime: Double? = nil, kind: String? = nil, field: Name? = nil, severity: Severity? = nil,
        text: String
    ) {
        self.runId = runId
        self.sourceId = sourceId
        self.channel = channel
        self.eventType = eventType
        self.fromFrame = fromFrame
        self.toFrame = toFrame
        self.simTime = simTime
        self.kind = kind
        self.field = field
        self.severity = severity
        self.text = text
    }

    /// What is wrong with it, in words for whoever has sent it; nil: nothing.
    package var problem: String? {
        if let toFrame, toFrame < fromFrame { return "toFrame \(toFrame) is less than fromFrame \(fromFrame)" }
        if let kind, !MarkerLimits.isKind(kind) {
            return "kind has 1 to \(MarkerLimits.kindBytes) small letters, digits and hyphens, and begins with a letter"
        }
        if text.isEmpty || text.utf8.count > MarkerLimits.textBytes {
            return "text has 1 to \(MarkerLimits.textBytes) bytes, and not \(text.utf8.count)"
        }
        for name in [sourceId, channel, eventType, field] where name?.utf8.count ?? 0 > MarkerLimits.nameBytes {
            return "sourceId, channel, eventType and field have at most \(MarkerLimits.nameBytes) bytes"
        }
        if let simTime, !simTime.isFinite { return "simTime is a finite number" }
        return nil
    }

    /// - Parameter id: of the new marker.
    package func marker(of runID: Name, id: String, nowMs: Int64) -> Marker {
        Marker(
            id: id, runID: runID, sourceID: sourceId, channel: channel, type: eventType,
            frames: fromFrame...(toFrame ?? fromFrame), simTime: simTime, kind: kind ?? "note", field: field,
            severity: severity ?? .info, text: text, origin: .person, createdMs: nowMs)
    }
}

package struct MarkerRemovedAnswer: Codable, Sendable, Equatable {
    package let id: String
    package init(id: String) { self.id = id }
}

package struct MarkersRemovedAnswer: Codable, Sendable, Equatable {
    package let runId: Name
    package let removed: Int

    package init(runId: Name, removed: Int) {
        self.runId = runId
        self.removed = removed
    }
}

/// Which run is meant by a shortened id, or by `latest`.
package struct RunReferenceAnswer: Codable, Sendable, Equatable {
    package let asked: String
    package let runId: Name

    package init(asked: String, runId: Name) {
        self.asked = asked
        self.runId = runId
    }
}

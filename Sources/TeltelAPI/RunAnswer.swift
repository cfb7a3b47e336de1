/// A run in the answers of GET /api/runs and GET /api/run.
import TeltelControl
import TeltelEvents

/// Without its tags and types, which stand behind it in the same object. Fields that are unknown are left out.
package struct RunAnswer: Codable, Sendable, Equatable {
    package let runId: String
    /// What people call it, and what they say about it.
    package let name, note: String?
    package let sourceId: String?
    /// Events in the live buffer.
    package let size: Int
    /// RFC 3339: the real start.
    package let created: String
    package let status: String
    package let endedAt: String?
    package let endReason: String?
    package let engineVersion: String?
    package let seed: UInt64?
    package let channels: [Name]
    package let lastFrame: UInt64
    package let lastSimTime: Double
    package let ratePerSecond: Double
    package let accepted: UInt64
    package let refused: UInt64
    package let lost: UInt64
    /// Refused and lost together.
    package let dropped: UInt64
    package let stored: UInt64
    /// Accepted while the collector stored nothing.
    package let unstored: UInt64
    /// Posted lines that were no events.
    package let rejected: UInt64
    package let lateEvents: UInt64
    /// RFC 3339: when this collector first heard of it, by its own clock; runs are listed in this order.
    package let receivedAt: String
    package let warnings: [RunRecord.Warning]

    package init(
        runId: String, name: String? = nil, note: String? = nil, sourceId: String? = nil, size: Int, created: String,
        status: String, endedAt: String? = nil, endReason: String? = nil, engineVersion: String? = nil, seed: UInt64? = nil,
        channels: [Name], lastFrame: UInt64, lastSimTime: Double, ratePerSecond: Double, accepted: UInt64, refused: UInt64,
        lost: UInt64, dropped: UInt64, stored: UInt64, unstored: UInt64, rejected: UInt64, lateEvents: UInt64, receivedAt: String,
        warnings: [RunRecord.Warning]
    ) {
        self.runId = runId
        self.name = name
        self.note = note
        self.sourceId = sourceId
        self.size = size
        self.created = created
        self.status = status
        self.endedAt = endedAt
        self.endReason = endReason
        self.engineVersion = engineVersion
        self.seed = seed
        self.channels = channels
        self.lastFrame = lastFrame
        self.lastSimTime = lastSimTime
        self.ratePerSecond = ratePerSecond
        self.accepted = accepted
        self.refused = refused
        self.lost = lost
        self.dropped = dropped
        self.stored = stored
        self.unstored = unstored
        self.rejected = rejected
        self.lateEvents = lateEvents
        self.receivedAt = receivedAt
        self.warnings = warnings
    }
}

/// One of the list, as clients read it.
package struct ListedRun: Decodable, Sendable, Equatable {
    package struct EventType: Decodable, Sendable, Equatable {
        package let channel, type: Name
    }
    package let run: RunAnswer
    package let tags: [Name: Name]
    package let types: [EventType]

    private enum Key: CodingKey { case tags, types }

    package init(from decoder: any Decoder) throws {
        run = try RunAnswer(from: decoder)
        let values = try decoder.container(keyedBy: Key.self)
        tags = try values.decode([Name: Name].self, forKey: .tags)
        types = try values.decode([EventType].self, forKey: .types)
    }
}

/// GET /api/runs?limit=…; `running` and `runs` follow.
package struct RunPageAnswer: Codable, Sendable, Equatable {
    /// For `after`: what changes from now on.
    package let cursor: String
    /// Where the next part begins; "": there is none.
    package let before: String

    package init(cursor: String, before: String) {
        self.cursor = cursor
        self.before = before
    }
}

/// GET /api/runs?after=…: what has changed since the client asked last; `runs` follow.
package struct RunChangesAnswer: Codable, Sendable, Equatable {
    /// For the next question.
    package let cursor: String
    /// These are all runs: others are gone.
    package let complete: Bool
    package let removed: [Name]

    package init(cursor: String, complete: Bool, removed: [Name]) {
        self.cursor = cursor
        self.complete = complete
        self.removed = removed
    }
}

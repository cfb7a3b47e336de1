/// GET /api/run: everything that is known about one run.
import TeltelControl
import TeltelEvents

/// Its tags stand behind it in the same object.
package struct RunDetailAnswer: Codable, Sendable, Equatable {
    package struct TypeDetail: Codable, Sendable, Equatable {
        package let sourceId, channel, type: Name
        package let accepted: UInt64
        package let fields: [RunRecord.FieldRecord]

        package init(sourceId: Name, channel: Name, type: Name, accepted: UInt64, fields: [RunRecord.FieldRecord]) {
            self.sourceId = sourceId
            self.channel = channel
            self.type = type
            self.accepted = accepted
            self.fields = fields
        }
    }
    /// Marks of one ring, as positions in it.
    package struct Writer: Codable, Sendable, Equatable {
        package let instance: String
        package let writer: UInt16
        package let name: String
        /// Written by the engine; seen by the live reader; on disk; acknowledged by ClickHouse; free for the engine.
        package let head, live, spooled, stored, released: UInt64

        package init(
            instance: String, writer: UInt16, name: String, head: UInt64, live: UInt64, spooled: UInt64, stored: UInt64,
            released: UInt64
        ) {
            self.instance = instance
            self.writer = writer
            self.name = name
            self.head = head
            self.live = live
            self.spooled = spooled
            self.stored = stored
            self.released = released
        }
    }
    package struct Rejected: Codable, Sendable, Equatable {
        package let line: Int
        package let code, message: String
        /// RFC 3339.
        package let at: String

        package init(line: Int, code: String, message: String, at: String) {
            self.line = line
            self.code = code
            self.message = message
            self.at = at
        }
    }
    /// Refused or overwritten events, by type and reason.
    package struct RefusedType: Codable, Sendable, Equatable {
        package let sourceId, channel, type: Name
        package var byReason: [String: UInt64]

        package init(sourceId: Name, channel: Name, type: Name, byReason: [String: UInt64]) {
            self.sourceId = sourceId
            self.channel = channel
            self.type = type
            self.byReason = byReason
        }
    }
    /// Its members stand beside those below.
    package let run: RunAnswer
    package let details: Details

    package struct Details: Codable, Sendable, Equatable {
        /// In the order in which the collector first heard of them.
        package let sources: [Name]
        package let types: [TypeDetail]
        package let writers: [Writer]
        package let refusedByReason, lostByReason, rejectedByCode: [String: UInt64]
        package let refusedByType: [RefusedType]
        package let rejectedLines: [Rejected]
        package let losses: [RunRecord.Loss]
        package let config: String?
        package let missedBytes: UInt64
        /// Stored rows that `telemetry_events` cannot show; nil: none, or storage does not say.
        package let eventsBeyond32Bits: UInt64?
        /// One number for all of the run's data, and other runs that have the same; nil: the run is not complete, or storage does not say.
        package let fingerprint: String?
        package let sameRuns: [Name]?

        package init(
            sources: [Name], types: [TypeDetail], writers: [Writer], refusedByReason: [String: UInt64],
            lostByReason: [String: UInt64], rejectedByCode: [String: UInt64], refusedByType: [RefusedType],
            rejectedLines: [Rejected], losses: [RunRecord.Loss], config: String? = nil, missedBytes: UInt64,
            eventsBeyond32Bits: UInt64? = nil, fingerprint: String? = nil, sameRuns: [Name]? = nil
        ) {
            self.fingerprint = fingerprint
            self.sameRuns = sameRuns
            self.sources = sources
            self.types = types
            self.writers = writers
            self.refusedByReason = refusedByReason
            self.lostByReason = lostByReason
            self.rejectedByCode = rejectedByCode
            self.refusedByType = refusedByType
            self.rejectedLines = rejectedLines
            self.losses = losses
            self.config = config
            self.missedBytes = missedBytes
            self.eventsBeyond32Bits = eventsBeyond32Bits
        }
    }

    package init(_ run: RunAnswer, _ details: Details) {
        self.run = run
        self.details = details
    }

    package init(from decoder: any Decoder) throws {
        run = try RunAnswer(from: decoder)
        details = try Details(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        try run.encode(to: encoder)
        try details.encode(to: encoder)
    }
}

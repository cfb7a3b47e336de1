/// What a run brought before a stream began: up to which frame whoever joins the stream to stored rows must ask for those.
import TeltelEvents

/// A type of events, as one source sends it.
package struct EventKind: Sendable, Hashable {
    package let sourceID: Name
    package let channel: Name
    package let type: Name

    init(_ batch: Batch) {
        (sourceID, channel, type) = (batch.run.sourceID, batch.schema.channel, batch.schema.type)
    }
}

/// Rows that match a subscription and came before its first one. Rings are read one after the other and senders send in any order, so
/// that a row of a later frame may well have come earlier.
package struct EarlierRows: Sendable {
    /// The highest frame of the rows that came before; of a kind that is not here none did, or nobody knows of it.
    package private(set) var frames: [EventKind: UInt64] = [:]
    /// The run had more rows that this collector has not read, or has forgotten: nobody knows their frames.
    package var isUnknown = false

    mutating func note(_ kind: EventKind, _ frame: UInt64) { frames[kind] = max(frames[kind] ?? 0, frame) }

    mutating func note(_ batches: [Batch]) {
        for batch in batches { note(EventKind(batch), batch.highest.frame) }
    }

    mutating func note(_ delivery: Delivery) {
        for part in delivery.parts {
            let kind = EventKind(part.batch)
            guard let rows = part.rows else {
                note(kind, part.batch.highest.frame)
                continue
            }
            for row in rows { note(kind, part.batch.frame(row)) }
        }
    }

    mutating func note(_ other: EarlierRows, _ filter: EventFilter) {
        for (kind, frame) in other.frames where filter.matches(kind) { note(kind, frame) }
        if other.isUnknown { isUnknown = true }
    }
}

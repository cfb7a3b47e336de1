/// What one subscriber gets of one round.
import TeltelEvents

/// Rows of one round that one subscriber wants, by batch.
package struct Delivery: Sendable {
    package struct Part: Sendable {
        package let batch: Batch
        /// nil = all rows; else the chosen ones, ascending.
        package let rows: [Int]?
    }
    package let parts: [Part]
    package let events: Int
    /// Bytes that this delivery keeps alive: the whole round, even if only one row of it is wanted.
    package let bytes: Int

    /// Rows that do not match may still be among them: `matching` finds out.
    let isRough: Bool

    /// What may match by what all rows of a batch share. nil if nothing does, or the cursor has seen it all.
    init?(_ batches: [Batch], _ filter: EventFilter, after cursor: StreamCursor? = nil) {
        var parts: [Part] = []
        let seen = batches.first.flatMap { cursor?[$0.round.ring] } ?? 0
        for batch in batches where filter.matches(batch) {
            guard seen > batch.sequence(0) else {
                parts.append(Part(batch: batch, rows: nil))
                continue
            }
            let rows = (0..<batch.count).filter { batch.sequence($0) >= seen }
            if !rows.isEmpty { parts.append(Part(batch: batch, rows: rows)) }
        }
        guard !parts.isEmpty else { return nil }
        self.init(parts: parts, isRough: filter.looksAtRows)
    }

    /// Only rows that match; nil if none does.
    func matching(_ filter: inout RowFilter) -> Delivery? {
        guard isRough else { return self }
        let matching = parts.compactMap { part in
            let rows = (part.rows ?? Array(0..<part.batch.count)).filter { filter.matches(part.batch, row: $0) }
            return rows.isEmpty ? nil : Part(batch: part.batch, rows: rows)
        }
        return matching.isEmpty ? nil : Delivery(parts: matching)
    }

    private init(parts: [Part], isRough: Bool = false) {
        self.parts = parts
        self.isRough = isRough
        events = parts.reduce(0) { $0 + ($1.rows?.count ?? $1.batch.count) }
        bytes = parts.first?.batch.round.footprint ?? 0
    }

    /// Calls `body` with every row in the order of emission: a round's batches are merged back by their place in the ring.
    package func forEachRow(_ body: (Batch, _ row: Int) -> Void) {
        if parts.count == 1 {
            let part = parts[0]
            if let rows = part.rows {
                for row in rows { body(part.batch, row) }
            } else {
                for row in 0..<part.batch.count { body(part.batch, row) }
            }
            return
        }
        var order: [(offset: UInt32, part: Int, row: Int)] = []
        order.reserveCapacity(events)
        for (index, part) in parts.enumerated() {
            for row in part.rows ?? Array(0..<part.batch.count) { order.append((part.batch.offsets[row], index, row)) }
        }
        order.sort { $0.offset < $1.offset }
        for place in order { body(parts[place.part].batch, place.row) }
    }
}

extension Delivery {
    /// The last `count` rows in the order of emission, and those before them, if there are any.
    func split(newest count: Int) -> (older: Delivery?, newest: Delivery) {
        guard events > count else { return (nil, self) }
        var offsets: [UInt32] = []
        forEachRow { batch, row in offsets.append(batch.offsets[row]) }
        let from = offsets[offsets.count - count]
        return (only { $0 < from }, only { $0 >= from })
    }

    private func only(_ isWanted: (_ offset: UInt32) -> Bool) -> Delivery {
        Delivery(
            parts: parts.compactMap { part in
                let rows = (part.rows ?? Array(0..<part.batch.count)).filter { isWanted(part.batch.offsets[$0]) }
                return rows.isEmpty ? nil : Part(batch: part.batch, rows: rows)
            })
    }
}

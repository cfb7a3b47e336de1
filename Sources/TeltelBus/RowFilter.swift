/// The part of a filter that is asked of each row: its frame and its tags.
import TeltelEvents

/// A filter, and what it found out about tags. Rows repeat their tags, mostly those of a few rows before: each text is
/// read as JSON once, and compared as bytes from then on. A value of one thread.
struct RowFilter: Sendable {
    let filter: EventFilter
    private struct Known {
        let text: [UInt8]
        let matches: Bool
    }
    /// Newest tags that were not known, in a circle.
    private var known: [Known] = []
    private var next = 0
    /// Of the row before: where the same is looked for first.
    private var last = 0
    private static let knownMax = 16

    init(_ filter: EventFilter) { self.filter = filter }

    mutating func matches(_ batch: Batch, row: Int) -> Bool {
        batch.frame(row) % filter.every == 0 && matchesTags(batch, row)
    }

    private mutating func matchesTags(_ batch: Batch, _ row: Int) -> Bool {
        guard !filter.tags.isEmpty else { return true }
        if let registered = batch.registeredTags(row) { return filter.matches(tags: registered) }
        if last < known.count, batch.hasTags(row, written: known[last].text) { return known[last].matches }
        if let place = known.indices.first(where: { batch.hasTags(row, written: known[$0].text) }) {
            last = place
            return known[place].matches
        }
        return learn(batch, row)
    }

    private mutating func learn(_ batch: Batch, _ row: Int) -> Bool {
        var text: [UInt8] = []
        batch.appendTags(row, to: &text)
        let matches = filter.matches(tags: TagText.pairs(text))
        let fresh = Known(text: text, matches: matches)
        if known.count < Self.knownMax { known.append(fresh) } else { known[next] = fresh }
        last = next
        next = (next + 1) % Self.knownMax
        return matches
    }
}

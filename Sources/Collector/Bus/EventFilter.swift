/// Which events a subscriber wants: the contract's subscription (§2, §4) as a value.
import TeltelEvents

/// All conditions that are set must hold. An empty filter takes everything.
struct EventFilter: Sendable, Equatable {
    var runID = Name.empty
    var sourceID = Name.empty
    var channel = Name.empty
    /// Any of these, exactly; empty = all.
    var types: Set<Name> = []
    var typePrefix = Name.empty
    /// Every pair equal. A pair with an empty value also matches a missing key, if the event has any tags.
    var tags: [Name: Name] = [:]

    /// Looks at what all rows of a batch share; tags and frames are looked at row by row.
    func matches(_ batch: Batch) -> Bool {
        (runID.isEmpty || batch.run.runID == runID)
            && (sourceID.isEmpty || batch.run.sourceID == sourceID)
            && (channel.isEmpty || batch.schema.channel == channel)
            && (types.isEmpty || types.contains(batch.schema.type))
            && (typePrefix.isEmpty || batch.schema.type.hasPrefix(typePrefix))
    }

    /// Only events of frames that this divides.
    var every: UInt64 = 1

    /// Not all rows of a batch match if one does.
    var looksAtRows: Bool { !tags.isEmpty || every > 1 }

    func matches(_ batch: Batch, row: Int) -> Bool { batch.frame(row) % every == 0 && matchesTags(batch, row: row) }

    private func matchesTags(_ batch: Batch, row: Int) -> Bool {
        guard !tags.isEmpty else { return true }
        let found = batch.tags(row)
        guard !found.isEmpty else { return false }
        return tags.allSatisfy { key, value in
            let actual = found.first { $0.key == key }?.value
            return actual == value || (value.isEmpty && actual == nil)
        }
    }
}

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

    /// Looks at what all rows of a batch share; tags are looked at row by row.
    func matches(_ batch: Batch) -> Bool {
        (runID.isEmpty || batch.run.runID == runID)
            && (sourceID.isEmpty || batch.run.sourceID == sourceID)
            && (channel.isEmpty || batch.schema.channel == channel)
            && (types.isEmpty || types.contains(batch.schema.type))
            && (typePrefix.isEmpty || batch.schema.type.hasPrefix(typePrefix))
    }

    var looksAtTags: Bool { !tags.isEmpty }

    func matchesTags(_ batch: Batch, row: Int) -> Bool {
        guard looksAtTags else { return true }
        let found = batch.tags(row)
        guard !found.isEmpty else { return false }
        return tags.allSatisfy { key, value in
            let actual = found.first { $0.key == key }?.value
            return actual == value || (value.isEmpty && actual == nil)
        }
    }
}

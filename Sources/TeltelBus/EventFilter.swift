/// Which events a subscriber wants: the contract's subscription (§2, §4) as a value.
import TeltelEvents

/// All conditions that are set must hold. An empty filter takes everything.
package struct EventFilter: Sendable, Equatable {
    package var runID = Name.empty
    package var sourceID = Name.empty
    package var channel = Name.empty
    /// Any of these, exactly; empty = all.
    package var types: Set<Name> = []
    package var typePrefix = Name.empty
    /// Every pair equal. A pair with an empty value also matches a missing key, if the event has any tags.
    package var tags: [Name: Name] = [:]
    /// Only events of frames that this divides.
    package var every: UInt64 = 1

    package init(runID: Name = .empty) { self.runID = runID }

    /// Looks at what all rows of a batch share; tags and frames are looked at row by row.
    func matches(_ batch: Batch) -> Bool {
        (runID.isEmpty || batch.run.runID == runID)
            && (sourceID.isEmpty || batch.run.sourceID == sourceID)
            && (channel.isEmpty || batch.schema.channel == channel)
            && (types.isEmpty || types.contains(batch.schema.type))
            && (typePrefix.isEmpty || batch.schema.type.hasPrefix(typePrefix))
    }

    /// Not all rows of a batch match if one does.
    var looksAtRows: Bool { !tags.isEmpty || every > 1 }

    func matches(tags found: [(key: Name, value: Name)]) -> Bool {
        guard !tags.isEmpty else { return true }
        guard !found.isEmpty else { return false }
        return tags.allSatisfy { key, value in
            let actual = found.first { $0.key == key }?.value
            return actual == value || (value.isEmpty && actual == nil)
        }
    }
}

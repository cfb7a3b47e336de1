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
        (runID.isEmpty || batch.run.runID == runID) && matches(batch.run.sourceID, batch.schema.channel, batch.schema.type)
    }

    /// Of a run that matches.
    func matches(_ kind: EventKind) -> Bool { matches(kind.sourceID, kind.channel, kind.type) }

    private func matches(_ source: Name, _ channel: Name, _ type: Name) -> Bool {
        (sourceID.isEmpty || source == sourceID) && (self.channel.isEmpty || channel == self.channel)
            && (types.isEmpty || types.contains(type)) && (typePrefix.isEmpty || type.hasPrefix(typePrefix))
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

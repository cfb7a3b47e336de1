/// What went with rings that are gone: with the power, or because somebody removed them.
import TeltelControl
import TeltelEvents
import TeltelRings

/// As of the start of a collector, before it reads a ring. A value.
package struct GoneRings: Sendable {
    /// There are rings of these.
    package let present: Set<InstanceID>
    /// Read to their ends, and nothing of them can be missing.
    package let whole: Set<InstanceID>
    /// Events that are out of their rings, by run.
    package let kept: [Name: UInt64]

    package init(present: Set<InstanceID>, whole: Set<InstanceID>, kept: [Name: UInt64]) {
        self.present = present
        self.whole = whole
        self.kept = kept
    }

    /// Counts as lost what the record knows as accepted and nobody has. While a ring of the run is there, its events may still come.
    package func settle(_ record: inout RunRecord) {
        let counted = Set(record.counted.keys.compactMap { RingID(text: $0)?.instance })
        let all = counted.union(record.instances.compactMap { InstanceID(text: $0) })
        guard all.isDisjoint(with: present), !counted.isSubset(of: whole) else { return }
        record.loseRings(kept: kept[record.runID] ?? 0)
    }
}

/// The words that name a row everywhere: in the ring, on the wire, on disk and in SQL.

/// One run of one producer, as named by its folder in shared memory: a random number, never 0, written as 16 hex digits.
/// A run id may be used twice by people; an instance never is.
package struct InstanceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }

    /// From the folder's name. nil unless it is exactly 16 lower-case hex digits and not all zero.
    package init?(text: some StringProtocol) {
        guard text.utf8.count == 16, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let value = UInt64(text, radix: 16), value != 0
        else { return nil }
        self.value = value
    }

    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
    package static func < (a: InstanceID, b: InstanceID) -> Bool { a.value < b.value }
}

/// One ring: its instance and its index there.
package struct RingID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let instance: InstanceID
    package let writer: UInt16
    package init(instance: InstanceID, writer: UInt16) {
        self.instance = instance
        self.writer = writer
    }
    package var description: String { "\(instance)/ring-\(writer)" }

    /// nil for anything that `description` does not give.
    package init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasPrefix("ring-"), let instance = InstanceID(text: parts[0]),
            let writer = UInt16(parts[1].dropFirst(5))
        else { return nil }
        self.init(instance: instance, writer: writer)
    }
    package static func < (a: RingID, b: RingID) -> Bool { (a.instance, a.writer) < (b.instance, b.writer) }
}

/// What people call a run: its id and the program it came from.
package struct RunKey: Hashable, Comparable, Sendable {
    package let runID: Name
    package let sourceID: Name
    package init(runID: Name, sourceID: Name) {
        self.runID = runID
        self.sourceID = sourceID
    }
    package static func < (a: RunKey, b: RunKey) -> Bool { (a.runID, a.sourceID) < (b.runID, b.sourceID) }
}

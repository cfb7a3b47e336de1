/// How far a client knows the run list.

/// How far a client has followed the run list of this collector. The next collector counts anew and does not know it.
struct RunsCursor: Sendable {
    /// Differs between collectors.
    private static let collector = String(UInt64.random(in: .min ... .max), radix: 36)

    let revision: UInt64

    init(revision: UInt64) { self.revision = revision }

    /// nil: another collector's, or none.
    init?(text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == Self.collector, let revision = UInt64(parts[1]) else { return nil }
        self.revision = revision
    }

    var text: String { "\(Self.collector)-\(revision)" }
}

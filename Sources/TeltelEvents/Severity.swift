/// How much something that was found in a run matters.

package enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
    case info, warning, error

    package static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

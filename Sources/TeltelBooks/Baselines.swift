/// Which run a comparison is made with, where nobody names it.
import NIOPosix
import TeltelControl
import TeltelEvents

package struct Baselines: Sendable {
    private let catalogue: RunCatalogue
    /// Of which baseline a run is to be compared with.
    package static let tag: Name = "baseline"
    /// Tags that tell attempts apart, not what was tried.
    package static let passing: Set<Name> = ["commit", "job", "git_sha", "build", "ci_job"]
    private static let pageRuns = 500
    private static let lookedAtMost = 20_000

    package init(_ catalogue: RunCatalogue) { self.catalogue = catalogue }

    package enum Auto: Sendable, Equatable {
        case baseline(Baseline)
        /// No baseline is pinned for it: the last completed run of the same source with the same tags.
        case earlier(Name)
        /// Names that could be given instead.
        case none(choices: [String])
    }

    /// What a run is compared with by itself.
    package func auto(for record: RunRecord) async throws -> Auto {
        let known = try await catalogue.baselines()
        if let wanted = record.tags[Self.tag] {
            if let named = known.first(where: { Name($0.name) == wanted }) { return .baseline(named) }
            return .none(choices: known.map(\.name))
        }
        let tags = Self.telling(record)
        var place: RunPlace?
        var looked = 0
        while looked < Self.lookedAtMost {
            let page = try await catalogue.page(before: place, limit: Self.pageRuns)
            for run in page.runs.map(\.record)
            where run.runID != record.runID && run.orderMs <= record.orderMs && run.status == .completed
                && run.orderedSources == record.orderedSources && Self.telling(run) == tags
            {
                return .earlier(run.runID)
            }
            looked += page.runs.count
            guard let next = page.next else { break }
            place = next
        }
        return .none(choices: known.map(\.name))
    }

    private static func telling(_ record: RunRecord) -> [Name: Name] { record.tags.filter { !passing.contains($0.key) } }
}

/// Finds the run that a reference means, among all runs that are known.
import NIOPosix
import TeltelControl
import TeltelEvents

package enum RunReferenceError: Error, Equatable {
    /// None of the runs is meant by `latest…`.
    case noneFits(asked: String)
    case ambiguous(asked: String, candidates: [Name], areMore: Bool)

    package var explanation: String {
        switch self {
        case .noneFits(let asked): return "no run is known that \(asked) could mean"
        case .ambiguous(let asked, let candidates, let areMore):
            let names = candidates.map(\.text).joined(separator: ", ")
            return "several runs begin with \(asked): \(names)\(areMore ? ", and more" : "")"
        }
    }
}

package struct RunReferences: Sendable {
    private let catalogue: RunCatalogue
    /// Somebody else may have stored a run that the catalogue does not know, and its whole id is no shortened one. Throws if it cannot
    /// be said now.
    private let isStored: @Sendable (Name) async throws -> Bool

    /// `latest:…` looks at so many runs.
    private static let lookedAtMost = 20_000
    private static let pageRuns = 500

    package init(_ catalogue: RunCatalogue, isStored: @escaping @Sendable (Name) async throws -> Bool) {
        self.catalogue = catalogue
        self.isStored = isStored
    }

    /// The id. A text that no run's id begins with stays what it is: whoever asks for such a run is told so, or finds nothing.
    package func resolve(_ text: String) async throws(RunReferenceError) -> Name {
        let asked = Name(text)
        // What the disk refuses to say leaves the text as it is.
        guard !text.isEmpty, (try? await catalogue.knows(asked)) == false else { return asked }
        let reference = RunReference(text)
        var found: Name?
        var match = RunReference.Match.none
        switch reference {
        case .latest(let filter): found = (try? await newest(filter)) ?? nil
        case .baseline(let name): found = (try? await catalogue.baseline(name))??.runID
        case .id:
            let ids = (try? await catalogue.ids(beginningWith: asked, limit: RunReference.namedMost + 1)) ?? []
            match = RunReference.match(asked, among: ids)
            if match == .none { return asked }
        }
        // Storage that is away has no answers for anybody.
        if (try? await isStored(asked)) == true { return asked }
        switch match {
        case .one(let id): return id
        case .several(let candidates, let areMore):
            throw .ambiguous(asked: text, candidates: candidates, areMore: areMore)
        case .none:
            guard let found else { throw .noneFits(asked: text) }
            return found
        }
    }

    private func newest(_ filter: RunFilter) async throws -> Name? {
        var place: RunPlace?
        var looked = 0
        while looked < Self.lookedAtMost {
            let page = try await catalogue.page(before: place, limit: filter == .any ? 1 : Self.pageRuns)
            for run in page.runs where filter.takes(sources: run.record.orderedSources, tags: run.record.tags) {
                return run.record.runID
            }
            looked += page.runs.count
            guard let next = page.next else { return nil }
            place = next
        }
        return nil
    }
}

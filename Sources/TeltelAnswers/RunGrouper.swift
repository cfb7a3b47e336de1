/// Which of some runs have the same data, by their digests, and where the others part from them.
import TeltelAPI
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// One question. Used by one task.
package struct RunGrouper {
    private let queries: RunQueries
    private let tables: [StoredTable]
    package static let runsMost = 1_000

    package init(_ queries: RunQueries, tables: [StoredTable]) {
        self.queries = queries
        self.tables = tables
    }

    private struct Digested {
        var blocks: [RunTree.Block] = []
        var rows: UInt64 = 0
    }

    /// - Parameter runs: each once.
    package func group(_ runs: [ComparedRun]) async throws(QueryError) -> GroupsAnswer {
        let ids = runs.map(\.runID)
        let counted = Dictionary(
            try await queries.rows(DigestibleRowsQuestion.Row.self, DigestibleRowsQuestion.statement(ids, tables)).map {
                ($0.run, $0.rows)
            }, uniquingKeysWith: { $1 })
        let digested = try await digested(ids)
        var left: [ComparisonAnswer.NotCompared] = []
        var known: [Int] = []
        for (place, run) in runs.enumerated() {
            let rows = counted[Name(run.runID)] ?? 0
            if !run.isComplete {
                left.append(.init(what: run.runID, why: "it is not complete"))
            } else if rows == 0 {
                left.append(.init(what: run.runID, why: "nothing of it is stored that could be compared"))
            } else if digested[place].rows != rows {
                left.append(.init(what: run.runID, why: "its digests do not tell of all its rows; ask for one run with another"))
            } else {
                known.append(place)
            }
        }
        let tree = known.isEmpty ? nil : RunTree(known.map { digested[$0].blocks })
        func names(_ places: [Int]) -> [Name] { places.map { Name(ids[known[$0]]) } }
        func node(_ tree: RunTree) -> GroupsAnswer.Node {
            .init(
                runs: names(tree.runs), partAtBlock: tree.parting.map { DigestSQL.frames(of: $0).lowerBound },
                branches: tree.branches.map(node))
        }
        let groups = (tree?.groups ?? []).map { GroupsAnswer.Group(runs: names($0), rows: digested[known[$0[0]]].rows) }
        return GroupsAnswer(groups: groups, tree: tree.map(node), notCompared: left, sql: queries.asked.map(\.reproducible))
    }

    private func digested(_ ids: [String]) async throws(QueryError) -> [Digested] {
        var found = Array(repeating: Digested(), count: ids.count)
        for block in try await queries.blocks(RunTreeQuestion.statement(ids), isKept: true) where block.rows > 0 {
            guard block.columns.count == 4 else { throw .failed("ClickHouse's answer has not the columns that were asked") }
            let columns = block.columns.map(\.values)
            for row in 0..<block.rows {
                let run = Int(columns[0][row])
                guard found.indices.contains(run) else { throw .failed("ClickHouse's answer has a run that was not asked about") }
                found[run].blocks.append(.init(number: columns[1][row], hash: columns[2][row]))
                found[run].rows += columns[3][row]
            }
        }
        return found
    }
}

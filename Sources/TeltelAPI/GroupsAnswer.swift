/// GET /api/analysis/groups: which of some runs have the same data, and where the others part from them.
import TeltelEvents

package struct GroupsAnswer: Codable, Sendable, Equatable {
    /// Runs that are equal up to a block, and how they go on.
    package struct Node: Codable, Sendable, Equatable {
        package let runs: [Name]
        /// The first frame of the block of 1,024 frames in which they part; null: they have the same data.
        package let partAtBlock: UInt64?
        /// The largest first.
        package let branches: [Node]

        package init(runs: [Name], partAtBlock: UInt64?, branches: [Node]) {
            self.runs = runs
            self.partAtBlock = partAtBlock
            self.branches = branches
        }
    }
    package struct Group: Codable, Sendable, Equatable {
        package let runs: [Name]
        /// Of each of them, in all.
        package let rows: UInt64

        package init(runs: [Name], rows: UInt64) {
            self.runs = runs
            self.rows = rows
        }
    }
    package let version: Int
    /// Sets of runs with the same data, the largest first.
    package let groups: [Group]
    /// null: there is no run of which anything can be said.
    package let tree: Node?
    /// Runs that could not be looked at, with the reason.
    package let notCompared: [ComparisonAnswer.NotCompared]
    package let sql: [String]

    package init(groups: [Group], tree: Node?, notCompared: [ComparisonAnswer.NotCompared], sql: [String]) {
        version = 1
        self.groups = groups
        self.tree = tree
        self.notCompared = notCompared
        self.sql = sql
    }
}

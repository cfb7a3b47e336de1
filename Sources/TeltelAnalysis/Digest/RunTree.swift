/// Which runs are equal, and where others part from them.

/// Runs that are equal up to a block, and how they go on. Pure.
package struct RunTree: Sendable, Equatable {
    /// One block of a run: its number, and one hash for all that it has there.
    package struct Block: Sendable, Hashable {
        package let number, hash: UInt64
        package init(number: UInt64, hash: UInt64) {
            self.number = number
            self.hash = hash
        }
    }

    /// Places of the runs, in order.
    package let runs: [Int]
    /// The block in which they part; nil: they never do, and are equal.
    package let parting: UInt64?
    /// Those that go on alike, the largest first.
    package let branches: [RunTree]

    package init(runs: [Int], parting: UInt64? = nil, branches: [RunTree] = []) {
        self.runs = runs
        self.parting = parting
        self.branches = branches
    }

    /// - Parameter blocks: of each run, in order of their numbers. Runs without blocks have nothing to say and must not be among them.
    package init(_ blocks: [[Block]]) { self = Self.of(Array(blocks.indices), blocks, from: 0) }

    private static func of(_ runs: [Int], _ blocks: [[Block]], from begin: Int) -> RunTree {
        var place = begin
        while true {
            let next = runs.map { place < blocks[$0].count ? blocks[$0][place] : nil }
            guard let one = next.first, next.contains(where: { $0 != one }) else {
                if runs.isEmpty || next[0] == nil { return RunTree(runs: runs) }
                place += 1
                continue
            }
            // At every parting there is one branch more: no deeper than there are runs.
            let branches = Dictionary(grouping: runs.indices) { next[$0] }.values.map { members in
                of(members.map { runs[$0] }, blocks, from: place)
            }
            return RunTree(
                runs: runs, parting: next.compactMap { $0?.number }.min(),
                branches: branches.sorted { ($1.runs.count, $0.runs[0]) < ($0.runs.count, $1.runs[0]) })
        }
    }

    /// Sets of equal runs, the largest first.
    package var groups: [[Int]] {
        branches.isEmpty ? [runs] : branches.flatMap(\.groups).sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
    }
}

/// Runs that are equal, and where others part from them.
import TeltelAnalysis
import Testing

struct RunTreeTests {
    private func tree(_ runs: [[UInt64]]) -> RunTree {
        RunTree(runs.map { $0.enumerated().map { RunTree.Block(number: UInt64($0.offset), hash: $0.element) } })
    }

    @Test func equalRunsAreOneLeaf() {
        #expect(tree([[1, 2, 3], [1, 2, 3], [1, 2, 3]]) == RunTree(runs: [0, 1, 2]))
        #expect(tree([[1]]) == RunTree(runs: [0]))
    }

    @Test func runsPartWhereTheyFirstDiffer() {
        let found = tree([[1, 2, 3], [1, 2, 3], [1, 9, 3], [1, 2, 4]])
        #expect(found.parting == 1 && found.branches.map(\.runs) == [[0, 1, 3], [2]])
        #expect(found.branches[0].parting == 2 && found.branches[0].branches.map(\.runs) == [[0, 1], [3]])
        #expect(found.groups == [[0, 1], [2], [3]])
    }

    @Test func aRunThatEndsEarlierParts() {
        let found = tree([[1, 2, 3], [1, 2], [1, 2, 3]])
        #expect(found.parting == 2 && found.groups == [[0, 2], [1]])
    }

    @Test func aBlockThatIsMissingIsADifferenceThere() {
        let found = RunTree([
            [.init(number: 0, hash: 1), .init(number: 5, hash: 2)],
            [.init(number: 0, hash: 1), .init(number: 3, hash: 7), .init(number: 5, hash: 2)],
        ])
        #expect(found.parting == 3)
    }

    @Test func manyRunsAreGroupedAtOnce() {
        // Fifty runs in three groups that part in two blocks.
        func hash(_ run: Int, _ block: UInt64) -> UInt64 {
            if run % 3 == 1, block >= 120 { return 7 }
            return run % 3 == 2 && block >= 40 ? 8 : block
        }
        let runs: [[UInt64]] = (0..<50).map { run in (UInt64(0)..<200).map { hash(run, $0) } }
        let found = tree(runs)
        #expect(found.parting == 40 && found.groups.map(\.count) == [17, 17, 16])
        #expect(found.groups[0] == Array(stride(from: 0, to: 50, by: 3)))
        // Every run parts from all others: as deep as there are runs.
        let stairs: [[UInt64]] = (0..<300).map { run in (0..<300).map { $0 < run ? 0 : 1 } }
        #expect(tree(stairs).groups.count == 300)
    }
}

import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// Rows that ClickHouse refuses for their content are found, put aside and counted; all others are stored.
@Suite struct PoisonTests {
    private func story(chaos: Bool, crash: Int?) throws -> (SpoolHarness, Set<ScriptedTarget.Row>) {
        let harness = SpoolHarness(seed: 11, chaos: chaos)
        let engine = harness.addEngine(0xA1)
        harness.files.crash(after: crash)
        try harness.start()
        for tick in 0..<4 as Range<UInt64> {
            for row in 0..<30 as Range<UInt64> {
                harness.emit(engine, writer: Int(row % 2), type: row % 5 == 0 ? 2 : 1, frame: tick * 100 + row)
            }
            if tick == 0 { harness.target.poison(Set(harness.accepted.sorted { $0.sequence < $1.sequence }.prefix(3))) }
            try harness.tick()
        }
        let poison = Set(harness.accepted.sorted { $0.sequence < $1.sequence }.prefix(3))
        try harness.drain(ticks: 5_000)
        return (harness, poison)
    }

    private func check(_ harness: SpoolHarness, _ poison: Set<ScriptedTarget.Row>, _ comment: Comment) throws {
        try #require(try harness.missing(comment) == poison.count, comment)
        try #require(poison.isDisjoint(with: harness.target.rows.keys), comment)
        let tally = harness.store.totals().sum()
        try #require(tally.lost == [.refusedByStorage: poison.count], comment)
        try #require(tally.stored == harness.accepted.count - poison.count, comment)
    }

    @Test(arguments: [false, true]) func refusedRowsAreFoundOneByOne(chaos: Bool) throws {
        let (harness, poison) = try story(chaos: chaos, crash: nil)
        try check(harness, poison, "poison")
        let letters = try #require(harness.files.contents("/spool/dead-letters.ndjson"))
        let lines = String(decoding: letters, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 3)
        for row in poison {
            #expect(
                lines.contains {
                    $0.contains("\"sequence\":\(row.sequence),") && $0.contains("\"runId\":\"run-161\"") && $0.contains("53")
                })
        }
    }

    @Test func killedInEveryFileOperationWhileDividing() throws {
        let operations = try story(chaos: false, crash: nil).0.files.operations
        for crash in stride(from: 1, through: operations, by: 2) {
            let (harness, poison) = try story(chaos: false, crash: crash)
            try check(harness, poison, "killed in operation \(crash)")
        }
    }
}

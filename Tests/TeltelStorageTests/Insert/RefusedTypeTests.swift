import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// A type that ClickHouse never takes beside one that it takes, in a spool that is too small for all of them.
@Suite struct RefusedTypeTests {
    private static let refused = TableKey(channel: "wheel", type: "slip")

    private static func harness() -> SpoolHarness {
        let harness = SpoolHarness(seed: 9, limitBytes: 256 << 10, logBytes: 16 << 10)
        harness.cadence.refusedGroupBytesMax = 16 << 10
        return harness
    }

    private func harness(_ code: Int) throws -> (SpoolHarness, SyntheticInstance) {
        let harness = Self.harness()
        let engine = harness.addEngine(0xD1)
        try harness.start()
        harness.target.refuse(Self.refused.tableName, code)
        return (harness, engine)
    }

    /// Both types for so long.
    private func run(_ harness: SpoolHarness, _ engine: SyntheticInstance, ticks: UInt64, from first: UInt64 = 0) throws {
        for tick in first..<first + ticks {
            for row in 0..<20 as Range<UInt64> {
                harness.emit(engine, writer: Int(row % 2), type: row < 2 ? 1 : 2, frame: tick * 100 + row)
            }
            try harness.tick(1_000)
            try harness.keep()
        }
    }

    private func lost(_ harness: SpoolHarness) -> (refused: [LossReason: Int], other: Int) {
        harness.store.totals().reduce(into: ([:], 0)) { sum, entry in
            if entry.key.table == Self.refused {
                sum.0.merge(entry.value.lost, uniquingKeysWith: +)
            } else {
                sum.1 += entry.value.lostTotal
            }
        }
    }

    @Test(arguments: [48, 7_777]) func itIsGivenUpForOthersAndNamed(code: Int) throws {
        let (harness, engine) = try harness(code)
        let limit = harness.options.limitBytes
        var tick: UInt64 = 0
        while lost(harness).refused.isEmpty, tick < 1_000 {
            let free = harness.store.freeBytes
            try run(harness, engine, ticks: 1, from: tick)
            // While a quarter of the spool is free nothing is given up; one tick writes less than a log.
            #expect(lost(harness).refused.isEmpty || free < limit / 4 + harness.options.logBytes)
            tick += 1
        }
        for _ in 0..<200 {
            try run(harness, engine, ticks: 1, from: tick)
            // No more than what others need: most of the spool holds rows that somebody may yet mend.
            #expect(harness.store.freeBytes < limit / 2)
            tick += 1
        }
        #expect(harness.refused == 0, "the engine was held up")
        let (refused, other) = lost(harness)
        #expect(Set(refused.keys) == [.refusedByStorage] && other == 0)
        let given = harness.inserterStatus.givenUp
        #expect(given.rows == refused[.refusedByStorage] && given.rows == harness.inserterStatus.rowsRefused)
        #expect(given.sorted.map(\.type) == [Self.refused] && given.sorted[0].entry.reason.contains(String(code)))
        harness.target.refuse(Self.refused.tableName, nil)
        try harness.drain()
        let tally = harness.store.totals().sum()
        #expect(tally.lost == [.refusedByStorage: given.rows])
        #expect(tally.stored == harness.accepted.count - given.rows)
        #expect(try harness.missing() == given.rows)
    }

    /// What was inserted before its table was spoiled is found and not counted as lost.
    @Test func rowsThatAreStoredAreNotGivenUp() throws {
        let harness = Self.harness()
        let engine = harness.addEngine(0xD1)
        try harness.start()
        for frame in 0..<40 as Range<UInt64> { harness.emit(engine, writer: 0, type: 2, frame: frame) }
        harness.target.script([.loseAnswer])
        while harness.target.rows.isEmpty { try harness.tick() }
        harness.target.refuse(Self.refused.tableName, 48)
        try run(harness, engine, ticks: 400, from: 10)
        let given = harness.inserterStatus.givenUp.rows
        #expect(given > 0)
        harness.target.refuse(Self.refused.tableName, nil)
        try harness.drain()
        #expect(try harness.missing() == given)
        #expect(harness.store.totals().sum().lost == [.refusedByStorage: given])
    }

    /// Too little memory, too many parts, a table that is made anew: the newest are lost, as with any server that takes nothing.
    @Test(arguments: [241, 252, 60]) func whatIsAboutTheServerGivesNothingUp(code: Int) throws {
        let (harness, engine) = try harness(code)
        try run(harness, engine, ticks: 400)
        #expect(harness.store.isNearlyFull)
        #expect(lost(harness).refused[.refusedByStorage] == nil && harness.inserterStatus.givenUp.isEmpty)
    }

    /// As `teltel spool drain` opens it: nothing more will come, so nobody needs the room.
    @Test func aSpoolThatIsOnlyDrainedGivesNothingUp() throws {
        let (harness, engine) = try harness(48)
        harness.target.refuse(HarnessTables.body, 48)
        try run(harness, engine, ticks: 400)
        #expect(harness.store.isNearlyFull && harness.inserterStatus.givenUp.isEmpty)
        harness.options.needsRoom = false
        try harness.restart()
        harness.target.refuse(HarnessTables.body, nil)
        let before = lost(harness).refused
        for _ in 0..<300 { try harness.tick(1_000) }
        #expect(harness.store.totals().contains { $0.key.table != Self.refused && $0.value.stored > 0 })
        #expect(lost(harness).refused == before && harness.inserterStatus.givenUp.isEmpty)
    }
}

private enum HarnessTables {
    static let body = TableKey(channel: "body", type: "state").tableName
}

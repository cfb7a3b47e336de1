import TeltelStorage
import TeltelTestSupport
import Testing

/// The same short story with a crash in every single file operation.
@Suite struct SpoolCrashTests {
    /// Room for five segments: logs are used up and used again all the time.
    static let logBytes = 24 << 10

    /// Two engines, two writers each; one ends early.
    static func story(_ harness: SpoolHarness, ticks: UInt64 = 9) throws {
        let first = harness.addEngine(0xA1)
        let second = harness.addEngine(0xB2)
        try harness.start()
        for tick in 0..<ticks {
            for row in 0..<(tick % 3 == 0 ? 60 : 7) as Range<UInt64> {
                harness.emit(first, writer: Int(row % 2), type: row % 3 == 0 ? 2 : 1, frame: tick * 100 + row)
                if tick < ticks / 2 { harness.emit(second, writer: Int(row % 2), type: 1, frame: tick * 100 + row) }
            }
            if tick == ticks / 2 { second.end() }
            try harness.tick()
        }
        first.end()
    }

    static func operations(chaos: Bool) throws -> Int {
        let harness = SpoolHarness(seed: 7, chaos: chaos, logBytes: logBytes)
        try story(harness)
        try harness.drain()
        try harness.requireAllStored()
        #expect(harness.finished.count == 2)
        return harness.files.operations
    }

    @Test func everyRowIsStoredOnceWithoutFaults() throws {
        #expect(try Self.operations(chaos: false) > 100)
        #expect(try Self.operations(chaos: true) > 100)
    }

    @Test(arguments: [false, true], [false, true]) func killedInEveryFileOperation(chaos: Bool, wholly: Bool) throws {
        for crash in 1...(try Self.operations(chaos: chaos)) {
            let harness = SpoolHarness(seed: 7, chaos: chaos, logBytes: Self.logBytes)
            harness.files.crash(after: crash, wholly: wholly)
            try Self.story(harness)
            try harness.drain()
            try harness.requireAllStored("killed in operation \(crash)")
        }
    }

    @Test func killedAgainWhileItRecovers() throws {
        let count = try Self.operations(chaos: true)
        for seed in 1...150 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let harness = SpoolHarness(seed: 7, chaos: true, logBytes: Self.logBytes)
            harness.files.crash(after: Int(random.next() % UInt64(count)) + 1, wholly: seed % 2 == 0)
            harness.crashesToCome = (0..<3).map { _ in Int(random.next() % 60) + 1 }
            try Self.story(harness)
            try harness.drain()
            try harness.requireAllStored("seed \(seed)")
        }
    }

    /// The rings go with the power. What was promised is stored; nothing is stored twice; the rest is accounted for.
    @Test(arguments: [false, true]) func powerLostInEveryFileOperation(chaos: Bool) throws {
        for crash in 1...(try Self.operations(chaos: chaos)) {
            let harness = SpoolHarness(seed: 7, chaos: chaos, logBytes: Self.logBytes)
            harness.losesPower = true
            harness.files.crash(after: crash, wholly: crash % 3 == 0)
            try Self.story(harness)
            try harness.drain()
            let comment: Comment = "power lost in operation \(crash)"
            _ = try harness.missing(comment)
            try #require(harness.promised.isSubset(of: Set(harness.target.rows.keys)), comment)
            let tally = harness.store.totals().sum()
            try #require(tally.stored == harness.target.rows.count, comment)
            try #require(tally.spooled == tally.stored + (tally.lost[.spoolDamaged] ?? 0), comment)
        }
    }
}

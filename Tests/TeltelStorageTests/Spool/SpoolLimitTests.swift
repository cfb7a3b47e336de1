import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// A spool that cannot take more gives up the newest rows and counts them; engines never wait.
@Suite struct SpoolLimitTests {
    private func fill(_ harness: SpoolHarness, _ engine: SyntheticInstance, ticks: UInt64, from first: UInt64 = 0) throws {
        for tick in first..<first + ticks {
            for row in 0..<80 as Range<UInt64> { harness.emit(engine, writer: Int(row % 2), type: 1, frame: tick * 100 + row) }
            try harness.tick()
        }
    }

    @Test func limitIsKeptAndRowsAreCounted() throws {
        let harness = SpoolHarness(seed: 5, limitBytes: 128 << 10)
        harness.target.isAway = true
        let engine = harness.addEngine(0xA1)
        try harness.start()
        try fill(harness, engine, ticks: 150)
        #expect(harness.refused == 0, "the engine was held up")
        #expect(harness.store.status().fileBytes <= 128 << 10)
        let lost = harness.store.totals().sum().lost[.spoolFull] ?? 0
        #expect(lost > 0)
        // The count survives a kill.
        try harness.restart()
        #expect(harness.store.totals().sum().lost[.spoolFull] == lost)
        harness.target.isAway = false
        try harness.drain()
        let tally = harness.store.totals().sum()
        #expect(try harness.missing() == tally.lost[.spoolFull])
        #expect(tally.stored + tally.lostTotal == harness.accepted.count)
        // With room again, everything is stored again.
        let before = try harness.missing()
        try fill(harness, engine, ticks: 20, from: 1_000)
        try harness.drain()
        #expect(try harness.missing() == before)
    }

    @Test(arguments: [28 as Int32, 5, 30]) func failingDiskIsSurvivedAndCounted(errno: Int32) throws {
        let harness = SpoolHarness(seed: 6)
        let engine = harness.addEngine(0xA1)
        try harness.start()
        try fill(harness, engine, ticks: 5)
        harness.files.failWrites(errno: errno)
        for tick in 0..<60 as Range<UInt64> {
            for row in 0..<80 as Range<UInt64> {
                harness.emit(engine, writer: Int(row % 2), type: 1, frame: 10_000 + tick * 100 + row)
            }
            harness.nowMs += 100
            try harness.read()
            // Fails for as long as the disk does, and says so.
            #expect(throws: StorageError.self) { _ = try harness.store.saveIndex(durable: true) }
            try harness.insert()
        }
        #expect(harness.refused == 0)
        harness.files.failWrites(errno: nil)
        try fill(harness, engine, ticks: 5, from: 2_000)
        try harness.drain()
        let tally = harness.store.totals().sum()
        #expect(tally.lost[errno == 28 ? .spoolFull : .diskError] ?? 0 > 0)
        #expect(try harness.missing() == tally.lostTotal)
        #expect(tally.stored + tally.lostTotal == harness.accepted.count)
        #expect(harness.store.status().lastError != nil)
    }

    @Test func logsAreUsedAgain() throws {
        let harness = SpoolHarness(seed: 8, limitBytes: 256 << 10)
        let engine = harness.addEngine(0xA1)
        try harness.start()
        try fill(harness, engine, ticks: 400)
        try harness.drain()
        try harness.requireAllStored()
        #expect(harness.store.status().fileBytes <= 192 << 10)
        let leftovers = harness.files.paths.filter { $0.hasPrefix("/spool/groups/") }
        #expect(leftovers.count < 40, "manifests pile up")
    }
}

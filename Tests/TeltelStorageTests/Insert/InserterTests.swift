import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// What the inserter tells the spool of what ClickHouse did.
@Suite struct InserterTests {
    @Test func rowsThatTheViewDoesNotShowAreNotStoredYet() throws {
        let harness = SpoolHarness(seed: 3)
        let engine = harness.addEngine(0xC1)
        try harness.start()
        harness.target.showsRows = false
        for frame in 0..<20 as Range<UInt64> { harness.emit(engine, writer: 0, type: 1, frame: frame) }
        for _ in 0..<100 { try harness.tick() }
        #expect(harness.target.rows.count == 20)
        #expect(harness.store.totals().sum().stored == 0)
        harness.target.showsRows = true
        try harness.drain()
        try harness.requireAllStored()
    }

    @Test func smallBlocksAreSentAsOne() throws {
        let harness = SpoolHarness(seed: 4)
        let engine = harness.addEngine(0xC2)
        try harness.start()
        harness.target.isAway = true
        // A segment each time: the rows have waited long enough.
        for frame in 0..<30 as Range<UInt64> {
            harness.emit(engine, writer: 0, type: 1, frame: frame)
            try harness.tick(600)
        }
        harness.target.isAway = false
        try harness.drain()
        try harness.requireAllStored()
        let (blocks, rows) = (harness.target.blocks, harness.target.requests.map(\.rows))
        #expect(blocks.allSatisfy { $0 == 1 })
        #expect(rows.contains { $0 > 10 })
    }

    @Test func countsAreForgottenOnlyWhenTheyAreWrittenDown() throws {
        let harness = SpoolHarness(seed: 5)
        let runs = SpoolStore.finishedMax + 20
        try harness.start()
        for id in 1...UInt64(runs) {
            let engine = harness.addEngine(id)
            harness.emit(engine, writer: 0, type: 1, frame: 0)
            engine.end()
        }
        try harness.drain()
        // Their rings are gone before anybody has asked how much of them is stored.
        harness.store.forget(present: [])
        let (totals, final) = harness.store.totalsAndFinal()
        #expect(totals.sum().stored == runs && final.count == runs)
        harness.store.noteWritten(final)
        harness.store.forget(present: [])
        #expect(harness.store.totals().sum().stored == SpoolStore.finishedMax)
    }
}

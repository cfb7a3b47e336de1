import TeltelEvents
import TeltelRings
import TeltelStorage
import TeltelTestSupport
import Testing

/// Rings on the way into segments.
@Suite struct SpoolReaderTests {
    @Test func segmentsAreWrittenByRowsByAgeAndByFill() throws {
        let harness = SpoolHarness(seed: 1)
        let engine = harness.addEngine(0xA1, ringBytes: 64 << 10)
        harness.rules.rows = 100
        try harness.start()
        func segments() -> Int { harness.store.status().segmentsEver }
        func look(_ ms: UInt64) throws {
            harness.nowMs += ms
            try harness.read()
        }
        for row in 0..<10 as Range<UInt64> { harness.emit(engine, writer: 0, type: 2, frame: row) }
        try look(1)
        #expect(segments() == 0)
        #expect(engine.released(0) == 0)
        try look(499)
        #expect(segments() == 0)
        try look(1)
        #expect(segments() == 1)
        #expect(engine.released(0) == engine.head(0))
        // By rows: estimated from the last segment's.
        for row in 0..<100 as Range<UInt64> { harness.emit(engine, writer: 0, type: 2, frame: 100 + row) }
        try look(1)
        #expect(segments() == 2)
        // By fill: a quarter of the ring.
        let wide = engine.define(.init("wide", "row", (0..<200).map { ("f\($0)", .f64) }))
        for row in 0..<11 as Range<UInt64> { engine.emit(1, wide, frame: row, [UInt8](repeating: 1, count: 1_600)) }
        try look(1)
        #expect(segments() == 3)
        // By the run's end.
        harness.emit(engine, writer: 0, type: 2, frame: 300)
        engine.end()
        try harness.step { $0.source.lookAround() }
        try look(1)
        #expect(segments() == 4)
    }

    @Test func backlogIsReleasedPieceByPiece() throws {
        let harness = SpoolHarness(seed: 1)
        let engine = harness.addEngine(0xA1, ringBytes: 16 << 10)
        try harness.start()
        var row: UInt64 = 0
        while harness.refused == 0 {
            harness.emit(engine, writer: 0, type: 1, frame: row)
            row += 1
        }
        try harness.read()
        // Less than a quarter may wait for its time.
        #expect(engine.head(0) - engine.released(0) <= 4_096)
        #expect(harness.store.status().segmentsEver >= 3)
        try harness.drain()
        try harness.requireAllStored()
    }

    @Test func ingestRowsGoToTheirStreams() throws {
        let harness = SpoolHarness(seed: 1)
        try harness.start()
        let ingest = SyntheticInstance(in: harness.home.path, id: 0xEE, isIngest: true)
        let first = ingest.addStream(RunKey(runID: "web", sourceID: "s"), channel: "c", type: "t")
        let second = ingest.addStream(RunKey(runID: "other", sourceID: "s"), channel: "c", type: "u")
        for row in 0..<30 as Range<UInt64> {
            ingest.emit(
                0, stream: row % 3 == 0 ? second : first, frame: row, tags: "{\"a\":\"b\"}", json: "{\"x\":\(row),\"s\":\"t\"}")
        }
        ingest.emit(0, stream: first, frame: 99, json: "this is no JSON")
        ingest.end()
        try harness.step { $0.source.lookAround() }
        try harness.drain()
        #expect(harness.target.rows.count == 30)
        #expect(harness.target.owners.values.filter { $0.run.runID == "other" }.count == 10)
        let tally = harness.store.totals(RunKey(runID: "web", sourceID: "s")).sum()
        #expect(tally.stored == 20)
        #expect(tally.lost == [.malformed: 1])
        try harness.keep()
        #expect(harness.finished == [ingest.id])
    }

    @Test func ringsThatLieArePutAsideAndTheOthersGoOn() throws {
        let harness = SpoolHarness(seed: 1)
        let good = harness.addEngine(0xA1)
        try harness.start()
        let bad = SyntheticInstance(in: harness.home.path, id: 0xBB, writers: 1)
        bad.define(SpoolHarness.wheel)
        let kept = [
            bad.emit(0, 1, frame: 1, [UInt8](repeating: 1, count: 8)), bad.emit(0, 1, frame: 2, [UInt8](repeating: 1, count: 8)),
        ]
        let place = bad.dataOffset(0) + Int(bad.head(0))
        bad.emit(0, 1, frame: 3, [UInt8](repeating: 1, count: 8))
        bad.scribble(0, [0xFF, 0xFF, 0xFF, 0x7F], at: place)
        try harness.step { $0.source.lookAround() }
        for row in 0..<50 as Range<UInt64> { harness.emit(good, writer: 0, type: 1, frame: row) }
        try harness.drain()
        let stored = harness.target.rows.keys
        #expect(stored.filter { $0.ring.instance == good.id }.count == 50)
        #expect(stored.filter { $0.ring.instance == bad.id }.count == kept.count)
        try harness.step { #expect($0.source.quarantined.count == 1) }
    }

    /// Pauses, ages and orders are none of the wall clock's; rows carry what it said.
    @Test func wallClockMayJump() throws {
        let harness = SpoolHarness(seed: 1)
        harness.nowMs = 1_000_000_000
        let engine = harness.addEngine(0xA1)
        try harness.start()
        for (tick, hours) in [0, 24, -24, 48, 0, -200].enumerated() as EnumeratedSequence<[Int64]> {
            harness.wallOffsetMs = hours * 3_600_000
            for row in 0..<30 as Range<UInt64> { harness.emit(engine, writer: 0, type: 1, frame: UInt64(tick) * 100 + row) }
            let segments = harness.store.status().segmentsEver
            for _ in 0..<6 { try harness.tick() }
            #expect(harness.store.status().segmentsEver > segments, "written by its age")
            if tick == 3 { try harness.restart() }
        }
        try harness.drain()
        try harness.requireAllStored()
    }

    @Test func marksFollowTheRows() throws {
        let harness = SpoolHarness(seed: 1)
        harness.target.isAway = true
        let engine = harness.addEngine(0xA1)
        try harness.start()
        for row in 0..<50 as Range<UInt64> { harness.emit(engine, writer: 1, type: 1, frame: row) }
        for _ in 0..<6 { try harness.tick() }
        var marks = try #require(harness.store.marks(engine.id)[1])
        #expect(marks.spooled == engine.head(1))
        #expect(marks.stored == 0)
        harness.target.isAway = false
        try harness.drain()
        marks = try #require(harness.store.marks(engine.id)[1])
        #expect(marks.stored == engine.head(1))
    }
}

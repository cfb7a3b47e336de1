import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// Bytes that come back changed are put aside and counted; everything else goes on.
@Suite struct SpoolDamageTests {
    /// A spool with segments that nobody has fetched yet, because ClickHouse is away.
    static func filled(seed: UInt64 = 3, ticks: UInt64 = 12) throws -> SpoolHarness {
        let harness = SpoolHarness(seed: seed)
        harness.target.isAway = true
        let engine = harness.addEngine(0xA1)
        try harness.start()
        for tick in 0..<ticks {
            for row in 0..<40 as Range<UInt64> {
                harness.emit(engine, writer: Int(row % 2), type: row % 3 == 0 ? 2 : 1, frame: tick * 100 + row)
            }
            try harness.tick()
        }
        try harness.keep()
        return harness
    }

    /// Stored or counted: nothing else may become of a row.
    static func requireConservation(_ harness: SpoolHarness, _ comment: Comment) throws {
        let missing = try harness.missing(comment)
        let tally = harness.store.totals().sum()
        try #require(tally.stored == harness.target.rows.count, comment)
        try #require(tally.spooled == tally.stored + tally.lostTotal, comment)
        // A header that cannot be read says nothing about its rows: then the segment is counted, its rows cannot be.
        let unknown = missing - tally.lostTotal
        try #require(unknown == 0 || (unknown > 0 && harness.store.status().damage.segments > 0), comment)
    }

    static func logPath(_ harness: SpoolHarness) throws -> String {
        try #require(harness.files.paths.first { $0.hasPrefix("/spool/log-") })
    }

    @Test func flippedBitsAreFoundAndCounted() throws {
        for seed in 1...120 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let harness = try Self.filled()
            let path = try Self.logPath(harness)
            try harness.restart {
                harness.files.change(path) { bytes in
                    let used = 30_000
                    for _ in 0..<(1 + random.next() % 3) {
                        let at = Int(random.next() % UInt64(used))
                        bytes[at] ^= 1 << UInt8(random.next() % 8)
                    }
                }
            }
            harness.target.isAway = false
            try harness.drain()
            try Self.requireConservation(harness, "seed \(seed)")
        }
    }

    @Test func cutLogsAreFoundAndCounted() throws {
        for cut in stride(from: 0, to: 32_000, by: 977) {
            let harness = try Self.filled()
            let path = try Self.logPath(harness)
            try harness.restart {
                harness.files.change(path) { $0 = Array($0[..<cut]) }
            }
            harness.target.isAway = false
            try harness.drain()
            _ = try harness.missing("cut at \(cut)")
            #expect(harness.store.status().damage.logs == (cut == 0 ? 0 : 1), "cut at \(cut)")
        }
    }

    @Test func damageWhileRunningIsFoundBeforeSending() throws {
        let harness = try Self.filled()
        let path = try Self.logPath(harness)
        let segments = harness.store.status().segmentsEver
        let frame = try #require(harness.files.contents(path)?.firstIndex(of: 0xB5))
        // The first byte of zstd's magic number, 28 B5 2F FD: the first frame of the first segment.
        harness.files.change(path) { $0[frame + 40] ^= 0x10 }
        harness.target.isAway = false
        try harness.drain()
        try Self.requireConservation(harness, "running")
        let tally = harness.store.totals().sum()
        #expect(segments > 2)
        #expect((tally.lost[.spoolDamaged] ?? 0) > 0)
        #expect(harness.store.status().damage.segments == 1)
    }

    @Test func foreignFutureAndEmptyLogsArePutAside() throws {
        let harness = try Self.filled()
        var future = LogHeader(serial: 5, order: 9, bytes: 64 << 10).encode() + [UInt8](repeating: 0, count: 60 << 10)
        future[8] = 2
        try harness.restart {
            harness.files.place("/spool/log-77", Array("this is no log file of ours".utf8) + [UInt8](repeating: 7, count: 5_000))
            harness.files.place("/spool/log-78", future)
            harness.files.place("/spool/log-79", [])
            harness.files.place("/spool/log-80", [UInt8](repeating: 0, count: 64 << 10))
        }
        harness.target.isAway = false
        try harness.drain()
        try harness.requireAllStored("strangers")
        #expect(harness.store.status().damage.logs == 2)
        #expect(harness.files.paths.filter { $0.hasPrefix("/spool/quarantine/log-") }.count == 2)
        #expect(!harness.files.paths.contains("/spool/log-80"))
    }

    @Test func segmentsOfLaterVersionsAreKeptAndNotWrittenOver() throws {
        let harness = try Self.filled()
        let path = try Self.logPath(harness)
        try harness.restart {
            // The version of the first segment, behind the log's header page.
            harness.files.change(path) { $0[4_096 + 16] = 9 }
        }
        harness.target.isAway = false
        try harness.drain()
        _ = try harness.missing("future")
        #expect(harness.store.status().damage.segments >= 1)
        try harness.keep()
        #expect(harness.files.paths.contains { $0.hasPrefix("/spool/quarantine/log-") })
    }

    @Test func swappedSegmentsDoNotPassForEachOther() throws {
        let harness = try Self.filled()
        let path = try Self.logPath(harness)
        try harness.restart {
            harness.files.change(path) { bytes in
                let first = Array(bytes[4_096..<8_192])
                let second = Array(bytes[8_192..<12_288])
                bytes.replaceSubrange(4_096..<12_288, with: second + first)
            }
        }
        harness.target.isAway = false
        try harness.drain()
        try Self.requireConservation(harness, "swapped")
        #expect(harness.store.status().damage.segments > 0)
    }

    /// The token under which its rows were sent is lost with a manifest: rows are counted in ClickHouse before they are sent.
    @Test func damagedManifestsDoubleNothing() throws {
        for answer in [ScriptedTarget.Answer.loseAnswer, .breakOff] {
            let harness = try Self.filled()
            harness.target.isAway = false
            harness.target.script([answer])
            harness.nowMs += 5_000
            for _ in 0..<4 { _ = harness.inserter.step(nowMs: harness.nowMs) }
            let manifests = harness.files.paths.filter { $0.hasSuffix(".group") }
            #expect(!manifests.isEmpty)
            try harness.restart {
                for path in manifests { harness.files.change(path) { $0[$0.count / 2] ^= 1 } }
            }
            harness.target.forgetTokens()
            try harness.drain()
            try harness.requireAllStored("\(answer)")
            #expect(harness.store.status().damage.manifests == manifests.count)
        }
    }

    @Test func damagedIndexCopiesLeaveOneToGoOnWith() throws {
        for copies in [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]] {
            let harness = try Self.filled()
            harness.target.isAway = false
            try harness.drain()
            try harness.restart {
                for copy in copies { harness.files.change("/spool/index-\(copy)") { if !$0.isEmpty { $0[$0.count - 1] ^= 1 } } }
            }
            for row in 0..<20 as Range<UInt64> { harness.emit(harness.engines[0], writer: 0, type: 1, frame: 5_000 + row) }
            try harness.drain()
            #expect(try harness.missing("copies \(copies)") == 0)
        }
    }
}

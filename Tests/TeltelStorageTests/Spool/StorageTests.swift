import Foundation
import TeltelEvents
import TeltelRings
import TeltelStorage
import TeltelTestSupport
import Testing

/// The whole storage side on real files, with the real embedded ClickHouse and all threads.
@Suite(.serialized) struct StorageTests {
    static let hasEngine = HostFiles(dataDirectory: "/tmp", payloadDirectory: "/tmp").library != nil

    private final class Place {
        let rings = RingHome()
        let data = "/tmp/teltel-storage-\(UUID().uuidString)"
        var engines: [SyntheticInstance] = []
        var accepted = 0

        deinit {
            // Nothing depends on it.
            try? FileManager.default.removeItem(atPath: data)
        }

        func open(url: String? = nil) throws -> (Storage, RingDirectory) {
            let options = StorageOptions(
                dataDirectory: data, clickHouse: url.map { ClickHouseServer(url: $0) }, spoolLimitBytes: 256 << 20,
                bootID: SyntheticInstance.bootID)
            let storage = try Storage(options)
            let source = try RingDirectory(
                path: rings.path, waitsForSpool: true, naming: { run, _ in RunKey(runID: run.runID, sourceID: run.sourceID) })
            source.lookAround()
            storage.start(source)
            return (storage, source)
        }

        func emit(_ rows: Int) {
            for row in 0..<rows {
                let payload = withUnsafeBytes(of: Double(row).bitPattern) { Array($0) }
                if engines[0].emit(row % 2, 1, frame: UInt64(row), simTime: Double(row) / 100, payload) != nil { accepted += 1 }
            }
        }
    }

    private func wait(seconds: Double = 60, _ what: Comment, until condition: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try !condition() {
            try #require(ContinuousClock.now < deadline, what)
            usleep(10_000)
        }
    }

    private func count(_ storage: Storage) throws -> [Int] {
        let sql = "SELECT count(), uniqExact(frame_index) FROM teltel.telemetry_events WHERE run_id = {run:String}"
        let answer = try storage.query(sql, ["run": "run-1"], format: "TSV")
        return String(decoding: answer, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    }

    @Test(.enabled(if: hasEngine)) func rowsGoFromRingsToTheDatabaseAcrossRestarts() throws {
        let place = Place()
        let engine = SyntheticInstance(in: place.rings.path, id: 0x5707, runID: "run-1", writers: 2, ringBytes: 1 << 20)
        engine.define(SpoolHarness.wheel)
        place.engines = [engine]
        var (storage, source) = try place.open()
        place.emit(20_000)
        try wait("first rows stored") { storage.totals().sum().stored == place.accepted }
        #expect(storage.status().state == .ok)
        // More rows, and an orderly end in the middle of them.
        place.emit(5_000)
        storage.stop(patience: .seconds(20))
        #expect(storage.totals().sum().stored == place.accepted)
        (storage, source) = try place.open()
        place.emit(5_000)
        engine.end()
        source.lookAround()
        try wait("all rows stored") { storage.totals().sum().stored == place.accepted }
        #expect(try count(storage) == [place.accepted, 20_000])
        #expect(storage.status().spool.damage == DamageCount())
        try wait("ring files released") {
            source.liveFinished(engine.id)
            source.lookAround()
            return source.instances.isEmpty
        }
        storage.stop(patience: .seconds(5))
    }

    @Test func withoutClickHouseRowsWaitInTheSpool() throws {
        let place = Place()
        let engine = SyntheticInstance(in: place.rings.path, id: 0x5708, runID: "run-1", writers: 2, ringBytes: 1 << 20)
        engine.define(SpoolHarness.wheel)
        place.engines = [engine]
        // Nothing listens on the discard port.
        let (storage, _) = try place.open(url: "http://127.0.0.1:9/")
        place.emit(3_000)
        try wait("rows spooled") { storage.totals().sum().spooled == place.accepted }
        try wait("state told") { storage.status().state == .connecting && storage.status().inserter.reachError != nil }
        #expect(engine.released(0) == engine.head(0))
        storage.stop(patience: .milliseconds(200))
        #expect(storage.totals().sum().stored == 0)
        #expect(storage.status().spool.segmentsWaiting > 0)
    }
}

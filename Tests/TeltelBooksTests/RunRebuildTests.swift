/// What becomes of a run whose record is lost, from what storage says.
import TeltelBooks
import TeltelControl
import TeltelEvents
import TeltelRuns
import TeltelStorage
import Testing

struct RunRebuildTests {
    private func row(_ status: String, reason: String? = nil, events: UInt64 = 5, isFinal: Bool = true) -> RunMetadata {
        RunMetadata(
            runID: "run", startedAt: 100, endedAt: 200, totalEvents: events, totalFrames: isFinal ? 3 : 0, maxFrameIndex: 9,
            sourceID: "s",
            config: "{}", engineVersion: "1", seed: 4, status: status, endReason: reason, tags: #"{"key":"value"}"#,
            receivedAt: 101,
            updatedAt: 201)
    }
    private let types = [
        StoredType(sourceID: "s", channel: "c", type: "t", rows: 4, firstFrame: 0, lastFrame: 1 << 40, lastSimTime: 0.5),
        StoredType(sourceID: "other", channel: "c", type: "u", rows: 1, firstFrame: 2, lastFrame: 2, lastSimTime: 0.1),
    ]

    @Test func aFinalRowIsTheWholeTruth() {
        let record = RunRecord(row("completed"), types, isOurs: false)
        #expect(record.accepted == 5 && record.storedEvents == 5 && record.isAccountedFor && record.isRecorded)
        #expect(
            record.status == .completed && record.startedMs == 100_000 && record.endedMs == 200_000 && record.orderMs == 101_000)
        #expect(record.lastFrame == 1 << 40 && record.lastSimTime == 0.5 && record.seed == 4 && record.engineVersion == "1")
        #expect(record.tags == ["key": "value"] && record.config.isEmpty && record.orderedSources == ["s", "other"])
        // Whoever posts to it again has another run.
        #expect(record.endedSources == ["s", "other"])
    }

    @Test func eventsWhoseTypesAreGoneAreCountedAllTheSame() {
        let record = RunRecord(row("completed", events: 9), types, isOurs: false)
        #expect(record.accepted == 9 && record.storedEvents == 5)
    }

    @Test(arguments: [true, false]) func aRunThatWentOnHasFailed(isOurs: Bool) {
        let record = RunRecord(row("running", isFinal: false), types, isOurs: isOurs)
        #expect(record.status == .failed && record.endReason == RunRegistry.hostRestarted)
        // It may be another collector's: then nothing is written about it.
        #expect(record.isRecorded == !isOurs && record.accepted == 5)
    }

    @Test func whoFellSilentMayGoOn() {
        let record = RunRecord(row("failed", reason: RunRegistry.silence), types, isOurs: true)
        #expect(record.endedSources == [] && record.status == .failed)
    }
}

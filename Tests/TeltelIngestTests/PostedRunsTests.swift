import TeltelEvents
import TeltelIngest
import Testing

@Suite struct PostedRunsTests {
    private let run = RunKey(runID: "drive", sourceID: "engine")

    @Test func `a run that begins again after its end has another name`() {
        let posted = PostedRuns(lateMs: 1_000, hasEnded: { _ in false })
        #expect(posted.name(run, .start, nowMs: 0).shown == "drive")
        posted.ended(run, nowMs: 10)
        // What is late still belongs to it.
        let late = posted.name(run, .other, nowMs: 1_010)
        #expect(late.shown == "drive" && late.endedMs == 10)
        #expect(posted.name(run, .start, nowMs: 20).shown == "drive~2")
        #expect(posted.name(run, .other, nowMs: 30).shown == "drive~2")
        posted.ended(run, nowMs: 40)
        #expect(posted.name(run, .other, nowMs: 1_041).shown == "drive~3")
    }

    @Test func `runs that ended before the collector started are known from the registry`() {
        let posted = PostedRuns(lateMs: 1_000, hasEnded: { ["drive", "drive~2"].contains($0.runID) })
        #expect(posted.name(run, .other, nowMs: 0).shown == "drive~3")
        #expect(posted.name(RunKey(runID: "other", sourceID: "engine"), .other, nowMs: 0).shown == "other")
    }

    @Test func `sources end each for themselves`() {
        let posted = PostedRuns(lateMs: 1_000, hasEnded: { _ in false })
        let second = RunKey(runID: "drive", sourceID: "controller")
        _ = posted.name(run, .start, nowMs: 0)
        posted.ended(run, nowMs: 1)
        #expect(posted.name(second, .start, nowMs: 2).shown == "drive")
    }

    @Test func `a removed run's name is free again`() {
        let posted = PostedRuns(lateMs: 1_000, hasEnded: { _ in false })
        _ = posted.name(run, .start, nowMs: 0)
        posted.ended(run, nowMs: 1)
        posted.forget("drive")
        #expect(posted.name(run, .start, nowMs: 2).shown == "drive")
    }
}

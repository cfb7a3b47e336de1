/// Questions to stored runs.
import TeltelHTTP

enum AnalysisEndpoints {
    static let explain = Parameter("explain", "1: answers the statement and its parameters, and runs nothing", .flag)
    static let runID = Parameter("runId", "the run's id", isRequired: true)
    static let anyRunID = Parameter("runId", "only this run; default: all")
    static let sourceID = Parameter("sourceId", "the source's id", isRequired: true)
    static let anySourceID = Parameter("sourceId", "only of this source; default: all")
    static let eventType = Parameter("eventType", "the event's type; it may be empty", isRequired: true)
    static let jsonPath = Parameter(
        "jsonPath", "the value in the payload, dotted: pos.x, gear[2]; it may be empty", isRequired: true)
    static let channel = Parameter("channel", "only this channel; default: any")
    static let key = Parameter("key", "only this instance of a type with key fields; default: all")
    static let points = Parameter("points", "about so many rows at most; default: every row", .integer(2...10_000_000))
    static let fromFrame = Parameter("fromFrame", "the first frame; default: the run's first", .frame)
    static let toFrame = Parameter("toFrame", "the last frame; default: the run's last", .frame)
    static let fromTime = Parameter("fromTime", "simulated seconds: the earliest; default: the run's first", .number(nil))
    static let toTime = Parameter("toTime", "simulated seconds: the latest; default: the run's last", .number(nil))
    static let wallTime = Parameter("wallTime", "1: with the column wall_time_ms", .flag)
    static let status = Parameter("status", "one or more, separated by commas; default: any")
    static let daysBack = Parameter(
        "daysBack", "runs that the collector first heard of since then; default: 30", .integer(0...36_500))

    static let anyEventType = Parameter("eventType", "only of this type; it may be empty; default: all")

    static let range = [fromFrame, toFrame, fromTime, toTime]
    /// Of one type, whose source may stay open.
    static let ofType = [runID, eventType, anySourceID, channel, key] + range
    static let ofValue = ofType + [jsonPath]
    /// Of all types.
    static let ofRun = [runID, anySourceID, channel, anyEventType] + range
    private static let ofSeries = [runID, sourceID, eventType, jsonPath, channel, key] + range + [explain]

    static func rows(_ meaning: String) -> Endpoint.Answer {
        .init("one JSON object per line: \(meaning)", mediaType: "application/json")
    }

    static let runs = Endpoint(
        .get, "/api/analysis/runs", "stored runs", parameters: [anySourceID, status, daysBack, explain],
        answer: rows("the newest received first"))
    static let run = Endpoint(
        .get, "/api/analysis/run/{id+}", "one stored run", parameters: [explain], answer: rows("one"))
    static let series = Endpoint(
        .get, "/api/analysis/series", "one value over the frames of a stored run", parameters: ofSeries + [points, wallTime],
        answer: rows("frame_index, sim_time, value and what is asked for, by frame"))
    static let summary = Endpoint(
        .get, "/api/analysis/summary", "what such a value comes to", parameters: ofSeries,
        answer: rows("key, count, finite, min, max, mean, first, last"))
    static let texts = Endpoint(
        .get, "/api/analysis/texts", "the newest text of a stored run", parameters: ofSeries,
        answer: rows("key, frame_index, sim_time, value"))
    static let sizes = Endpoint(
        .get, "/api/analysis/sizes", "what runs take on disk", parameters: [anyRunID, explain],
        answer: rows("run_id, rows, bytes_on_disk"))
    static let fields = Endpoint(
        .get, "/api/analysis/fields", "which values of a run can be asked for", parameters: [runID, anySourceID],
        answer: rows("channel, type, field, kind"))
    static let statement = Endpoint(
        .get, "/api/analysis/sql/{id}", "the SQL of an answer", answer: .init("the statement", mediaType: "text/plain"))
    static let all =
        [
            runs, runsByTag, run, series, multiSeries, summary, texts, outliers, spikes, nan, correlation, buckets, histogram,
            quantiles,
        ]
        + [stats, frames, frameEnd, at, events, schema, sizes, fields, statement]
}

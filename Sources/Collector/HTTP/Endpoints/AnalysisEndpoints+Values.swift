/// Questions to values and to events of stored runs.
import TeltelHTTP

/// The contract's helpers, and what goes beyond them.
extension AnalysisEndpoints {
    private static func values(_ name: String, _ meaning: String, _ more: [Parameter] = [], _ answer: String) -> Endpoint {
        Endpoint(
            .get, PathTemplate("/api/analysis/\(name)"), meaning, parameters: ofValue + more + [explain],
            answer: rows("\(answer); source_id and key where the question leaves them open"))
    }

    static let min = Parameter("min", "smaller values are outliers; min or max must be there", .number(nil))
    static let max = Parameter("max", "larger values are outliers", .number(nil))
    static let outliers = values(
        "outliers", "values outside of bounds", [min, max], "frame_index, sim_time, value")

    static let threshold = Parameter(
        "threshold", "the largest step that is none", .number(0...Double.greatestFiniteMagnitude), isRequired: true)
    static let spikes = values(
        "spikes", "steps of a value that are larger than a threshold", [threshold], "frame_index, value, prev_value, delta")

    static let nan = values(
        "nan", "where a value is NaN or infinite", [], "frame_index, sim_time, type, payload, value")

    static let bucketCount = Parameter(
        "buckets", "about so many rows at most; default: 1000", .integer(1...1_000_000))
    static let buckets = values(
        "buckets", "a value reduced to stretches of frames, without losing what matters", [bucketCount],
        "from_frame, to_frame, from_time, to_time, count, missing, nan, infinite, and first, last, min and max with their frames")

    static let bins = Parameter("bins", "so many bins; default: 20", .integer(1...10_000))
    static let low = Parameter("low", "where the bins begin; default: the smallest value", .number(nil))
    static let high = Parameter("high", "where the bins end; default: the largest value", .number(nil))
    static let histogram = values("histogram", "how often a value is how large", [bins, low, high], "bin, low, high, count")

    static let levels = Parameter(
        "levels",
        "from 0, the smallest value, to 1, the largest, separated by commas; default: 0,0.01,0.05,0.25,0.5,0.75,0.95,0.99,1")
    static let quantiles = values("quantiles", "quantiles of a value", [levels], "quantile, value, count")

    static let jsonPath1 = Parameter("jsonPath1", "the first value; it may be empty", isRequired: true)
    static let jsonPath2 = Parameter("jsonPath2", "the second value; it may be empty", isRequired: true)
    static let coefficient = Parameter("coefficient", "1: only how many pairs there are, and Pearson's coefficient", .flag)
    static let correlation = Endpoint(
        .get, "/api/analysis/correlation", "two values of the same events",
        parameters: ofType + [jsonPath1, jsonPath2, coefficient, explain],
        answer: rows("frame_index, value1, value2, product; or count, pearson"))

    static let jsonPaths = Parameter("jsonPath", "a value, as often as values are wanted, at most 64", .texts, isRequired: true)
    static let eventTypes = Parameter("eventType", "the type of all values, or of each in their order", .texts, isRequired: true)
    static let sourceIDs = Parameter("sourceId", "the source of all values, or of each; default, or empty: any", .texts)
    static let channels = Parameter("channel", "the channel of all values, or of each; default, or empty: any", .texts)
    static let keys = Parameter("key", "the instance of all values, or of each; default: all", .texts)
    static let multiSeries = Endpoint(
        .get, "/api/analysis/multi-series", "several values over the frames of a stored run",
        parameters: [runID, eventTypes, jsonPaths, sourceIDs, channels, keys] + range + [explain],
        answer: rows("frame_index, sim_time, a column for each value; type, source_id and key where values differ in them"))
}

extension AnalysisEndpoints {
    static let tag = Parameter("key", "the tag; it may be empty", isRequired: true)
    static let tagValue = Parameter("value", "what it says; default: anything")
    static let runsByTag = Endpoint(
        .get, "/api/analysis/runs-by-tag", "stored runs that have a tag", parameters: [tag, tagValue, explain],
        answer: rows("run_id, started_at, status, tags; the newest received first"))

    static let stats = Endpoint(
        .get, "/api/analysis/stats", "how many events stored runs have, and when",
        parameters: [anyRunID] + ofRun.dropFirst() + [explain],
        answer: rows(
            "run_id, total_events, min_frame, max_frame, frame_range, min_sim_time, max_sim_time, sim_duration"))
    static let frames = Endpoint(
        .get, "/api/analysis/frames", "how many events of which type each frame of a run has", parameters: ofRun + [explain],
        answer: rows("run_id, frame_index, type, events_count"))
    static let frameEnd = Endpoint(
        .get, "/api/analysis/frame-end", "metrics of a run's frames",
        parameters: [runID, anySourceID, channel] + range + [explain],
        answer: rows("frame_index, sim_time, dt, substeps, cpu_time_ms"))

    static let frame = Parameter("frame", "the frame", .frame, isRequired: true)
    static let at = Endpoint(
        .get, "/api/analysis/at", "what holds at a frame: the newest event of each type up to there",
        parameters: [runID, frame, anySourceID, channel, anyEventType, explain],
        answer: rows("channel, type, source_id, key, frame_index, is_at_frame, sim_time, wall_time_ms, payload"))

    static let limit = Parameter("limit", "so many events at most; default: 1000", .integer(1...100_000))
    static let after = Parameter("after", "the `next` of an answer: what comes behind it")
    static let events = Endpoint(
        .get, "/api/analysis/events", "events of a stored run, in parts", parameters: ofRun + [limit, after, explain],
        answer: .init("events, truncated, next"))

    static let schema = Endpoint(
        .get, "/api/analysis/schema", "what a run is made of", parameters: ofRun + [explain],
        answer: rows(
            "channel, type, source_id, count, first_frame, last_frame, first_sim_time, last_sim_time, fields"))
}

/// Questions to two runs.
import TeltelHTTP

enum CompareEndpoints {
    static let runID1 = Parameter(
        "runId1", "the first run's id: the reference; or baseline:NAME, or baseline:auto", isRequired: true)
    static let runID2 = Parameter("runId2", "the second run's id", isRequired: true)
    static let jsonPath = Parameter(
        "jsonPath", "rows with both runs' values at this path, dotted, instead of the document; needs eventType and sourceId")
    static let mode = Parameter("mode", "bits, ulp or tolerance; default: what the bounds are for, without any bits")
    static let ulp = Parameter("ulp", "floats may be so many units in the last place apart")
    static let absolute = Parameter("absolute", "numbers may be so far apart", .number(0...Double.greatestFiniteMagnitude))
    static let relative = Parameter(
        "relative", "numbers may be so far apart, as a part of the reference's magnitude",
        .number(0...Double.greatestFiniteMagnitude))
    static let nominal = Parameter(
        "nominal", "with relative: the usual magnitude, where the reference's is smaller",
        .number(0...Double.greatestFiniteMagnitude))
    static let rules = Parameter("rules", "a file of rules, as JSON: see answers.md")
    static let field = Parameter(
        "field", "only this field, dotted, with * for any characters; several times for several; default: all")
    static let offset = Parameter(
        "offset", "frame 0 of the first run is this frame of the second; default: 0",
        .integer(-1_000_000_000_000...1_000_000_000_000))
    static let overlap = Parameter("overlap", "1: only frames that both runs have come to", .flag)
    static let persistence = Parameter(
        "persistence", "a difference of so many frames in a row is persistent; default: 10", .integer(1...1_000_000))

    /// A target has no room for more.
    static let rulesBytesMax = 1 << 20

    static let depth = Parameter("depth", "first: nothing is said about what comes behind the first difference")

    private static let question =
        [
            runID1, runID2, AnalysisEndpoints.anyEventType, AnalysisEndpoints.anySourceID, AnalysisEndpoints.channel,
            AnalysisEndpoints.fromFrame, AnalysisEndpoints.toFrame,
        ] + [mode, ulp, absolute, relative, nominal, rules, field, offset, overlap, persistence]

    static let compare = Endpoint(
        .get, "/api/analysis/compare", "whether two runs have the same data, and all that differs",
        parameters: question + [depth, jsonPath],
        answer: .init(
            "verdict, first difference, fields that differ, what was compared; with Accept: application/x-ndjson lines of progress come first; with jsonPath frame_index, sim_time_1, sim_time_2, value_1, value_2, diff by frame",
            mediaType: "application/json"))
    static let compareByRules = Endpoint(
        .post, "/api/analysis/compare", "the same by rules that are too long for a parameter", parameters: question + [depth],
        body: .init("application/json", bytesMax: rulesBytesMax, isRequired: false, "a file of rules"),
        answer: .init("as of GET", mediaType: "application/json"))
    static let firstDivergence = Endpoint(
        .get, "/api/analysis/first-divergence", "where two runs first differ", parameters: question,
        answer: .init(
            "verdict, the first frame that differs and all fields that differ in it, what was compared; of runs that are not complete, as far as they are stored",
            mediaType: "application/json"))
    static let sameAs = Endpoint(
        .get, "/api/analysis/same-as", "which runs have the same data", parameters: [AnalysisEndpoints.runID],
        answer: .init("the run's fingerprint, and the runs that have the same", mediaType: "application/json"))
    static let runIDs = Parameter("runId", "a run's id; once for each run that is compared with the others", isRequired: true)
    static let groups = Endpoint(
        .get, "/api/analysis/groups", "which of some runs have the same data, and where the others part from them",
        parameters: [runIDs],
        answer: .init("sets of equal runs, and the tree of where runs part", mediaType: "application/json"))
    static let groupsOfMany = Endpoint(
        .post, "/api/analysis/groups", "the same of runs that are too many for parameters",
        body: .init("application/json", bytesMax: rulesBytesMax, "runIds: an array of run ids"),
        answer: .init("as of GET", mediaType: "application/json"))
    static let fingerprints = Endpoint(
        .get, "/api/analysis/fingerprints", "one number for all data of each run", parameters: [runIDs],
        answer: .init("a fingerprint of each run, or why there is none", mediaType: "application/json"))
    static let fingerprintsOfMany = Endpoint(
        .post, "/api/analysis/fingerprints", "the same of runs that are too many for parameters",
        body: .init("application/json", bytesMax: rulesBytesMax, "runIds: an array of run ids"),
        answer: .init("as of GET", mediaType: "application/json"))
    static let all = [fingerprints, fingerprintsOfMany, compare, compareByRules, firstDivergence, sameAs, groups, groupsOfMany]
}

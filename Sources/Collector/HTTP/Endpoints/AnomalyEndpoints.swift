/// What rules find in a run.
import TeltelHTTP

enum AnomalyEndpoints {
    static let baseline = Parameter("baseline", "the id of a run whose values are the usual ones; default: none")
    static let rules = Parameter("rules", "only these, by their kinds, separated by commas; default: all")
    static let field = Parameter("field", "only this value, as often as values are wanted; default: all", .texts)
    static let frozenEvents = Parameter(
        "frozenEvents", "a value that is the same for so many events is frozen; default: 100", .integer(2...1_000_000_000))
    static let jumpFactor = Parameter(
        "jumpFactor", "a step so many times the median step is a jump; default: 50", .number(1...1e12))
    static let deviationFactor = Parameter(
        "deviationFactor", "so many times as far as usual from the median or the baseline; default: 10", .number(1...1e12))
    static let limits = Parameter(
        "limits", "TYPE.FIELD=LOW..HIGH, as often as fields have limits; either end may be left out", .texts)
    static let nominal = Parameter(
        "nominal", "TYPE.FIELD=SIZE, as often as needed: differences below it are none", .texts)
    static let most = Parameter(
        "most", "so many findings of a kind in one field of one series, the rest is counted; default: 10", .integer(1...1_000))

    private static let parameters =
        [
            AnalysisEndpoints.runID, baseline, rules, AnalysisEndpoints.anyEventType, AnalysisEndpoints.anySourceID,
            AnalysisEndpoints.channel, field,
        ] + AnalysisEndpoints.range + [frozenEvents, jumpFactor, deviationFactor, limits, nominal, most]
    static let find = Endpoint(
        .get, "/api/analysis/anomalies", "what rules find in a run", parameters: parameters,
        answer: .init("findings by frame, how many more there are, and what was looked at"))
    static let keep = Endpoint(
        .post, "/api/analysis/anomalies", "the same, and keeps what was found as markers", parameters: parameters,
        answer: .init("the same, and how many are kept"))
    static let all = [find, keep]
}

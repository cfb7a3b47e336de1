/// What is looked for in a run, and from where on something is found. Rules, no models.
import TeltelEvents

package enum AnomalyKind: String, Sendable, Codable, CaseIterable {
    /// It is NaN, or infinite, for a stretch of events.
    case nan, infinity
    /// A value that moved keeps its bits for many events.
    case frozen
    /// A step much larger than its steps usually are.
    case jump
    /// A value that moved stays at its smallest or largest value for many events.
    case saturated
    case outOfLimits = "out-of-limits"
    /// Far from its median, measured by how far it usually is.
    case deviation
    /// Frames are missing where events come regularly otherwise; several events are in a frame where one is otherwise.
    case gap, duplicate
    /// Simulated time goes back from one frame to a later one; a writer's frames go back.
    case timeReset = "time-reset"
    case frameReset = "frame-reset"
    /// It is no finite number where the baseline has one.
    case baselineNaN = "baseline-nan"
    /// Farther from the baseline's value than the two usually are apart.
    case baselineDeviation = "baseline-deviation"

    package var severity: Severity {
        switch self {
        case .nan, .infinity, .outOfLimits, .timeReset, .frameReset, .baselineNaN: .error
        case .frozen, .jump, .gap, .duplicate, .baselineDeviation: .warning
        case .saturated, .deviation: .info
        }
    }
    package var needsBaseline: Bool { self == .baselineNaN || self == .baselineDeviation }
    /// Of values; else of the stream that they are in.
    package var isOfValues: Bool {
        switch self {
        case .gap, .duplicate, .timeReset, .frameReset: false
        default: true
        }
    }
}

package struct AnomalyRules: Sendable, Equatable {
    package var kinds: Set<AnomalyKind>
    /// A value that is the same for so many events is frozen, or saturated.
    package var frozenEvents = 100
    /// A step so many times the median of its steps is a jump.
    package var jumpFactor = 50.0
    /// So many times as far from the median as usual, or from the baseline.
    package var deviationFactor = 10.0
    /// So many findings of a kind in one field of one series; the rest is counted.
    package var most = 10

    /// - Parameter kinds: nil: all that need no baseline.
    package init(kinds: Set<AnomalyKind>? = nil) {
        self.kinds = kinds ?? Set(AnomalyKind.allCases.filter { !$0.needsBaseline })
    }
}

/// What is known of a value that is looked at.
package struct WatchedField: Sendable {
    package let path: String
    package let kind: FieldKind?
    /// Its declared limits; nil: it has none.
    package let limits: ClosedRange<Double>?
    /// Differences below it are none: of the field, never taken from its values.
    package let nominal: Double
    /// A measurement of something continuous: what rests or stands out is worth saying. Words, switches and counters are not.
    package let isContinuous: Bool

    package init(_ path: String, kind: FieldKind?, limits: ClosedRange<Double>? = nil, nominal: Double = 0, isContinuous: Bool) {
        self.path = path
        self.kind = kind
        self.limits = limits
        self.nominal = nominal
        self.isContinuous = isContinuous
    }
}

/// How large a value and its steps usually are.
package struct FieldScale: Sendable, Equatable {
    package var median: Double
    /// How far it usually is from its median: 1.4826 times the median of the distances, which for normal noise is its standard deviation.
    /// Of what rests at its median most of the time, 1.2533 times their mean.
    package var spread: Double
    /// Median of its steps that are not 0.
    package var step: Double

    /// From fewer values or steps nothing is told.
    private static let least = 32

    /// nil: there are too few values.
    /// - Parameters:
    ///   - values: finite ones.
    ///   - steps: without a sign, and without those that are 0.
    package init?(values: [Double], steps: [Double]) {
        guard values.count >= Self.least else { return nil }
        let median = Self.median(values)
        let distances = values.map { abs($0 - median) }
        let usual = Self.median(distances)
        let mean = distances.reduce(0) { $0 + $1 / Double(distances.count) }
        self.median = median
        spread = usual > 0 ? 1.4826 * usual : 1.2533 * mean
        step = steps.count >= Self.least ? Self.median(steps) : .nan
    }

    /// Of an even number of values the lower one of the two in the middle.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? .nan : sorted[(sorted.count - 1) / 2]
    }

    /// No noise of arithmetic is found: four units in the last place, or what the field itself says.
    private func floor(_ nominal: Double) -> Double { max(nominal, 4 * median.magnitude.ulp) }

    /// A greater distance from the median is a deviation.
    package func deviation(_ rules: AnomalyRules, _ field: WatchedField) -> Double {
        rules.deviationFactor * max(spread, floor(field.nominal))
    }
    /// A greater step is a jump; nil: it has too few steps.
    package func jump(_ rules: AnomalyRules, _ field: WatchedField) -> Double? {
        step.isNaN ? nil : rules.jumpFactor * max(step, floor(field.nominal))
    }

    /// A greater difference from the baseline is found.
    /// - Parameters:
    ///   - differences: without a sign; those that are 0 among them.
    ///   - values: of the baseline.
    package static func baseline(
        differences: [Double], values: [Double], _ rules: AnomalyRules, _ field: WatchedField
    ) -> Double? {
        guard differences.count >= least else { return nil }
        let magnitude = median(values.map(\.magnitude))
        let noise = magnitude.isNaN ? 0 : 4 * magnitude.ulp
        return rules.deviationFactor * max(1.4826 * median(differences), max(field.nominal, noise))
    }
}

/// Something that a rule has found.
package struct Anomaly: Sendable, Equatable {
    package var kind: AnomalyKind
    /// Both ends belong to it.
    package var frames: ClosedRange<UInt64>
    /// Of the first frame.
    package var simTime: Double
    package var events: Int
    /// At the first frame; nil: it is of no value.
    package var value: Double?
    /// What it is measured by: the value before, the median, the limit, the baseline's value.
    package var other: Double?

    package init(
        _ kind: AnomalyKind, _ frames: ClosedRange<UInt64>, simTime: Double, events: Int = 1, value: Double? = nil,
        other: Double? = nil
    ) {
        self.kind = kind
        self.frames = frames
        self.simTime = simTime
        self.events = events
        self.value = value
        self.other = other
    }

    /// A sentence for people.
    /// - Parameter what: the field, or the stream.
    package func text(_ what: String) -> String {
        let first = frames.lowerBound
        // Not by their count: frames may be more than an integer holds.
        let isOne = frames.upperBound == first
        let from = "from frame \(first)" + (isOne ? " on" : " to frame \(frames.upperBound)")
        let at = isOne ? "at frame \(first)" : from
        let value = value.map { "\($0)" } ?? ""
        let other = other.map { "\($0)" } ?? ""
        switch kind {
        case .nan: return "\(what) is NaN \(at)"
        case .infinity: return "\(what) is infinite \(at)"
        case .frozen: return "\(what) has stopped moving: it is \(value) \(from), for \(events) events"
        case .jump: return "\(what) jumps from \(other) to \(value) at frame \(first)"
        case .saturated: return "\(what) stays at its limit \(value) \(from), for \(events) events"
        case .outOfLimits: return "\(what) is \(value), beyond its limit \(other), \(at)"
        case .deviation: return "\(what) is \(value), far from its median \(other), \(at)"
        case .gap: return "\(what) has no events \(at)"
        case .duplicate: return "\(what) has \(events) events at frame \(first), where one is usual"
        case .timeReset: return "simulated time of \(what) goes back at frame \(first), from \(other) to \(value)"
        case .frameReset: return "a writer of \(what) has gone back to frame \(first)"
        case .baselineNaN: return "\(what) is \(value) \(at), where the baseline has \(other)"
        case .baselineDeviation: return "\(what) is \(value), where the baseline has \(other), \(at)"
        }
    }
}

/// The first findings of one kind, and how many there are besides.
struct BoundedFindings: Sendable {
    private(set) var all: [Anomaly] = []
    private(set) var more = 0

    mutating func add(_ found: Anomaly, most: Int) {
        if all.count < most { all.append(found) } else { more += 1 }
    }
    /// There are so many others, which nobody has.
    mutating func count(_ others: Int) { more += others }
    mutating func empty() { self = BoundedFindings() }
}

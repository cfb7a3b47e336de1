/// Looks at one value of one series, event by event in the order of frames. Pure, and its memory does not grow with the run.

package struct FieldWatch: Sendable {
    package struct Event: Sendable {
        package let frame: UInt64
        package let simTime: Double
        package init(_ frame: UInt64, _ simTime: Double) {
            self.frame = frame
            self.simTime = simTime
        }
    }
    private struct Stretch {
        let first: Event
        let value: Double
        let other: Double?
        var last: UInt64
        var events = 1

        init(_ event: Event, _ value: Double, other: Double? = nil) {
            first = event
            self.value = value
            self.other = other
            last = event.frame
        }
        mutating func goOn(_ event: Event) {
            last = event.frame
            events += 1
        }
        func anomaly(_ kind: AnomalyKind) -> Anomaly {
            Anomaly(
                kind, first.frame...max(first.frame, last), simTime: first.simTime, events: events, value: value, other: other)
        }
    }

    private let rules: AnomalyRules
    private let field: WatchedField
    private let scale: FieldScale?
    private let jump, deviation: Double?

    private var found: [AnomalyKind: BoundedFindings] = [:]
    private var notFinite: (kind: AnomalyKind, stretch: Stretch)?
    private var beyondLimit: Stretch?
    private var far: Stretch?
    /// The last finite value, and for how long it has been there.
    private var same: Stretch?
    private var isFirstValue = true
    /// Its steps: all, those that moved it, and those within long stretches of one value.
    private var (steps, moves, stillSteps) = (0, 0, 0)
    private var (smallest, largest) = (Double.infinity, -Double.infinity)
    private var (atSmallest, atLargest) = (BoundedFindings(), BoundedFindings())
    private var frozen = BoundedFindings()

    /// What rests as often as not is no measurement that can freeze.
    private static let leastMoves = 16

    package init(_ field: WatchedField, _ scale: FieldScale?, _ rules: AnomalyRules) {
        self.rules = rules
        self.field = field
        self.scale = scale
        jump = rules.kinds.contains(.jump) ? scale?.jump(rules, field) : nil
        deviation = rules.kinds.contains(.deviation) && field.isContinuous ? scale?.deviation(rules, field) : nil
    }

    /// - Parameter value: nil: the event has none, and is stepped over.
    package mutating func take(_ event: Event, _ value: Double?) {
        guard let value else { return }
        guard value.isFinite else {
            endSame()
            endFar()
            takeNotFinite(event, value)
            return
        }
        if notFinite != nil { endNotFinite() }
        if let limits = field.limits { takeLimits(event, value, limits) }
        if let deviation, let scale { takeDeviation(event, value, scale.median, deviation) }
        takeStep(event, value)
    }

    private mutating func takeNotFinite(_ event: Event, _ value: Double) {
        let kind: AnomalyKind = value.isNaN ? .nan : .infinity
        if notFinite?.kind == kind {
            notFinite?.stretch.goOn(event)
        } else {
            endNotFinite()
            notFinite = (kind, Stretch(event, value))
        }
    }
    private mutating func endNotFinite() {
        if let (kind, stretch) = notFinite { add(stretch.anomaly(kind)) }
        notFinite = nil
    }

    private mutating func takeLimits(_ event: Event, _ value: Double, _ limits: ClosedRange<Double>) {
        guard !limits.contains(value) else { return endBeyondLimit() }
        if beyondLimit != nil {
            beyondLimit?.goOn(event)
        } else {
            beyondLimit = Stretch(event, value, other: value < limits.lowerBound ? limits.lowerBound : limits.upperBound)
        }
    }
    private mutating func endBeyondLimit() {
        if let beyondLimit { add(beyondLimit.anomaly(.outOfLimits)) }
        beyondLimit = nil
    }

    private mutating func takeDeviation(_ event: Event, _ value: Double, _ median: Double, _ most: Double) {
        guard abs(value - median) > most else { return endFar() }
        if far != nil { far?.goOn(event) } else { far = Stretch(event, value, other: median) }
    }
    private mutating func endFar() {
        if let far { add(far.anomaly(.deviation)) }
        far = nil
    }

    private mutating func takeStep(_ event: Event, _ value: Double) {
        guard let before = same else {
            same = Stretch(event, value)
            return noteExtremes(value)
        }
        steps += 1
        if value.bitPattern == before.value.bitPattern { return same!.goOn(event) }
        moves += 1
        if let jump, abs(value - before.value) > jump {
            add(Anomaly(.jump, event.frame...event.frame, simTime: event.simTime, value: value, other: before.value))
        }
        endSame()
        same = Stretch(event, value)
        noteExtremes(value)
    }

    private mutating func noteExtremes(_ value: Double) {
        if value < smallest {
            smallest = value
            atSmallest.empty()
        }
        if value > largest {
            largest = value
            atLargest.empty()
        }
    }

    private mutating func endSame() {
        guard let stretch = same else { return }
        same = nil
        defer { isFirstValue = false }
        guard stretch.events >= rules.frozenEvents else { return }
        stillSteps += stretch.events - 1
        if stretch.value == smallest {
            atSmallest.add(stretch.anomaly(.saturated), most: rules.most)
        } else if stretch.value == largest {
            atLargest.add(stretch.anomaly(.saturated), most: rules.most)
        }
        // What never moved before has not stopped.
        if !isFirstValue { frozen.add(stretch.anomaly(.frozen), most: rules.most) }
    }

    private mutating func add(_ anomaly: Anomaly) {
        if rules.kinds.contains(anomaly.kind) { found[anomaly.kind, default: BoundedFindings()].add(anomaly, most: rules.most) }
    }

    /// After the last event. What was found, and of each kind how many more there are.
    package mutating func finish() -> (found: [Anomaly], more: [AnomalyKind: Int]) {
        endNotFinite()
        endBeyondLimit()
        endFar()
        endSame()
        let movesUsually = moves >= Self.leastMoves && 2 * moves >= steps - stillSteps
        if field.isContinuous, movesUsually, smallest < largest {
            addStill()
        }
        let all = found.values.flatMap(\.all).sorted {
            ($0.frames.lowerBound, $0.kind.rawValue) < ($1.frames.lowerBound, $1.kind.rawValue)
        }
        return (all, found.mapValues(\.more).filter { $0.value > 0 })
    }

    /// A stretch at an extreme is one finding, and not frozen besides.
    private mutating func addStill() {
        var places: Set<UInt64> = []
        if rules.kinds.contains(.saturated) {
            for stretches in [atSmallest, atLargest] {
                for one in stretches.all {
                    add(one)
                    places.insert(one.frames.lowerBound)
                }
                more(.saturated, stretches.more)
            }
        }
        for one in frozen.all where !places.contains(one.frames.lowerBound) { add(one) }
        more(.frozen, frozen.more)
    }
    private mutating func more(_ kind: AnomalyKind, _ count: Int) {
        guard count > 0, rules.kinds.contains(kind) else { return }
        found[kind, default: BoundedFindings()].count(count)
    }
}

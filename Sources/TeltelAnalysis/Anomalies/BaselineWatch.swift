/// Looks at one value of one series beside that of the baseline, frame by frame. Pure.

package struct BaselineWatch: Sendable {
    private let rules: AnomalyRules
    /// A greater difference is found; nil: too few are known.
    private let most: Double?
    private var open: Anomaly?
    private var found: [AnomalyKind: BoundedFindings] = [:]

    package init(most: Double?, _ rules: AnomalyRules) {
        self.most = most
        self.rules = rules
    }

    /// Two values of one frame; nil: there is none, and nothing is said.
    package mutating func take(_ event: FieldWatch.Event, _ value: Double?, baseline: Double?) {
        guard let value, let baseline else { return }
        guard let kind = kind(value, baseline) else { return end() }
        if open?.kind == kind {
            open!.frames = open!.frames.lowerBound...max(open!.frames.lowerBound, event.frame)
            open!.events += 1
        } else {
            end()
            open = Anomaly(kind, event.frame...event.frame, simTime: event.simTime, value: value, other: baseline)
        }
    }

    private func kind(_ value: Double, _ baseline: Double) -> AnomalyKind? {
        guard baseline.isFinite else { return nil }
        guard value.isFinite else { return .baselineNaN }
        guard let most else { return nil }
        return abs(value - baseline) > most ? .baselineDeviation : nil
    }

    private mutating func end() {
        if let open, rules.kinds.contains(open.kind) { found[open.kind, default: BoundedFindings()].add(open, most: rules.most) }
        open = nil
    }

    package mutating func finish() -> (found: [Anomaly], more: [AnomalyKind: Int]) {
        end()
        let all = found.values.flatMap(\.all).sorted {
            ($0.frames.lowerBound, $0.kind.rawValue) < ($1.frames.lowerBound, $1.kind.rawValue)
        }
        return (all, found.mapValues(\.more).filter { $0.value > 0 })
    }
}

/// Looks at the events of one series, whatever their values: are frames missing or there twice, does time go back. Pure.

package struct StreamWatch: Sendable {
    private let rules: AnomalyRules
    private var before: (frame: UInt64, simTime: Double)?
    /// Of the frame that is looked at.
    private var eventsOfFrame = 0
    private var frames = 0
    private var framesWithOne = 0
    /// By how many frames it goes on, how often, and the first places; of so many different ones.
    private var strides: [UInt64: (count: Int, places: BoundedFindings)] = [:]
    private var otherStrides = 0
    private static let stridesMost = 64
    private var duplicates = BoundedFindings()
    private var timeResets = BoundedFindings()
    private var frameResets = BoundedFindings()
    /// By writer: its event of the largest frame so far.
    private var newest: [UInt64: (sequence: UInt64, frame: UInt64)] = [:]
    private static let writersMost = 1_024

    /// What is not so nine times out of ten is not regular.
    private static let (leastFrames, share) = (16, 0.9)

    package init(_ rules: AnomalyRules) { self.rules = rules }

    /// - Parameters:
    ///   - writer: of one instance; it never comes twice with one sequence.
    ///   - sequence: grows as the writer goes on.
    package mutating func take(_ frame: UInt64, _ simTime: Double, writer: UInt64, sequence: UInt64) {
        takeSequence(frame, simTime, writer, sequence)
        guard let before else {
            self.before = (frame, simTime)
            eventsOfFrame = 1
            return
        }
        if simTime < before.simTime {
            timeResets.add(
                Anomaly(.timeReset, frame...frame, simTime: simTime, value: simTime, other: before.simTime), most: rules.most)
        }
        guard frame != before.frame else {
            eventsOfFrame += 1
            self.before = (frame, max(before.simTime, simTime))
            return
        }
        endFrame()
        takeStride(from: before.frame, to: frame, simTime)
        self.before = (frame, simTime)
        eventsOfFrame = 1
    }

    /// In the order of frames a writer's sequences grow, unless it has gone back.
    private mutating func takeSequence(_ frame: UInt64, _ simTime: Double, _ writer: UInt64, _ sequence: UInt64) {
        if let last = newest[writer], sequence < last.sequence {
            frameResets.add(Anomaly(.frameReset, last.frame...last.frame, simTime: simTime), most: rules.most)
        }
        if newest[writer] != nil || newest.count < Self.writersMost { newest[writer] = (sequence, frame) }
    }

    private mutating func endFrame() {
        guard let before else { return }
        frames += 1
        if eventsOfFrame == 1 {
            framesWithOne += 1
        } else {
            duplicates.add(
                Anomaly(.duplicate, before.frame...before.frame, simTime: before.simTime, events: eventsOfFrame), most: rules.most
            )
        }
    }

    private mutating func takeStride(from: UInt64, to: UInt64, _ simTime: Double) {
        let stride = to - from
        guard strides[stride] != nil || strides.count < Self.stridesMost else { return otherStrides += 1 }
        // The frames between the two; of neighbours there are none.
        let missing = stride > 1 ? from + 1...to - 1 : to...to
        strides[stride, default: (0, BoundedFindings())].count += 1
        strides[stride]!.places.add(Anomaly(.gap, missing, simTime: simTime, events: 0), most: rules.most)
    }

    package mutating func finish() -> (found: [Anomaly], more: [AnomalyKind: Int]) {
        endFrame()
        var found: [Anomaly] = []
        var more: [AnomalyKind: Int] = [:]
        func add(_ kind: AnomalyKind, _ findings: BoundedFindings) {
            guard rules.kinds.contains(kind) else { return }
            found += findings.all
            if findings.more > 0 { more[kind, default: 0] += findings.more }
        }
        add(.timeReset, timeResets)
        add(.frameReset, frameResets)
        if frames >= Self.leastFrames, Double(framesWithOne) >= Self.share * Double(frames) { add(.duplicate, duplicates) }
        let all = strides.values.reduce(otherStrides) { $0 + $1.count }
        if all >= Self.leastFrames, let usual = strides.max(by: { $0.value.count < $1.value.count }),
            Double(usual.value.count) >= Self.share * Double(all)
        {
            var gaps = BoundedFindings()
            let wide = strides.filter { $0.key > usual.key }
            for one in wide.values.flatMap(\.places.all).sorted(by: { $0.frames.lowerBound < $1.frames.lowerBound }) {
                gaps.add(one, most: rules.most)
            }
            gaps.count(wide.values.reduce(0) { $0 + $1.places.more } + otherStrides)
            add(.gap, gaps)
        }
        return (found.sorted { ($0.frames.lowerBound, $0.kind.rawValue) < ($1.frames.lowerBound, $1.kind.rawValue) }, more)
    }
}

/// What is known of one field after all its pairs have been looked at.

package struct FieldTally: Sendable, Equatable {
    package private(set) var differing: UInt64 = 0
    package private(set) var first: UInt64?
    package private(set) var last: UInt64?
    package private(set) var intervals: FrameIntervals
    /// Of numbers: the largest distance, and its frame.
    package private(set) var absolute: Extreme?
    /// The distance over the larger magnitude of the two.
    package private(set) var relative: Extreme?
    /// The distance over what is allowed; only where something is.
    package private(set) var normalised: Extreme?
    package private(set) var ulp: UInt64 = 0
    /// How often each way to differ was seen, by its name.
    package var classes: [String: UInt64] {
        Dictionary(uniqueKeysWithValues: zip(ValueClass.names, counts).filter { $0.1 > 0 })
    }
    private var counts = Array(repeating: UInt64(0), count: ValueClass.names.count)

    package struct Extreme: Sendable, Equatable {
        package let value: Double
        package let frame: UInt64
        package init(value: Double, frame: UInt64) {
            self.value = value
            self.frame = frame
        }
    }

    package init(persistence: Int) { intervals = FrameIntervals(persistence: persistence) }

    package mutating func note(
        frame: UInt64, ordinal: UInt64, _ valueClass: ValueClass, _ a: CellValue, _ b: CellValue,
        measure: (difference: Double, allowed: Double)?
    ) {
        differing += 1
        first = min(first ?? frame, frame)
        last = max(last ?? frame, frame)
        intervals.add(frame: frame, ordinal: ordinal)
        counts[valueClass.place] += 1
        if case .ulp(let distance) = valueClass, distance <= ULP.tellingMax { ulp = max(ulp, distance) }
        if let measure {
            absolute = Self.larger(absolute, measure.difference, frame)
            if measure.allowed > 0 { normalised = Self.larger(normalised, measure.difference / measure.allowed, frame) }
        }
        guard let x = a.number, let y = b.number, x.isFinite, y.isFinite else { return }
        let difference = abs(x - y)
        if measure == nil { absolute = Self.larger(absolute, difference, frame) }
        let magnitude = max(abs(x), abs(y))
        if magnitude > 0 { relative = Self.larger(relative, difference / magnitude, frame) }
    }

    private static func larger(_ known: Extreme?, _ value: Double, _ frame: UInt64) -> Extreme? {
        if let known, known.value >= value { return known }
        return value.isNaN ? known : Extreme(value: value, frame: frame)
    }
}

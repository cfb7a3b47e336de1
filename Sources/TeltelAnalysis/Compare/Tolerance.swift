/// How much two values may differ, and still count as equal.

/// A bound on numbers. `relative` is of the reference's magnitude, or of `nominal` where that is larger, so that a signal near zero is
/// measured by what is usual for it. The larger of the two bounds counts, as in MATLAB's Simulation Data Inspector.
package struct Tolerance: Hashable, Sendable {
    package let absolute: Double
    package let relative: Double
    /// The usual magnitude of the field, which somebody has said; never guessed from data.
    package let nominal: Double
    /// Besides, floats may be so many units in the last place apart, if their signs are the same.
    package let ulp: UInt64?

    package enum Fault: Error, Equatable, Sendable {
        /// Bounds are finite numbers from 0 on: anything else would let everything or nothing pass.
        case badBound(String, Double)
    }

    package init(absolute: Double = 0, relative: Double = 0, nominal: Double = 0, ulp: UInt64? = nil) throws(Fault) {
        for (name, value) in [("absolute", absolute), ("relative", relative), ("nominal", nominal)] {
            guard value.isFinite, value >= 0 else { throw .badBound(name, value) }
        }
        self.absolute = absolute
        self.relative = relative
        self.nominal = nominal
        self.ulp = ulp
    }

    /// What the difference of a value to this reference may be at most.
    package func allowed(at reference: Double) -> Double { max(absolute, relative * max(abs(reference), nominal)) }

    /// Written so that what cannot be compared does not pass: a comparison with NaN is false.
    package func passes(_ reference: CellValue, _ value: CellValue) -> Bool {
        if reference == value { return true }
        switch ValueClass(reference, value) {
        case .nanBits: return true
        case .same, .zeroSign: return true
        case .nanVersusNumber, .infinite, .nullVersusValue, .type: return false
        case .negated, .ulp, .other: break
        }
        guard let a = reference.number, let difference = Self.difference(reference, value) else { return false }
        if difference <= allowed(at: a) { return true }
        guard let ulp, let b = value.number, a.sign == b.sign, let distance = ULP.distance(reference, value) else { return false }
        return distance <= ulp
    }
}

extension Tolerance {
    /// Of integers exactly, also of those that no double holds.
    private static func difference(_ a: CellValue, _ b: CellValue) -> Double? {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): return Double((x > y ? x : y).magnitudeAbove(x > y ? y : x))
        case (.unsigned(let x), .unsigned(let y)): return Double(x > y ? x - y : y - x)
        default:
            guard let x = a.number, let y = b.number else { return nil }
            return abs(x - y)
        }
    }
}

extension Int64 {
    fileprivate func magnitudeAbove(_ smaller: Int64) -> UInt64 { UInt64(bitPattern: self) &- UInt64(bitPattern: smaller) }
}

/// What "equal" means. Bits is an equivalence, the others are not: never group runs by them.
package enum CompareMode: Hashable, Sendable {
    case bits
    case ulp(UInt64)
    case tolerance(Tolerance)

    package func passes(_ reference: CellValue, _ value: CellValue) -> Bool {
        switch self {
        case .bits: return reference == value
        case .ulp(let most):
            if reference == value { return true }
            guard let distance = ULP.distance(reference, value) else { return false }
            return distance <= most
        case .tolerance(let tolerance): return tolerance.passes(reference, value)
        }
    }
}

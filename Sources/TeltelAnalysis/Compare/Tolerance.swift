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

    /// Both are NaN, or both the same zero but for its sign, or the same bits.
    func isSameNumber(_ reference: CellValue, _ value: CellValue) -> Bool {
        switch ValueClass(reference, value) {
        case .same, .zeroSign, .nanBits: true
        default: false
        }
    }

    /// Written so that what cannot be compared does not pass: a comparison with NaN is false. Numbers of different kinds are compared as
    /// doubles.
    package func passes(_ reference: CellValue, _ value: CellValue) -> Bool {
        if isSameNumber(reference, value) { return true }
        guard let a = reference.number, let b = value.number, a.isFinite, b.isFinite,
            let difference = Self.difference(reference, value)
        else { return false }
        if difference <= allowed(at: a) { return true }
        guard let ulp, a.sign == b.sign, let distance = ULP.distance(reference, value, widening: true) else { return false }
        return distance <= ulp
    }

    /// Of integers exactly, also of those that no double holds.
    static func difference(_ a: CellValue, _ b: CellValue) -> Double? {
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

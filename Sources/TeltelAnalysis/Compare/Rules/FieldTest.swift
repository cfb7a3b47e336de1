/// How single values are judged.

/// What two values of one field may differ in, and still count as equal.
package enum FieldTest: Hashable, Sendable {
    case ignored
    case bits
    /// Units in the last place, of floats.
    case ulp(UInt64)
    /// - forIntegers: of integers a difference is allowed only where somebody has said so for that field.
    case tolerance(Tolerance, forIntegers: Bool)
    case angle(Tolerance, period: Double)
    /// Of JSON text: member by member.
    case payload(PayloadTest)

    /// What a rule says; nil: the mode alone.
    init(_ rule: ComparisonRule?, _ mode: ComparisonRules.Mode) throws(Tolerance.Fault) {
        if rule?.ignore == true {
            self = .ignored
        } else if rule?.bits == true {
            self = .bits
        } else {
            switch mode {
            case .bits: self = .bits
            case .ulp: self = .ulp(rule?.ulp ?? 0)
            case .tolerance:
                let tolerance = try Tolerance(rule)
                self =
                    rule?.period.map { .angle(tolerance, period: $0) } ?? .tolerance(tolerance, forIntegers: rule?.field != nil)
            }
        }
    }

    package func passes(_ reference: CellValue, _ value: CellValue) -> Bool {
        if reference == value { return true }
        if case .array(let a) = reference, case .array(let b) = value, self != .bits {
            return a.count == b.count && zip(a, b).allSatisfy { passes($0, $1) } || self == .ignored
        }
        switch self {
        case .ignored: return true
        case .bits: return false
        case .ulp(let most): return ULP.distance(reference, value, widening: true).map { $0 <= most } ?? false
        case .tolerance(let tolerance, let forIntegers):
            guard forIntegers || (reference.isFloat || value.isFloat) else { return false }
            return tolerance.passes(reference, value)
        case .angle(let tolerance, let period): return Self.passes(tolerance, period, reference, value)
        case .payload(let test):
            guard case .text(let a) = reference, case .text(let b) = value else { return false }
            return test.passes(a, b)
        }
    }

    private static func passes(_ tolerance: Tolerance, _ period: Double, _ a: CellValue, _ b: CellValue) -> Bool {
        if tolerance.passes(a, b) { return true }
        guard let difference = difference(a, b, period: period) else { return false }
        return difference <= tolerance.allowed(at: a.number ?? 0)
    }

    /// The smaller of the two ways around; nil: they are no finite numbers.
    static func difference(_ a: CellValue, _ b: CellValue, period: Double) -> Double? {
        guard let x = a.number, let y = b.number, x.isFinite, y.isFinite else { return nil }
        let turned = abs((x - y).truncatingRemainder(dividingBy: period))
        return min(turned, period - turned)
    }

    /// How far apart they are, and how far they may be; nil where there is no such number. Of arrays that of the first elements that do
    /// not pass.
    package func measure(_ reference: CellValue, _ value: CellValue) -> (difference: Double, allowed: Double)? {
        if case .array(let a) = reference, case .array(let b) = value {
            return zip(a, b).first { !passes($0, $1) }.flatMap { measure($0, $1) }
        }
        guard let number = reference.number else { return nil }
        switch self {
        case .ignored, .bits, .ulp, .payload: return nil
        case .tolerance(let tolerance, _):
            return Tolerance.difference(reference, value).map { ($0, tolerance.allowed(at: number)) }
        case .angle(let tolerance, let period):
            return Self.difference(reference, value, period: period).map { ($0, tolerance.allowed(at: number)) }
        }
    }
}

/// Fields that are measured together: the components of a vector or of an attitude.
package struct FieldGroup: Hashable, Sendable {
    /// What the components' names begin with: `payload.pos`.
    package let name: String
    /// Places of the components among the stream's fields, in their order.
    package let members: [Int]
    package let isQuaternion: Bool
    package let tolerance: Tolerance

    package init(name: String, members: [Int], isQuaternion: Bool, tolerance: Tolerance) {
        self.name = name
        self.members = members
        self.isQuaternion = isQuaternion
        self.tolerance = tolerance
    }

    /// `‖a − b‖ ≤ max(absolute, relative · max(‖a‖, nominal))`; of attitudes `min(‖a − b‖, ‖a + b‖)`.
    package func passes(_ reference: [CellValue], _ value: [CellValue]) -> Bool {
        if zip(reference, value).allSatisfy({ $0 == $1 }) { return true }
        if zip(reference, value).allSatisfy({ tolerance.isSameNumber($0, $1) }) { return true }
        guard let (difference, allowed) = measure(reference, value) else { return false }
        return difference <= allowed
    }

    /// nil: a component is no finite number.
    package func measure(_ reference: [CellValue], _ value: [CellValue]) -> (difference: Double, allowed: Double)? {
        let (a, b) = (reference.compactMap(\.number), value.compactMap(\.number))
        guard a.count == members.count, b.count == members.count, (a + b).allSatisfy(\.isFinite) else { return nil }
        let minus = Self.norm(zip(a, b).map { $0 - $1 })
        let difference = isQuaternion ? min(minus, Self.norm(zip(a, b).map { $0 + $1 })) : minus
        return (difference, tolerance.allowed(at: Self.norm(a)))
    }

    /// Without overflow.
    private static func norm(_ values: [Double]) -> Double {
        let largest = values.map(abs).max() ?? 0
        guard largest > 0, largest.isFinite else { return largest }
        return largest * values.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
    }

    package func valueClass(_ reference: [CellValue], _ value: [CellValue]) -> ValueClass {
        let classes = zip(reference, value).map { ValueClass($0, $1) }
        if classes.allSatisfy({ $0 == .same }) { return .same }
        if let telling = classes.first(where: { [.nanVersusNumber, .nullVersusValue, .type, .infinite].contains($0) }) {
            return telling
        }
        let isNegated = zip(reference, value).allSatisfy { a, b in a.number == b.number.map { -$0 } }
        return isQuaternion && isNegated ? .doubleCover : .vector
    }
}

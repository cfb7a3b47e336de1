/// In what way two values differ.

/// Units in the last place between two floats: how many floats of their kind lie between them, one of them included.
package enum ULP {
    /// nil: one of them is no number, or they are of different kinds.
    package static func distance(_ a: CellValue, _ b: CellValue) -> UInt64? {
        switch (a, b) {
        case (.float64(let x), .float64(let y)):
            guard !Double(bitPattern: x).isNaN, !Double(bitPattern: y).isNaN else { return nil }
            return apart(place(x), place(y))
        case (.float32(let x), .float32(let y)):
            guard !Float(bitPattern: x).isNaN, !Float(bitPattern: y).isNaN else { return nil }
            return UInt64(apart(place(x), place(y)))
        default: return nil
        }
    }

    /// Where the float stands among all of its kind; both zeros stand at one place.
    private static func place<Bits: FixedWidthInteger & UnsignedInteger>(_ bits: Bits) -> Bits {
        let top = Bits(1) << (Bits.bitWidth - 1)
        return bits < top ? top + bits : top - (bits - top)
    }
    private static func apart<Bits: UnsignedInteger>(_ a: Bits, _ b: Bits) -> Bits { a > b ? a - b : b - a }

    /// Beyond it, and with signs that differ, the number says nothing any more.
    package static let tellingMax: UInt64 = 1 << 53
}

/// Exactly one of them for any two values.
package enum ValueClass: Hashable, Sendable {
    /// The same bits.
    case same
    /// +0 and −0.
    case zeroSign
    /// Both are NaN, of different bits.
    case nanBits
    case nanVersusNumber
    /// One is infinite, or both with different signs.
    case infinite
    /// a = −b.
    case negated
    /// Floats of one kind, so far apart.
    case ulp(UInt64)
    case nullVersusValue
    /// Of different kinds.
    case type
    /// Integers, texts and truth values.
    case other

    package init(_ a: CellValue, _ b: CellValue) {
        if a == b {
            self = .same
        } else if a == .null || b == .null {
            self = .nullVersusValue
        } else if !Self.areOfOneKind(a, b) {
            self = .type
        } else if a.isFloat, let x = a.number, let y = b.number {
            self = Self.ofFloats(a, x, b, y)
        } else {
            self = .other
        }
    }

    private static func ofFloats(_ a: CellValue, _ x: Double, _ b: CellValue, _ y: Double) -> ValueClass {
        if x.isNaN && y.isNaN { return .nanBits }
        if x.isNaN || y.isNaN { return .nanVersusNumber }
        if x == 0 && y == 0 { return .zeroSign }
        if x.isInfinite || y.isInfinite { return .infinite }
        if x == -y { return .negated }
        return .ulp(ULP.distance(a, b) ?? 0)
    }

    private static func areOfOneKind(_ a: CellValue, _ b: CellValue) -> Bool {
        switch (a, b) {
        case (.float64, .float64), (.float32, .float32), (.integer, .integer), (.unsigned, .unsigned), (.bool, .bool),
            (.text, .text):
            true
        default: false
        }
    }

    /// As answers name it.
    package var name: String {
        switch self {
        case .same: "same"
        case .zeroSign: "zero-sign"
        case .nanBits: "nan-bits"
        case .nanVersusNumber: "nan-vs-number"
        case .infinite: "inf"
        case .negated: "negated"
        case .ulp: "ulp"
        case .nullVersusValue: "null-vs-value"
        case .type: "type"
        case .other: "other"
        }
    }
}

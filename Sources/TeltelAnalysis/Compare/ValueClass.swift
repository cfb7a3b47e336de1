/// In what way two values differ.

/// Units in the last place between two floats: how many floats of their kind lie between them, one of them included.
package enum ULP {
    /// nil: one of them is no number, or they are of different kinds.
    /// - Parameter widening: of a float and a double the distance between floats counts.
    package static func distance(_ a: CellValue, _ b: CellValue, widening: Bool = false) -> UInt64? {
        switch (a, b) {
        case (.float32, .float64(let y)) where widening: return distance(a, narrowed(y))
        case (.float64(let x), .float32) where widening: return distance(narrowed(x), b)
        case (.float64(let x), .float64(let y)):
            guard !Double(bitPattern: x).isNaN, !Double(bitPattern: y).isNaN else { return nil }
            return apart(place(x), place(y))
        case (.float32(let x), .float32(let y)):
            guard !Float(bitPattern: x).isNaN, !Float(bitPattern: y).isNaN else { return nil }
            return UInt64(apart(place(x), place(y)))
        default: return nil
        }
    }

    private static func narrowed(_ bits: UInt64) -> CellValue { .float32(bits: Float(Double(bitPattern: bits)).bitPattern) }

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
    /// Vectors that are measured as a whole.
    case vector
    /// The attitudes q and −q.
    case doubleCover
    /// Integers, texts and truth values.
    case other

    package init(_ a: CellValue, _ b: CellValue) {
        if a == b {
            self = .same
        } else if a == .null || b == .null {
            self = .nullVersusValue
        } else if !Self.areOfOneKind(a, b) {
            self = .type
        } else if case .array(let x) = a, case .array(let y) = b {
            // Of the first elements that differ.
            self = x.count == y.count ? zip(x, y).first { $0 != $1 }.map { ValueClass($0, $1) } ?? .same : .other
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
            (.text, .text), (.array, .array), (.json, .json):
            true
        default: false
        }
    }

    /// As answers name it.
    package var name: String { Self.names[place] }

    /// Of all classes, by their places.
    static let names = [
        "same", "zero-sign", "nan-bits", "nan-vs-number", "inf", "negated", "ulp", "null-vs-value", "type", "vector",
        "double-cover",
        "other",
    ]
    var place: Int {
        switch self {
        case .same: 0
        case .zeroSign: 1
        case .nanBits: 2
        case .nanVersusNumber: 3
        case .infinite: 4
        case .negated: 5
        case .ulp: 6
        case .nullVersusValue: 7
        case .type: 8
        case .vector: 9
        case .doubleCover: 10
        case .other: 11
        }
    }
}

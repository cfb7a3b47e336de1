/// In what way a value parts from its reference: by rules over its first frames, which anybody can check.
import Foundation

/// One value of two runs in the order of frames, of one key. Pure.
package struct DivergenceSignature: Sendable, Equatable {
    package struct Sample: Sendable, Equatable {
        package let frame: UInt64
        /// nil: it is no number there, or there is none.
        package let first, second: Double?
        package init(_ frame: UInt64, _ first: Double?, _ second: Double?) {
            self.frame = frame
            self.first = first
            self.second = second
        }
        var difference: Double? {
            guard let first, let second, first.isFinite, second.isFinite else { return nil }
            return second - first
        }
        var differs: Bool { first?.bitPattern != second?.bitPattern }
    }

    package enum Kind: String, Sendable {
        case nanBorn = "nan-born"
        case negation
        case constantFactor = "constant-factor"
        case constantOffset = "constant-offset"
        case framesLate = "frames-late"
        case frozen
        case roundingGrows = "rounding-grows"
        case rounding
        case transient
        case jump
    }
    package let kind: Kind
    /// The factor, the offset, the frames that it is late by, or the growth of the difference each frame; nil where there is none.
    package let value: Double?
    /// A name of the factor; nil: it is none that has one.
    package let name: String?

    package init(_ kind: Kind, value: Double? = nil, name: String? = nil) {
        self.kind = kind
        self.value = value
        self.name = name
    }

    /// So many samples that differ are wanted for what must hold for all of them.
    private static let telling = 8

    /// What fits first of: NaN, negation, factor, offset, late, frozen, rounding that grows, a few frames, a jump. nil: nothing differs,
    /// or they are no numbers.
    /// - Parameter samples: some frames before the first difference, and those from it on.
    package static func of(_ samples: [Sample]) -> DivergenceSignature? {
        guard let begin = samples.firstIndex(where: \.differs) else { return nil }
        let differing = samples[begin...].filter(\.differs)
        if let one = differing.first, let first = one.first, let second = one.second, first.isFinite != second.isFinite {
            return .init(.nanBorn)
        }
        let numbers = differing.filter { $0.difference != nil }
        guard !numbers.isEmpty else { return nil }
        return negation(numbers) ?? factor(numbers) ?? offset(numbers) ?? late(samples, begin) ?? frozen(samples, begin)
            ?? small(samples, begin, numbers) ?? .init(.jump, value: numbers[0].difference)
    }

    // MARK: what holds for all

    private static func negation(_ numbers: [Sample]) -> DivergenceSignature? {
        numbers.allSatisfy { $0.second == -$0.first! && $0.first != 0 } && numbers.count > 1 ? .init(.negation, value: -1) : nil
    }

    /// Factors that units and habits bring about.
    private static let names: [(name: String, value: Double)] = [
        ("π/180", .pi / 180), ("180/π", 180 / .pi), ("ft to m", 0.3048), ("m to ft", 1 / 0.3048), ("standard gravity", 9.80665),
        ("1/standard gravity", 1 / 9.80665), ("1000", 1_000), ("1/1000", 1e-3), ("3.6", 3.6), ("1/3.6", 1 / 3.6), ("2π", 2 * .pi),
        ("1/2π", 1 / (2 * .pi)), ("knots to m/s", 1_852.0 / 3_600), ("m/s to knots", 3_600 / 1_852.0), ("2", 2), ("1/2", 0.5),
        ("60", 60), ("1/60", 1 / 60.0), ("100", 100), ("1/100", 0.01), ("lb to kg", 0.453_592_37), ("kg to lb", 1 / 0.453_592_37),
    ]

    private static func factor(_ numbers: [Sample]) -> DivergenceSignature? {
        let ratios = numbers.filter { abs($0.first!) > 0 }.map { $0.second! / $0.first! }
        guard let factor = median(ratios), ratios.count >= telling, abs(factor - 1) > 1e-3 else { return nil }
        // Of single precision, too.
        guard ratios.allSatisfy({ abs($0 - factor) <= 1e-5 * abs(factor) }) else { return nil }
        return .init(.constantFactor, value: factor, name: names.first { abs($0.value - factor) <= 1e-5 * $0.value }?.name)
    }

    private static func offset(_ numbers: [Sample]) -> DivergenceSignature? {
        let differences = numbers.map { $0.difference! }
        let size = numbers.map { max(abs($0.first!), abs($0.second!)) }.max() ?? 0
        guard let offset = median(differences), numbers.count >= telling, abs(offset) > 1e-9 * size else { return nil }
        return differences.allSatisfy { abs($0 - offset) <= max(1e-6 * abs(offset), 1e-12 * size) }
            ? .init(.constantOffset, value: offset) : nil
    }

    // MARK: against frames before

    private static func late(_ samples: [Sample], _ begin: Int) -> DivergenceSignature? {
        for shift in [1, 2, 3, 4, 5, -1, -2, -3, -4, -5] {
            let pairs = samples.indices.dropFirst(begin).compactMap { place -> Bool? in
                guard samples.indices.contains(place - shift), let other = samples[place - shift].first,
                    let value = samples[place].second, samples[place].first != other || samples[place].differs
                else { return nil }
                return value.bitPattern == other.bitPattern
            }
            if pairs.count >= telling, pairs.count(where: \.self) * 10 >= pairs.count * 9 {
                return .init(.framesLate, value: Double(shift))
            }
        }
        return nil
    }

    private static func frozen(_ samples: [Sample], _ begin: Int) -> DivergenceSignature? {
        let after = samples[begin...]
        guard after.count >= telling, begin > 0, let still = samples[begin - 1].second else { return nil }
        let isStill = after.allSatisfy { $0.second?.bitPattern == still.bitPattern }
        return isStill && Set(after.compactMap { $0.first?.bitPattern }).count > 1 ? .init(.frozen, value: still) : nil
    }

    // MARK: small at first

    /// The last places of a double, or of a float, and what becomes of them.
    private static func small(_ samples: [Sample], _ begin: Int, _ numbers: [Sample]) -> DivergenceSignature? {
        let after = samples[begin...]
        let equalAgain = after.count(where: { !$0.differs })
        if after.count >= telling, numbers.count * 10 <= after.count, equalAgain > 0 {
            return .init(.transient, value: Double(numbers.count))
        }
        guard let first = numbers.first else { return nil }
        let size = max(abs(first.first!), abs(first.second!))
        let isRounding = size == 0 ? false : abs(first.difference!) <= 16 * size * Double(Float.ulpOfOne)
        guard isRounding else { return nil }
        guard let growth = growth(numbers), growth > 1.001 else { return .init(.rounding) }
        return .init(.roundingGrows, value: growth)
    }

    /// By how much the difference is multiplied each frame, as long as it is small against the values; nil: too few of them say it.
    static func growth(_ numbers: [Sample]) -> Double? {
        let small = numbers.prefix { abs($0.difference!) <= 0.01 * max(abs($0.first!), abs($0.second!)) }.filter {
            $0.difference != 0
        }
        guard small.count >= telling else { return nil }
        let points = small.map { (x: Double($0.frame - small[0].frame), y: log(abs($0.difference!))) }
        let (meanX, meanY) = (
            points.reduce(0) { $0 + $1.x } / Double(points.count), points.reduce(0) { $0 + $1.y } / Double(points.count)
        )
        let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard spread > 0 else { return nil }
        let slope = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread
        let explained = slope * slope * spread
        let all = points.reduce(0) { $0 + ($1.y - meanY) * ($1.y - meanY) }
        // A line must explain most of it, and it must come to something.
        guard all > 0, explained / all >= 0.7, slope * (points.last?.x ?? 0) > 2 else { return nil }
        return exp(slope)
    }

    private static func median(_ values: [Double]) -> Double? {
        let sorted = values.filter(\.isFinite).sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }
}

extension DivergenceSignature {
    /// For people, without the field's name.
    package var text: String {
        switch kind {
        case .nanBorn: "one run has NaN or an infinity where the other has a number"
        case .negation: "the sign is turned"
        case .constantFactor: "a constant factor of \(number)\(name.map { $0 == number ? "" : " (\($0))" } ?? "")"
        case .constantOffset: "a constant offset of \(number)"
        case .framesLate:
            (value ?? 0) > 0
                ? "the second run has what the first had \(number) frame\(value == 1 ? "" : "s") before"
                : "the second run has what the first has \(CellValue.float64(bits: abs(value ?? 0).bitPattern).words) frame\(value == -1 ? "" : "s") later"
        case .frozen: "the second run stays at \(number)"
        case .roundingGrows:
            "rounding that grows by a factor of \(rounded(value)) each frame\(doubling.map { " (doubles in \($0) frames)" } ?? "")"
        case .rounding: "rounding: it stays in the last places"
        case .transient: "only \(number) frame\(value == 1 ? "" : "s"): equal again then"
        case .jump: "at once by \(number)"
        }
    }

    private var number: String { value.map { CellValue.float64(bits: $0.bitPattern).words } ?? "" }
    private func rounded(_ value: Double?) -> String { value.map { String(format: "%.4g", $0) } ?? "" }
    private var doubling: String? {
        guard let value, value > 1 else { return nil }
        return String(format: "%.3g", log(2) / log(value))
    }
}

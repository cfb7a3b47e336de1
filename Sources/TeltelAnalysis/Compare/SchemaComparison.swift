/// What engines of two runs say about the fields of one stream, side by side.
import TeltelEvents

package struct DeclaredField: Sendable, Equatable {
    package let name: Name
    package let kind, unit: String
    package let isKey, isInput, isMeasured: Bool
    package let labels: [String]

    package init(
        name: Name, kind: String, unit: String = "", isKey: Bool = false, isInput: Bool = false, isMeasured: Bool = false,
        labels: [String] = []
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.isKey = isKey
        self.isInput = isInput
        self.isMeasured = isMeasured
        self.labels = labels
    }
}

package struct DeclarationDifference: Sendable, Equatable {
    package enum What: String, Sendable { case unit, kind, key, input, measured, labels, field }
    package let field: Name
    package let what: What
    package let first, second: String?
    /// One of the first unit is so many of the second.
    package let factor: Double?

    /// Of each field that both or one of them declare: in the order of the first.
    package static func all(_ first: [DeclaredField], _ second: [DeclaredField]) -> [DeclarationDifference] {
        var found: [DeclarationDifference] = []
        for a in first {
            guard let b = second.first(where: { $0.name == a.name }) else {
                found.append(.init(field: a.name, what: .field, first: a.kind, second: nil, factor: nil))
                continue
            }
            func add(_ what: What, _ x: String, _ y: String, factor: Double? = nil) {
                if !x.utf8.elementsEqual(y.utf8) {
                    found.append(.init(field: a.name, what: what, first: x, second: y, factor: factor))
                }
            }
            add(.unit, a.unit, b.unit, factor: UnitFactor.between(a.unit, b.unit))
            add(.kind, a.kind, b.kind)
            add(.key, "\(a.isKey)", "\(b.isKey)")
            add(.input, "\(a.isInput)", "\(b.isInput)")
            add(.measured, "\(a.isMeasured)", "\(b.isMeasured)")
            add(.labels, a.labels.joined(separator: ", "), b.labels.joined(separator: ", "))
        }
        for b in second where !first.contains(where: { $0.name == b.name }) {
            found.append(.init(field: b.name, what: .field, first: nil, second: b.kind, factor: nil))
        }
        return found
    }
}

/// Units that simulations mix up.
package enum UnitFactor {
    /// Of what each measures, in SI: exact by definition but for π. https://www.bipm.org/en/publications/si-brochure,
    /// https://www.nist.gov/pml/special-publication-811
    private static let units: [String: (dimension: String, si: Double)] = [
        "m": ("length", 1), "km": ("length", 1_000), "cm": ("length", 0.01), "mm": ("length", 0.001), "ft": ("length", 0.3048),
        "in": ("length", 0.0254), "mi": ("length", 1_609.344), "nmi": ("length", 1_852),
        "rad": ("angle", 1), "deg": ("angle", .pi / 180), "°": ("angle", .pi / 180), "rev": ("angle", 2 * .pi),
        "s": ("time", 1), "ms": ("time", 1e-3), "us": ("time", 1e-6), "µs": ("time", 1e-6), "ns": ("time", 1e-9),
        "min": ("time", 60), "h": ("time", 3_600),
        "m/s": ("speed", 1), "km/h": ("speed", 1 / 3.6), "mph": ("speed", 0.447_04), "kn": ("speed", 1_852.0 / 3_600),
        "kt": ("speed", 1_852.0 / 3_600), "ft/s": ("speed", 0.3048),
        "m/s2": ("acceleration", 1), "m/s^2": ("acceleration", 1), "m/s²": ("acceleration", 1), "g": ("acceleration", 9.80665),
        "rad/s": ("rate", 1), "deg/s": ("rate", .pi / 180), "rpm": ("rate", .pi / 30),
        "N": ("force", 1), "kN": ("force", 1_000), "lbf": ("force", 4.448_221_615_260_5),
        "N*m": ("torque", 1), "N·m": ("torque", 1), "Nm": ("torque", 1),
        "kg": ("mass", 1), "lb": ("mass", 0.453_592_37), "t": ("mass", 1_000),
        "Pa": ("pressure", 1), "hPa": ("pressure", 100), "kPa": ("pressure", 1_000), "bar": ("pressure", 100_000),
        "psi": ("pressure", 6_894.757_293_168), "W": ("power", 1), "kW": ("power", 1_000), "hp": ("power", 745.699_871_582_27),
    ]

    /// nil: one is not known, or they measure different things.
    package static func between(_ a: String, _ b: String) -> Double? {
        guard let x = units[a], let y = units[b], x.dimension == y.dimension else { return nil }
        return x.si / y.si
    }
}

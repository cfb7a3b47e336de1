/// One rule of a comparison: what it is about, and what may differ there.
import TeltelEvents

/// As a file of rules has it: an object of JSON. What is not selected is everything.
package struct ComparisonRule: Codable, Sendable, Hashable {
    package enum Shape: String, Codable, Sendable {
        /// Components are measured together: `‖a − b‖`.
        case vector
        /// The same, and q and −q are one attitude.
        case quaternion
        /// A difference of whole periods is none.
        case angle
    }

    /// The id of the reference.
    package var run: String?
    package var type: String?
    /// A dotted path: `pos.x`. With `*` for any characters. Of a vector or quaternion what its components' paths begin with: `pos`.
    package var field: String?

    /// It is not compared.
    package var ignore: Bool?
    /// It must have the same bits, whatever the mode.
    package var bits: Bool?
    package var absolute, relative, nominal: Double?
    package var ulp: UInt64?
    package var `as`: Shape?
    /// Of an angle: 360 or 2π, mostly.
    package var period: Double?

    package init(
        run: String? = nil, type: String? = nil, field: String? = nil, ignore: Bool? = nil, bits: Bool? = nil,
        absolute: Double? = nil, relative: Double? = nil, nominal: Double? = nil, ulp: UInt64? = nil, as shape: Shape? = nil,
        period: Double? = nil
    ) {
        self.run = run
        self.type = type
        self.field = field
        self.ignore = ignore
        self.bits = bits
        self.absolute = absolute
        self.relative = relative
        self.nominal = nominal
        self.ulp = ulp
        self.as = shape
        self.period = period
    }

    /// A member that no rule has is a mistake, not a remark: a misspelt bound would let nothing pass, or everything.
    package init(from decoder: any Decoder) throws {
        let known = Set(CodingKeys.allCases.map(\.stringValue))
        for key in try decoder.container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
            throw ComparisonRules.Fault.unknownMember(key.stringValue)
        }
        let members = try decoder.container(keyedBy: CodingKeys.self)
        run = try members.decodeIfPresent(String.self, forKey: .run)
        type = try members.decodeIfPresent(String.self, forKey: .type)
        field = try members.decodeIfPresent(String.self, forKey: .field)
        ignore = try members.decodeIfPresent(Bool.self, forKey: .ignore)
        bits = try members.decodeIfPresent(Bool.self, forKey: .bits)
        absolute = try members.decodeIfPresent(Double.self, forKey: .absolute)
        relative = try members.decodeIfPresent(Double.self, forKey: .relative)
        nominal = try members.decodeIfPresent(Double.self, forKey: .nominal)
        ulp = try members.decodeIfPresent(UInt64.self, forKey: .ulp)
        `as` = try members.decodeIfPresent(Shape.self, forKey: .as)
        period = try members.decodeIfPresent(Double.self, forKey: .period)
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case run, type, field, ignore, bits, absolute, relative, nominal, ulp, `as`, period
    }

    var hasTolerance: Bool { absolute != nil || relative != nil || nominal != nil || `as` != nil }

    /// The more a rule says what it is about, the more it counts: field before type before run before all.
    var rank: Int { (field == nil ? 0 : 4) + (type == nil ? 0 : 2) + (run == nil ? 0 : 1) }

    func selects(run reference: String, type name: Name) -> Bool {
        (run.map { $0.utf8.elementsEqual(reference.utf8) } ?? true) && (type.map { Name($0) == name } ?? true)
    }

    /// - Parameter path: without `payload.`.
    func selects(path: String) -> Bool { field.map { Wildcard.matches(Array($0.utf8), Array(path.utf8)) } ?? true }
}

/// Any member of an object.
struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
}

/// `*` stands for any characters, also none; everything else for itself.
package enum Wildcard {
    package static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var (p, t) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

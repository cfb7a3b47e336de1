/// What "equal" means in one comparison: a mode, and what rules say of single fields.
import Foundation
import TeltelEvents

/// Verdicts of different modes are never mixed: bits is an equivalence, the others are not.
package struct ComparisonRules: Sendable, Hashable {
    package enum Mode: String, Codable, Sendable { case bits, ulp, tolerance }

    package enum Fault: Error, Equatable, Sendable {
        case unreadable(String)
        case unknownMember(String)
        /// Bounds are finite numbers from 0 on: anything else would let everything or nothing pass.
        case badBound(rule: String, name: String, value: Double)
        case contradiction(String)
        case tooMany(Int)
    }

    package let mode: Mode
    /// The one that selects nothing first: it is what the parameters of the question say.
    package let rules: [ComparisonRule]
    /// Names for the answer: where each rule came from.
    package let origins: [String]
    /// Members of the configuration that are not compared; with `*`.
    package let ignoredConfiguration: [String]

    package static let bits = ComparisonRules(mode: .bits, rules: [], origins: [], ignoredConfiguration: [])
    package static let most = 1_000

    private init(mode: Mode, rules: [ComparisonRule], origins: [String], ignoredConfiguration: [String]) {
        self.mode = mode
        self.rules = rules
        self.origins = origins
        self.ignoredConfiguration = ignoredConfiguration
    }

    /// A file of rules: `{"mode": "tolerance", "rules": [{"field": "pos", "as": "vector", "absolute": 1e-6}], "ignoreConfiguration": ["host"]}`.
    package struct File: Codable, Sendable, Equatable {
        package var mode: Mode?
        package var rules: [ComparisonRule]?
        package var ignoreConfiguration: [String]?

        package init(mode: Mode? = nil, rules: [ComparisonRule]? = nil, ignoreConfiguration: [String]? = nil) {
            self.mode = mode
            self.rules = rules
            self.ignoreConfiguration = ignoreConfiguration
        }

        package init(from decoder: any Decoder) throws {
            let known = Set(CodingKeys.allCases.map(\.stringValue))
            for key in try decoder.container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
                throw Fault.unknownMember(key.stringValue)
            }
            let members = try decoder.container(keyedBy: CodingKeys.self)
            mode = try members.decodeIfPresent(Mode.self, forKey: .mode)
            rules = try members.decodeIfPresent([ComparisonRule].self, forKey: .rules)
            ignoreConfiguration = try members.decodeIfPresent([String].self, forKey: .ignoreConfiguration)
        }

        private enum CodingKeys: String, CodingKey, CaseIterable { case mode, rules, ignoreConfiguration }

        package static func read(_ text: String) throws(Fault) -> File {
            do { return try JSONDecoder().decode(File.self, from: Data(text.utf8)) } catch let fault as Fault {
                throw fault
            } catch let error as DecodingError {
                throw .unreadable(error.whereAndWhy)
            } catch { throw .unreadable("\(error)") }
        }
    }

    /// - Parameters:
    ///   - mode: nil: what the file says; without that, what the bounds are for; without any, bits.
    ///   - general: bounds for everything that no rule of the file is about.
    package init(mode asked: Mode?, general: ComparisonRule, file: File?) throws(Fault) {
        let given = file?.rules ?? []
        guard given.count <= Self.most else { throw .tooMany(given.count) }
        let isGeneral = general != ComparisonRule()
        let all = (isGeneral ? [general] : []) + given
        let origins = (isGeneral ? [Self.ofParameters] : []) + given.indices.map { "rule \($0 + 1)" }
        let mode = asked ?? file?.mode ?? Self.mode(for: all)
        for (rule, origin) in zip(all, origins) { try Self.check(rule, origin, mode) }
        self.init(mode: mode, rules: all, origins: origins, ignoredConfiguration: file?.ignoreConfiguration ?? [])
    }

    private static func mode(for rules: [ComparisonRule]) -> Mode {
        if rules.contains(where: \.hasTolerance) { return .tolerance }
        return rules.contains { $0.ulp != nil } ? .ulp : .bits
    }

    private static func check(_ rule: ComparisonRule, _ origin: String, _ mode: Mode) throws(Fault) {
        for (name, value) in [("absolute", rule.absolute), ("relative", rule.relative), ("nominal", rule.nominal)] {
            if let value, !value.isFinite || value < 0 { throw .badBound(rule: origin, name: name, value: value) }
        }
        if let period = rule.period, !period.isFinite || period <= 0 {
            throw .badBound(rule: origin, name: "period", value: period)
        }
        if (rule.as == .angle) != (rule.period != nil) {
            throw .contradiction("\(origin): an angle has a period, and nothing else has one")
        }
        if rule.as != nil, rule.field == nil { throw .contradiction("\(origin): \"as\" needs a field") }
        if rule.ignore == true || rule.bits == true, rule.hasTolerance || rule.ulp != nil || rule.ignore == rule.bits {
            throw .contradiction("\(origin): \"ignore\" and \"bits\" stand alone")
        }
        if rule.as == .vector || rule.as == .quaternion, rule.ulp != nil {
            throw .contradiction("\(origin): components of a vector are measured together; \"ulp\" is of single numbers")
        }
        if mode == .bits, rule.hasTolerance || rule.ulp != nil {
            throw .contradiction("\(origin) allows a difference, but the mode is bits")
        }
        if mode == .ulp, rule.hasTolerance {
            throw .contradiction("\(origin) gives a tolerance, but the mode is ulp")
        }
    }

    /// Bounds for everything that no rule of a file is about; nil: there are none.
    package var general: ComparisonRule? { origins.first == Self.ofParameters ? rules.first : nil }
    static let ofParameters = "parameters"

    /// By bits, without rules that leave out members, payloads kept as text need not be taken apart.
    var lookIntoPayloads: Bool { mode != .bits || rules.contains { $0.ignore == true } }

    /// What counts for a field, and the rule that says so; nil: the mode alone.
    package func effective(reference: String, type: Name, path: String) -> (rule: ComparisonRule, origin: String)? {
        var best: Int?
        for index in rules.indices
        where rules[index].selects(run: reference, type: type) && rules[index].as.isOfOne && rules[index].selects(path: path) {
            if best.map({ rules[$0].rank <= rules[index].rank }) ?? true { best = index }
        }
        return best.map { (rules[$0], origins[$0]) }
    }

    /// Rules that take several fields together.
    func grouping(reference: String, type: Name) -> [(rule: ComparisonRule, origin: String)] {
        rules.indices.filter { rules[$0].selects(run: reference, type: type) && !rules[$0].as.isOfOne }.sorted {
            (rules[$0].rank, $0) > (rules[$1].rank, $1)
        }.map { (rules[$0], origins[$0]) }
    }
}

extension Optional where Wrapped == ComparisonRule.Shape {
    fileprivate var isOfOne: Bool { self != .vector && self != .quaternion }
}

extension ComparisonRules.Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let why): "the rules cannot be read: \(why)"
        case .unknownMember(let name): "the rules have a member \"\(name)\", which no rule has"
        case .badBound(let rule, let name, let value): "\(rule): \(name) is \(value); it must be a finite number from 0 on"
        case .contradiction(let text): text
        case .tooMany(let count): "there are \(count) rules; at most \(ComparisonRules.most) may be"
        }
    }
}

extension DecodingError {
    /// In one line, without Swift's words.
    var whereAndWhy: String {
        func at(_ context: Context) -> String {
            let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
            return path.isEmpty ? "" : " at \(path.hasPrefix(".") ? String(path.dropFirst()) : path)"
        }
        switch self {
        case .dataCorrupted(let context):
            return (context.codingPath.isEmpty ? "they are no JSON" : "a value cannot be") + at(context)
        case .typeMismatch(_, let context): return "a value of another kind is expected" + at(context)
        case .valueNotFound(_, let context): return "a value is missing" + at(context)
        case .keyNotFound(let key, let context): return "\"\(key.stringValue)\" is missing" + at(context)
        @unknown default: return "they are no rules"
        }
    }
}

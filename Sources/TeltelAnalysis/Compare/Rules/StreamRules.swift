/// The rules of a comparison as they are for the fields of one stream.
import TeltelEvents

package struct StreamRules: Sendable, Equatable {
    /// Of each field.
    package private(set) var tests: [FieldTest]
    package private(set) var groups: [FieldGroup] = []
    /// What counts for a field or group that is not the mode alone, with where it came from.
    package private(set) var applied: [Applied] = []

    package struct Applied: Sendable, Equatable {
        /// Without `payload.`.
        package let field: String
        package let rule: ComparisonRule
        package let origin: String
    }

    /// - Parameters:
    ///   - fields: as digests name them: `payload.pos.x`.
    ///   - measured: those that are no part of the simulation, and those that nobody asks about.
    ///   - only: patterns of what is asked about in payloads that are kept as text; [] for all of them.
    package init(
        _ rules: ComparisonRules, reference: String, type: Name, fields: [String], measured: Set<Int> = [], only: [String] = []
    ) throws(Tolerance.Fault) {
        tests = Array(repeating: .bits, count: fields.count)
        let paths = fields.map(\.withoutPayload)
        for index in fields.indices {
            let found = rules.effective(reference: reference, type: type, path: paths[index])
            tests[index] = measured.contains(index) ? .ignored : try FieldTest(found?.rule, rules.mode)
            if let found, found.origin != ComparisonRules.ofParameters, !measured.contains(index) {
                applied.append(.init(field: paths[index], rule: found.rule, origin: found.origin))
            }
        }
        var grouped: Set<Int> = []
        for (rule, origin) in rules.grouping(reference: reference, type: type) {
            for group in try Self.groups(rule, fields, paths) where grouped.isDisjoint(with: group.members) {
                // Of a component that has a rule of its own the vector has nothing to say.
                guard !group.members.contains(where: { isSingled(paths[$0]) || tests[$0] == .ignored }) else { continue }
                grouped.formUnion(group.members)
                groups.append(group)
                applied.append(.init(field: group.name.withoutPayload, rule: rule, origin: origin))
            }
        }
        for index in grouped { tests[index] = .ignored }
        // By bits the text is one value; otherwise its members are.
        if let rest = fields.firstIndex(of: "rest"), tests[rest] != .ignored, rules.lookIntoPayloads || !only.isEmpty {
            let columns = Set(fields.filter { $0.hasPrefix("payload.") }.map(\.withoutPayload))
            tests[rest] = .payload(
                PayloadTest(rules: rules, reference: reference, type: type, columns: columns, only: only))
        }
    }

    /// By bits, but for what is measured.
    package init(bits fields: Int, ignored: Set<Int> = []) {
        tests = (0..<fields).map { ignored.contains($0) ? .ignored : .bits }
    }

    private func isSingled(_ path: String) -> Bool {
        applied.contains { $0.field.utf8.elementsEqual(path.utf8) && $0.rule.field?.utf8.elementsEqual(path.utf8) == true }
    }

    /// `pos` takes `pos.x`, `pos.y`, `pos.z` together, or `pos[0]` …; `*.pos` those of each body.
    private static func groups(
        _ rule: ComparisonRule, _ fields: [String], _ paths: [String]
    ) throws(Tolerance.Fault) -> [FieldGroup] {
        var members: [String: [Int]] = [:]
        for index in fields.indices {
            guard let parent = parent(of: paths[index]), rule.selects(path: parent) else { continue }
            members[String(fields[index].dropLast(paths[index].utf8.count - parent.utf8.count)), default: []].append(index)
        }
        let tolerance = try Tolerance(rule)
        return members.sorted { $0.key < $1.key }.compactMap { name, members in
            rule.as == .quaternion && members.count != 4
                ? nil : FieldGroup(name: name, members: members, isQuaternion: rule.as == .quaternion, tolerance: tolerance)
        }
    }

    private static func parent(of path: String) -> String? {
        guard let end = path.utf8.lastIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "[") }) else { return nil }
        return String(path[..<end])
    }

    /// Whether two rows are equal, by the values of their fields.
    func passes(_ reference: (Int) -> CellValue, _ value: (Int) -> CellValue) -> Bool {
        tests.indices.allSatisfy { tests[$0] == .ignored || tests[$0].passes(reference($0), value($0)) }
            && groups.allSatisfy { $0.passes($0.members.map(reference), $0.members.map(value)) }
    }

    /// Places of the fields that count.
    var compared: [Int] { tests.indices.filter { tests[$0] != .ignored } + groups.flatMap(\.members) }

    /// Nothing but the same bits passes, but for what is ignored because it is measured.
    package var isExact: Bool { groups.isEmpty && tests.allSatisfy { $0 == .bits || $0 == .ignored } }
}

extension Tolerance {
    init(_ rule: ComparisonRule?) throws(Fault) {
        try self.init(
            absolute: rule?.absolute ?? 0, relative: rule?.relative ?? 0, nominal: rule?.nominal ?? 0, ulp: rule?.ulp)
    }
}

extension String {
    /// A field as people name it: `pos.x` for `payload.pos.x`.
    package var withoutPayload: String { hasPrefix("payload.") ? String(dropFirst("payload.".count)) : self }
}

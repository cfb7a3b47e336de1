/// How payloads that are kept as text are judged: member by member, as rules say of each path.
import TeltelEvents

package struct PayloadTest: Hashable, Sendable {
    let rules: ComparisonRules
    let reference: String
    let type: Name
    /// Paths that have columns: their numbers have been judged already.
    let columns: Set<String>
    /// Patterns of the members that are asked about, with the type before them or without; [] for all.
    let only: [String]

    package func passes(_ reference: String, _ value: String) -> Bool {
        guard let differences = PayloadTextComparison.differences(reference, value) else {
            // The same members in another order, or another way to write a number. Or no JSON at all.
            return PayloadTextComparison.areOfOneValue(reference, value)
        }
        return differences.allSatisfy { passes($0.path, $0.first, $0.second) }
    }

    package func passes(_ path: String, _ reference: CellValue, _ value: CellValue) -> Bool {
        if !only.isEmpty, !isAsked(path) { return true }
        if columns.contains(path), reference.number != nil, value.number != nil { return true }
        return test(of: path).passes(reference, value)
    }

    private func isAsked(_ path: String) -> Bool {
        only.contains { pattern in
            Wildcard.matches(Array(pattern.utf8), Array(path.utf8))
                || Wildcard.matches(Array(pattern.utf8), Array("\(type.text).\(path)".utf8))
        }
    }

    package func test(of path: String) -> FieldTest {
        let rule = rules.effective(reference: reference, type: type, path: path)?.rule
        return (try? FieldTest(rule, rules.mode)) ?? .bits
    }
}

/// What differs between two payloads that are kept as text.
import Foundation

/// Members of JSON texts, by path. Numbers that a text has and a column as well are found twice: whoever lists them knows both by path.
package enum PayloadTextComparison {
    /// Paths with what is at them in either text; nil: there is no JSON in one of them, or they differ in what is no value (order of
    /// members, digits that no number has).
    package static func differences(_ a: String, _ b: String) -> [(path: String, first: CellValue, second: CellValue)]? {
        guard let first = leaves(a), let second = leaves(b) else { return nil }
        let paths = Set(first.keys).union(second.keys).sorted()
        let differing = paths.compactMap { path -> (path: String, first: CellValue, second: CellValue)? in
            let (x, y) = (first[path] ?? .null, second[path] ?? .null)
            return x == y ? nil : (path, x, y)
        }
        return differing.isEmpty ? nil : differing
    }

    /// Both are JSON, and have the same members with the same values.
    package static func areOfOneValue(_ a: String, _ b: String) -> Bool { leaves(a) != nil && leaves(a) == leaves(b) }

    /// Of all members; [] of what is no JSON.
    package static func paths(_ text: String) -> [String] { Array((leaves(text) ?? [:]).keys) }

    private static func leaves(_ text: String) -> [String: CellValue]? {
        guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) else { return nil }
        var leaves: [String: CellValue] = [:]
        add(value, at: "", to: &leaves)
        return leaves
    }

    private static func add(_ value: Any, at path: String, to leaves: inout [String: CellValue]) {
        switch value {
        case let object as [String: Any]:
            if object.isEmpty { leaves[path] = .json("{}") }
            for (name, member) in object { add(member, at: path.isEmpty ? name : "\(path).\(name)", to: &leaves) }
        case let array as [Any]:
            if array.isEmpty { leaves[path] = .json("[]") }
            for (index, element) in array.enumerated() { add(element, at: "\(path)[\(index)]", to: &leaves) }
        case is NSNull: leaves[path] = .json("null")
        case let text as String: leaves[path] = .text(text)
        case let number as NSNumber: leaves[path] = self.number(number)
        default: leaves[path] = .text("\(value)")
        }
    }

    private static func number(_ number: NSNumber) -> CellValue {
        switch String(cString: number.objCType) {
        case "c", "B": .bool(number.boolValue)
        case "d", "f": .float64(bits: number.doubleValue.bitPattern)
        case "Q": .unsigned(number.uint64Value)
        default: .integer(number.int64Value)
        }
    }
}

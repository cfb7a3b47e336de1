/// The expression that makes JSON text out of a row's payload columns.
import TeltelEvents

/// Every query of the view analyses the expressions of all tables, and that time grows with their size: so the columns of one
/// kind in one object share one `arrayMap`, which leaves two words per column. (Written out column by column, 256 tables of 30
/// columns took 7 seconds to ask for anything.) Members come in groups by kind; their order means nothing in JSON.
struct PayloadText {
    private let root = Branch()

    init(_ columns: [ColumnLayout]) {
        for column in columns {
            guard let name = PayloadColumnName(column.name), let type = PayloadType(column.type) else { continue }
            // By bytes: a dot and a mark over it would be one character.
            let path = name.path.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            root.branch(path.map { String(decoding: $0, as: UTF8.self) }).columns.append((name, type, column.name))
        }
    }

    /// What was kept as text is the payload.
    var wholeExpression: String { "if(t.rest != '', t.rest, \(expression))" }

    private var expression: String {
        guard let members = root.members() else { return "'{}'" }
        return "concat('{', \(members.text), '}')"
    }
}

/// The members of one object.
private struct Members {
    /// Joined by commas.
    let text: String
    /// Any of them may be missing in a row, and all of them.
    let isOptional: Bool
}

private final class Branch {
    typealias Column = (name: PayloadColumnName, type: PayloadType, column: String)
    /// Columns of this very path.
    var columns: [Column] = []
    var children: [(name: String, branch: Branch)] = []

    func branch(_ path: [String]) -> Branch {
        path.reduce(self) { branch, part in
            if let found = branch.children.first(where: { $0.name.utf8.elementsEqual(part.utf8) }) { return found.branch }
            let made = Branch()
            branch.children.append((part, made))
            return made
        }
    }

    /// nil: there are none.
    func members() -> Members? {
        var groups: [(kind: FieldKind, keys: [String], columns: [Column])] = []
        var others: [String] = []
        var objects: [(key: String, members: String)] = []
        var isOptional = false
        for (name, child) in children {
            let key = Self.key(name)
            for column in child.columns where column.name.element == nil {
                isOptional = isOptional || column.type.isNullable || column.type.isArray
                if column.type.isArray {
                    others.append(Self.wholeArray(key, column))
                } else if let index = groups.firstIndex(where: { $0.kind == column.type.kind }) {
                    groups[index].keys.append(key)
                    groups[index].columns.append(column)
                } else {
                    groups.append((column.type.kind, [key], [column]))
                }
            }
            for elements in child.elementsByKind {
                isOptional = isOptional || elements.contains { $0.type.isNullable }
                others.append(Self.elements(key, elements))
            }
            guard let inner = child.members() else { continue }
            isOptional = isOptional || inner.isOptional
            if inner.isOptional {
                objects.append((key, inner.text))
            } else {
                others.append("concat(\(SQLText.literal(key + "{")), \(inner.text), '}')")
            }
        }
        var lists = groups.map { Self.group($0.kind, $0.keys, $0.columns) }
        if !objects.isEmpty { lists.append(Self.objects(objects)) }
        if !others.isEmpty { lists.append("[\(others.joined(separator: ", "))]") }
        guard let first = lists.first else { return nil }
        let all = lists.count == 1 ? first : "arrayConcat(\(lists.joined(separator: ", ")))"
        return Members(
            text: "arrayStringConcat(\(isOptional ? "arrayFilter(m -> m != '', \(all))" : all), ',')", isOptional: isOptional)
    }

    private var elementsByKind: [[Column]] {
        let elements = columns.filter { $0.name.element != nil }.sorted { ($0.name.element ?? 0) < ($1.name.element ?? 0) }
        return FieldKind.allCases.map { kind in elements.filter { $0.type.kind == kind } }.filter { !$0.isEmpty }
    }

    private static func key(_ name: String) -> String {
        var text: [UInt8] = []
        JSONText.appendString(name, to: &text)
        return String(decoding: text, as: UTF8.self) + ":"
    }

    /// `"key":value` for each, '' where there is none.
    private static func group(_ kind: FieldKind, _ keys: [String], _ columns: [Column]) -> String {
        let isOptional = columns.contains { $0.type.isNullable }
        let text = text(kind, isOptional ? "assumeNotNull(v)" : "v")
        let member = isOptional ? "if(isNull(v), '', concat(k, \(text)))" : "concat(k, \(text))"
        let labels = keys.map(SQLText.literal).joined(separator: ", ")
        return "arrayMap((k, v) -> \(member), [\(labels)], [\(columns.map { Self.value($0.column) }.joined(separator: ", "))])"
    }

    /// A whole array is missing when it is empty: arrays of definitions have elements.
    private static func wholeArray(_ key: String, _ column: Column) -> String {
        let elements = "arrayStringConcat(arrayMap(v -> \(text(column.type.kind, "v")), \(value(column.column))), ',')"
        return "if(empty(\(value(column.column))), '', concat(\(SQLText.literal(key + "[")), \(elements), ']'))"
    }

    /// An array whose elements are columns ends at its first missing element: other definitions may have longer ones.
    private static func elements(_ key: String, _ columns: [Column]) -> String {
        let list = columns.map { value($0.column) }.joined(separator: ", ")
        let kind = columns[0].type.kind
        let opening = SQLText.literal(key + "[")
        guard columns.contains(where: { $0.type.isNullable }) else {
            return "concat(\(opening), arrayStringConcat(arrayMap(v -> \(text(kind, "v")), [\(list)]), ','), ']')"
        }
        let present = "arrayMap(v -> \(text(kind, "assumeNotNull(v)")), arrayFilter(v -> isNotNull(v), [\(list)]))"
        let whole = "concat(\(opening), arrayStringConcat(\(present), ','), ']')"
        return "if(isNull(\(value(columns[0].column))), '', \(whole))"
    }

    /// `"key":{members}` for each, '' where there are none. Members are named once each: whatever names them twice doubles the query
    /// with every level of nesting.
    private static func objects(_ objects: [(key: String, members: String)]) -> String {
        let keys = objects.map { SQLText.literal($0.key + "{") }.joined(separator: ", ")
        let members = objects.map(\.members).joined(separator: ", ")
        return "arrayMap((k, o) -> if(empty(o), '', concat(k, o, '}')), [\(keys)], [\(members)])"
    }

    private static func value(_ column: String) -> String { "t." + SQLText.name(column) }

    private static func text(_ kind: FieldKind, _ value: String) -> String {
        switch kind {
        case .f32, .f64:
            // "-0" is an integer to many readers of JSON, and loses its sign there.
            "if(isFinite(\(value)), if(\(value) = 0 AND 1 / \(value) < 0, '-0.0', toString(\(value))), multiIf(isNaN(\(value)), '\"NaN\"', \(value) > 0, '\"Infinity\"', '\"-Infinity\"'))"
        case .bool: "if(\(value), 'true', 'false')"
        case .text: "toJSONString(\(value))"
        default: "toString(\(value))"
        }
    }
}

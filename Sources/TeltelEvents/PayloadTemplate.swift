/// A record's payload as JSON: literal text and values by turns, worked out once per type.
///
/// Dotted names become nested objects in the order of first appearance. A name that is both a value and a parent ("a" and
/// "a.b") stays flat, so that no value is lost.
struct PayloadTemplate: Sendable {
    private struct Step: Sendable {
        var literal: [UInt8]
        var field: Field
    }
    private var steps: [Step] = []
    private var tail: [UInt8] = []

    init(_ fields: [Field]) {
        let root = Node()
        for (index, field) in fields.enumerated() {
            root.insert(field.name.split(at: "."), index, field.name)
        }
        var literal: [UInt8] = []
        root.walk(&literal) { index, text in
            steps.append(Step(literal: text, field: fields[index]))
        }
        tail = literal
    }

    /// `payload` is at least as long as every field's offset + size: checked when the schema was read.
    func append(_ payload: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        for step in steps {
            out.append(contentsOf: step.literal)
            Self.appendValue(step.field, payload, to: &out)
        }
        out.append(contentsOf: tail)
    }

    private static func appendValue(_ field: Field, _ payload: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        if field.kind == .text {
            let bytes = UnsafeRawBufferPointer(rebasing: payload[field.offset..<field.offset + field.count])
            let length = bytes.firstIndex(of: 0) ?? bytes.count
            return JSONText.appendString(utf8: UnsafeRawBufferPointer(rebasing: bytes[..<length]), to: &out)
        }
        if field.count == 1 { return appendScalar(field.kind, payload, field.offset, to: &out) }
        out.append(UInt8(ascii: "["))
        for element in 0..<field.count {
            if element > 0 { out.append(UInt8(ascii: ",")) }
            appendScalar(field.kind, payload, field.offset + element * field.kind.size, to: &out)
        }
        out.append(UInt8(ascii: "]"))
    }

    private static func appendScalar(_ kind: FieldKind, _ payload: UnsafeRawBufferPointer, _ at: Int, to out: inout [UInt8]) {
        func load<T: BitwiseCopyable>(_: T.Type) -> T { payload.loadUnaligned(fromByteOffset: at, as: T.self) }
        switch kind {
        case .f64: JSONText.append(load(Double.self), to: &out)
        case .f32: JSONText.append(load(Float.self), to: &out)
        case .i8: JSONText.append(load(Int8.self), to: &out)
        case .u8, .text: JSONText.append(load(UInt8.self), to: &out)
        case .i16: JSONText.append(load(Int16.self), to: &out)
        case .u16: JSONText.append(load(UInt16.self), to: &out)
        case .i32: JSONText.append(load(Int32.self), to: &out)
        case .u32: JSONText.append(load(UInt32.self), to: &out)
        case .i64: JSONText.append(load(Int64.self), to: &out)
        case .u64: JSONText.append(load(UInt64.self), to: &out)
        case .bool: JSONText.append(load(UInt8.self) != 0 ? "true" : "false", to: &out)
        }
    }
}

/// The tree of dotted names, used only while a template is made.
private final class Node {
    var children: [(name: Name, node: Node)] = []
    var value: Int?

    func insert(_ path: [Name], _ index: Int, _ fullName: Name) {
        var node = self
        var flat = path.isEmpty
        for part in path {
            if node.value != nil {
                flat = true
                break
            }
            node = node.child(part)
        }
        if flat || node.value != nil || !node.children.isEmpty { node = child(fullName) }
        node.value = index
    }

    private func child(_ name: Name) -> Node {
        if let found = children.first(where: { $0.name == name }) { return found.node }
        let node = Node()
        children.append((name, node))
        return node
    }

    func walk(_ literal: inout [UInt8], _ visit: (Int, [UInt8]) -> Void) {
        if let value {
            visit(value, literal)
            literal = []
            return
        }
        literal.append(UInt8(ascii: "{"))
        for (index, child) in children.enumerated() {
            if index > 0 { literal.append(UInt8(ascii: ",")) }
            JSONText.appendString(child.name, to: &literal)
            literal.append(UInt8(ascii: ":"))
            child.node.walk(&literal, visit)
        }
        literal.append(UInt8(ascii: "}"))
    }
}

/// A table as it is in the database, and the statements that bring it to where a block needs it.
import TeltelEvents

/// What the database says about one of teltel's tables.
struct TableDescription: Sendable, Equatable {
    let name: String
    /// nil: the table of all further types.
    let key: TableKey?
    /// In the order of the table.
    var columns: [ColumnLayout]

    func type(of column: String) -> String? { columns.first { $0.name == column }?.type }
    var payloadColumns: [ColumnLayout] { columns.filter { PayloadColumnName($0.name) != nil } }
}

/// The parts of a payload column's name: `payload.pos.x`, `payload.gear[2]:i32`, `payload/samples`.
struct PayloadColumnName: Hashable, Sendable {
    /// `pos.x`, without element and kind.
    let path: String
    let element: Int?
    let isArray: Bool
    /// Of a column that had to give way to one of another kind.
    let kind: FieldKind?

    init?(_ name: String) {
        isArray = name.hasPrefix(PayloadColumns.arrayPrefix)
        guard isArray || name.hasPrefix(PayloadColumns.prefix) else { return nil }
        var rest = name.dropFirst(PayloadColumns.prefix.count)
        if let colon = rest.lastIndex(of: ":"),
            let kind = FieldKind.allCases.first(where: { $0.name == rest[rest.index(after: colon)...] })
        {
            self.kind = kind
            rest = rest[..<colon]
        } else {
            kind = nil
        }
        if rest.last == "]", let open = rest.lastIndex(of: "["), let number = Int(rest[rest.index(after: open)...].dropLast()) {
            element = number
            rest = rest[..<open]
        } else {
            element = nil
        }
        path = isArray ? String(rest.replacing("/", with: ".")) : String(rest)
    }
}

/// A ClickHouse type of a payload column, taken apart.
struct PayloadType: Hashable, Sendable {
    var kind: FieldKind
    var isNullable = false
    var isArray = false

    init?(_ text: String) {
        var inner = text
        if let content = Self.content(of: "Nullable", in: text) {
            isNullable = true
            inner = content
        } else if let content = Self.content(of: "Array", in: text) {
            isArray = true
            inner = content
        }
        guard let kind = FieldKind(clickHouseType: inner) else { return nil }
        self.kind = kind
    }
    private static func content(of wrapper: String, in text: String) -> String? {
        text.hasPrefix(wrapper + "(") && text.hasSuffix(")") ? String(text.dropFirst(wrapper.count + 1).dropLast()) : nil
    }

    var text: String {
        if isArray { return "Array(\(kind.clickHouseType))" }
        return isNullable ? "Nullable(\(kind.clickHouseType))" : kind.clickHouseType
    }
    /// Compression that suits the kind: floats by their bits, integers by their differences.
    var codec: String {
        switch kind {
        case .f32, .f64: "CODEC(FPC, ZSTD(1))"
        case .i16, .u16, .i32, .u32, .i64, .u64: "CODEC(Delta, ZSTD(1))"
        case .i8, .u8, .bool, .text: "CODEC(ZSTD(1))"
        }
    }
}

/// Which columns a block goes to, and what must be changed in the table first.
struct TablePlan: Sendable, Equatable {
    /// Source and target, for each column of the block.
    var targets: [(source: String, target: String)] = []
    var additions: [ColumnLayout] = []
    /// Columns that must be able to hold NULL from now on.
    var madeNullable: [ColumnLayout] = []
    var isReady: Bool { additions.isEmpty && madeNullable.isEmpty }

    static func == (a: TablePlan, b: TablePlan) -> Bool {
        a.additions == b.additions && a.madeNullable == b.madeNullable && a.targets.elementsEqual(b.targets) { $0 == $1 }
    }

    /// - Parameter isNew: the table has no rows yet, so that a definition's columns need no NULL.
    init(_ layout: TableLayout, in table: TableDescription, isNew: Bool) throws(ClickHouseError) {
        let identity = layout.columns.count - layout.payloadColumns.count
        targets = layout.columns.prefix(identity).map { ($0.name, $0.name) }
        for column in layout.payloadColumns {
            guard let type = PayloadType(column.type) else {
                throw ClickHouseError(.unsupported, "\(layout.name): column \(column.name) has type \(column.type)")
            }
            try place(column, type, in: table, isPlain: isNew && layout.isDefined)
        }
        // A column without NULL that these rows do not have would show 0 in them.
        let used = Set(targets.map(\.target))
        for column in table.payloadColumns where !used.contains(column.name) { makeNullable(column) }
    }

    private mutating func place(_ column: ColumnLayout, _ type: PayloadType, in table: TableDescription, isPlain: Bool)
        throws(ClickHouseError)
    {
        for name in [column.name, "\(column.name):\(type.kind.name)"] {
            guard let text = table.type(of: name) else {
                var added = type
                added.isNullable = !type.isArray && (type.isNullable || !isPlain)
                additions.append(ColumnLayout(name, added.text))
                targets.append((column.name, name))
                return
            }
            guard let existing = PayloadType(text), existing.kind == type.kind, existing.isArray == type.isArray else { continue }
            targets.append((column.name, name))
            if type.isNullable { makeNullable(ColumnLayout(name, text)) }
            return
        }
        throw ClickHouseError(.unsupported, "\(table.name): column \(column.name) is not as teltel makes it")
    }

    private mutating func makeNullable(_ column: ColumnLayout) {
        guard var type = PayloadType(column.type), !type.isNullable, !type.isArray else { return }
        type.isNullable = true
        madeNullable.append(ColumnLayout(column.name, type.text))
    }
}

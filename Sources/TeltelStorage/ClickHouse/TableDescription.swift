/// A table as it is in the database, and the statements that bring it to where a block needs it.
import TeltelEvents

/// What the database says about one of teltel's tables.
package struct TableDescription: Sendable, Equatable {
    package let name: String
    /// nil: the table of all further types.
    package let key: TableKey?
    /// In the order of the table.
    package var columns: [ColumnLayout]

    package init(name: String, key: TableKey?, columns: [ColumnLayout]) {
        self.name = name
        self.key = key
        self.columns = columns
    }

    package func type(of column: String) -> String? { columns.first { Name($0.name) == Name(column) }?.type }
    package var payloadColumns: [ColumnLayout] { columns.filter { PayloadColumnName($0.name) != nil } }
    /// What every table has and this one has not any more: somebody has changed it. It takes no rows then, and the view cannot show it.
    package var missingColumns: [ColumnLayout] {
        let present = Set(columns.map { Name($0.name) })
        return (TableLayout.identity + (key == nil ? TableLayout.otherColumns : [])).filter { !present.contains(Name($0.name)) }
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

/// What the values of a payload column are: those of one path, of one kind. Compared by bytes, as ClickHouse does.
private struct PayloadPlace: Hashable {
    let path: [UInt8]
    let isArray: Bool
    let kind: FieldKind
    init(_ name: PayloadColumnName, _ type: PayloadType) {
        (path, isArray, kind) = (Array(name.fullPath.utf8), name.isArray, type.kind)
    }
}

/// Where a table has place for payload values.
private struct PayloadPlaces {
    private var columns: [PayloadPlace: [ColumnLayout]] = [:]
    /// Names that no new column can have.
    var taken: Set<[UInt8]>

    init(_ table: TableDescription, barred: Set<[UInt8]>) {
        taken = barred
        for column in table.columns {
            let name = Array(column.name.utf8)
            taken.insert(name)
            // ClickHouse adds no column of the name that lies before a dot in another's: it takes that one for a member of it.
            for dot in name.indices where name[dot] == UInt8(ascii: ".") { taken.insert(Array(name[..<dot])) }
            guard let parts = PayloadColumnName(column.name), let type = PayloadType(column.type) else { continue }
            columns[PayloadPlace(parts, type), default: []].append(column)
        }
    }

    /// A column for each who asks: blocks of earlier collectors may have two names that say the same.
    mutating func take(_ place: PayloadPlace) -> ColumnLayout? {
        guard let found = columns[place]?.first else { return nil }
        columns[place]?.removeFirst()
        return found
    }
}

/// Which columns a block goes to, and what must be changed in the table first.
package struct TablePlan: Sendable, Equatable {
    /// Source and target, for each column of the block.
    package var targets: [(source: String, target: String)] = []
    package var additions: [ColumnLayout] = []
    /// Columns that must be able to hold NULL from now on.
    package var madeNullable: [ColumnLayout] = []
    package var isReady: Bool { additions.isEmpty && madeNullable.isEmpty }

    /// The table has the block's columns and no others.
    package init(unchanged layout: TableLayout) { targets = layout.columns.map { ($0.name, $0.name) } }

    package static func == (a: TablePlan, b: TablePlan) -> Bool {
        a.additions == b.additions && a.madeNullable == b.madeNullable
            && a.targets.elementsEqual(b.targets) { Name($0.source) == Name($1.source) && Name($0.target) == Name($1.target) }
    }

    /// - Parameter isNew: the table has no rows yet, so that a definition's columns need no NULL.
    /// - Parameter barred: names that ClickHouse gave no column when it was asked to.
    package init(_ layout: TableLayout, in table: TableDescription, isNew: Bool, barred: Set<[UInt8]> = [])
        throws(ClickHouseError)
    {
        let identity = layout.columns.count - layout.payloadColumns.count
        targets = layout.columns.prefix(identity).map { ($0.name, $0.name) }
        var places = PayloadPlaces(table, barred: barred)
        for column in layout.payloadColumns {
            guard let type = PayloadType(column.type) else {
                throw ClickHouseError(.unfitTable, "\(layout.name): column \(column.name) has type \(column.type)")
            }
            try place(column, type, in: table, &places, isPlain: isNew && layout.isDefined)
        }
        // A column without NULL that these rows do not have would show 0 in them.
        let used = Set(targets.map { Name($0.target) })
        for column in table.payloadColumns where !used.contains(Name(column.name)) { makeNullable(column) }
    }

    /// To the column that the table has for these values, or to a new one.
    private mutating func place(
        _ column: ColumnLayout, _ type: PayloadType, in table: TableDescription, _ places: inout PayloadPlaces, isPlain: Bool
    ) throws(ClickHouseError) {
        guard let name = PayloadColumnName(column.name) else {
            throw ClickHouseError(.unfitTable, "\(table.name): column \(column.name) is not as teltel makes it")
        }
        if let existing = places.take(PayloadPlace(name, type)) {
            targets.append((column.name, existing.name))
            if type.isNullable { makeNullable(existing) }
            return
        }
        var added = type
        added.isNullable = !type.isArray && (type.isNullable || !isPlain)
        guard let free = name.candidates(type.kind).first(where: { !places.taken.contains(Array($0.utf8)) }) else {
            throw ClickHouseError(
                .withoutEffect,
                "\(table.name): ClickHouse says that it adds a column for \(name.path) and does not, under any of the names "
                    + name.candidates(type.kind).joined(separator: ", ") + ": add one of them with the type \(added.text) by hand"
            )
        }
        places.taken.insert(Array(free.utf8))
        additions.append(ColumnLayout(free, added.text))
        targets.append((column.name, free))
    }

    private mutating func makeNullable(_ column: ColumnLayout) {
        guard var type = PayloadType(column.type), !type.isNullable, !type.isArray else { return }
        type.isNullable = true
        madeNullable.append(ColumnLayout(column.name, type.text))
    }
}

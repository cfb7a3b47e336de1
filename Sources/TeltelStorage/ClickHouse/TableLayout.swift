/// Names and columns of the typed tables. Pure functions: the same type always has the same table, in every process.
import TeltelEvents

/// Which events a table holds.
package struct TableKey: Hashable, Comparable, Sendable {
    package let channel: Name
    package let type: Name
    package init(channel: Name, type: Name) {
        self.channel = channel
        self.type = type
    }
    package static func < (a: TableKey, b: TableKey) -> Bool { (a.channel, a.type) < (b.channel, b.type) }

    /// `events_` + at most 40 readable bytes + 16 hex digits of a hash of both names, which alone keeps tables apart.
    package var tableName: String {
        let readable = "\(channel)_\(type)".utf8.prefix(40).map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: byte
            default: UInt8(ascii: "_")
            }
        }
        let hash = InstanceID(StableHash.fnv1a(Array(channel.utf8) + [0] + type.utf8)).description
        return "events_" + String(decoding: readable, as: UTF8.self) + "_" + hash
    }
}

/// FNV-1a, 64 bits: stable across processes and versions, unlike `Hasher`.
package enum StableHash {
    package static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

/// A column as it lies in a Native block: name and ClickHouse type.
package struct ColumnLayout: Hashable, Sendable {
    package let name: String
    package let type: String
    package init(_ name: String, _ type: String) {
        self.name = name
        self.type = type
    }

    package static func == (a: Self, b: Self) -> Bool { Name(a.name) == Name(b.name) && a.type == b.type }
    package func hash(into hasher: inout Hasher) {
        hasher.combine(Name(name))
        hasher.combine(type)
    }
}

/// What a frame of a segment holds, and so what a group inserts. Frames with equal layouts may go into one insert.
package struct TableLayout: Hashable, Sendable {
    /// The table's name in the database.
    package let name: String
    /// The only channel and type in it; nil for the table of all further types, whose rows name them.
    package let key: TableKey?
    /// All columns of the blocks, in order: the identity columns, then one per payload field.
    package let columns: [ColumnLayout]
    /// The blocks come from an engine's definition. When they come first, their payload columns are made without NULL.
    package let isDefined: Bool

    package init(name: String, key: TableKey?, columns: [ColumnLayout], isDefined: Bool) {
        self.name = name
        self.key = key
        self.columns = columns
        self.isDefined = isDefined
    }

    /// By what mostly differs: there may be a thousand columns.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(columns.count)
    }

    package static let otherName = "events_other"
    package static let prefix = "events_"

    /// The columns that every table has, before those of the payload.
    package static let identity: [ColumnLayout] = [
        ColumnLayout("run_id", "LowCardinality(String)"), ColumnLayout("instance", "LowCardinality(String)"),
        ColumnLayout("source_id", "LowCardinality(String)"), ColumnLayout("writer", "UInt16"),
        ColumnLayout("sequence", "UInt64"), ColumnLayout("frame_index", "UInt64"), ColumnLayout("sim_time", "Float64"),
        ColumnLayout("wall_time_ms", "Nullable(UInt64)"), ColumnLayout("tags", "String"),
        ColumnLayout("inserted_at", "DateTime"), ColumnLayout("rest", "String"),
    ]
    /// Of the table of all further types only.
    package static let otherColumns: [ColumnLayout] = [
        ColumnLayout("channel", "LowCardinality(String)"), ColumnLayout("type", "LowCardinality(String)"),
    ]

    package var payloadColumns: ArraySlice<ColumnLayout> {
        columns.dropFirst(Self.identity.count + (key == nil ? Self.otherColumns.count : 0))
    }
}

extension FieldKind {
    /// The ClickHouse type of one value. Enums are their integers.
    package var clickHouseType: String {
        switch self {
        case .i8: "Int8"
        case .u8: "UInt8"
        case .i16: "Int16"
        case .u16: "UInt16"
        case .i32: "Int32"
        case .u32: "UInt32"
        case .i64: "Int64"
        case .u64: "UInt64"
        case .f32: "Float32"
        case .f64: "Float64"
        case .bool: "Bool"
        case .text: "String"
        }
    }
    /// The kind of a column's type without `Nullable` and `Array` around it.
    package init?(clickHouseType type: String) {
        guard let kind = Self.allCases.first(where: { $0.clickHouseType == type }) else { return nil }
        self = kind
    }
}

/// Rows of one ring and one schema, turned into columns.
import CTeltel
import TeltelBus
import TeltelEvents

/// The bytes of one column: `rows` values behind each other, little-endian as in the ring.
struct Column: Sendable {
    var bytes: [UInt8]
    /// 1 per row that has a value; empty: all have.
    var presence: [UInt8] = []
    /// Of a reduced column, per pair: values that were no finite number, or missing; at most 255.
    var notFinite: [UInt8] = []
}

/// Sequence, frame, sim time and wall time are the first four columns; then come the schema's fields.
struct ColumnBlock: Sendable {
    static let fixed: [FieldKind] = [.u64, .u64, .f64, .i64]
    let schema: ColumnSchema
    let ring: RingID
    var rows: Int
    /// Rows that these stand for: more than `rows` if reduced.
    let sourceRows: Int
    var isReduced = false
    var columns: [Column]

    /// All rows of `parts`, which are of this schema and ring, in order. `json`: the numbers of rows that are JSON.
    init(_ schema: ColumnSchema, _ ring: RingID, _ parts: [Delivery.Part], json: NumberColumns?) {
        self.schema = schema
        self.ring = ring
        let count = parts.reduce(0) { $0 + ($1.rows?.count ?? $1.batch.count) }
        rows = count
        sourceRows = count
        columns = [
            Self.column(parts, count) { batch, row in batch.sequence(row) },
            Self.column(parts, count) { batch, row in batch.frame(row) },
            Self.column(parts, count) { batch, row in batch.simTime(row).bitPattern },
            Self.column(parts, count) { batch, row in UInt64(bitPattern: batch.wallTimes[row]) },
        ]
        for field in schema.fields { columns.append(json?.column(field.name) ?? Self.column(of: field, parts, count)) }
    }

    private static func forEachRow(_ parts: [Delivery.Part], _ body: (Batch, Int) -> Void) {
        for part in parts {
            if let rows = part.rows {
                for row in rows { body(part.batch, row) }
            } else {
                for row in 0..<part.batch.count { body(part.batch, row) }
            }
        }
    }

    private static func column(_ parts: [Delivery.Part], _ count: Int, _ value: (Batch, Int) -> UInt64) -> Column {
        Column(
            bytes: [UInt8](unsafeUninitializedCapacity: count * 8) { out, filled in
                forEachRow(parts) { batch, row in
                    // SAFETY: `count` is the number of rows, so that all values fit.
                    out.baseAddress.map {
                        UnsafeMutableRawPointer($0 + filled).storeBytes(of: value(batch, row).littleEndian, as: UInt64.self)
                    }
                    filled += 8
                }
            })
    }

    /// Straight out of the records.
    private static func column(of field: ColumnField, _ parts: [Delivery.Part], _ count: Int) -> Column {
        let size = field.rowBytes
        let begin = Int(TELTEL_RECORD_HEADER_BYTES) + field.offset
        return Column(
            bytes: [UInt8](unsafeUninitializedCapacity: count * size) { out, filled in
                guard let to = out.baseAddress.map(UnsafeMutableRawPointer.init) else { return }
                for part in parts {
                    part.batch.round.bytes.withUnsafeBytes { records in
                        // SAFETY: a schema's fields lie inside its records and the records inside the round: both were
                        // checked when they were read. `count` is the number of rows, so that all values fit.
                        guard let from = records.baseAddress else { return }
                        func copy(_ row: Int) {
                            let source = from + (Int(part.batch.offsets[row]) + begin)
                            switch size {
                            case 8: (to + filled).storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
                            case 4: (to + filled).storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
                            default: (to + filled).copyMemory(from: source, byteCount: size)
                            }
                            filled += size
                        }
                        if let rows = part.rows {
                            for row in rows { copy(row) }
                        } else {
                            for row in 0..<part.batch.count { copy(row) }
                        }
                    }
                }
            })
    }
}

/// Digests as a block in ClickHouse's Native format.
import CTeltelStorage
import TeltelEvents

enum DigestBlock {
    /// Writes the columns of `DigestTable`, in its order.
    static func write(_ digests: [BlockDigest], insertedAt: UInt32, to out: ColumnBytes) -> NativeBlock {
        out.append(length: DigestTable.columns.count)
        out.append(length: digests.count)
        for column in DigestTable.columns {
            out.append(string: column.name)
            out.append(string: column.type)
            write(column.name, digests, insertedAt, to: out)
        }
        // Each by itself: others of the same ring lie between them.
        let ranges = digests.map { RowRange(ring: $0.ring, first: $0.firstSequence, last: $0.firstSequence, rows: 1) }
        return NativeBlock(
            table: DigestTable.layout, rows: digests.count, ranges: ranges, runs: Set(digests.map(\.run)).sorted(), keyCounts: [])
    }

    private static func write(_ column: String, _ digests: [BlockDigest], _ insertedAt: UInt32, to out: ColumnBytes) {
        switch column {
        case "run_id": names(digests.map(\.run.runID), to: out)
        case "instance": names(digests.map { Name($0.ring.instance.description) }, to: out)
        case "source_id": names(digests.map(\.run.sourceID), to: out)
        case "channel": names(digests.map(\.table.channel), to: out)
        case "type": names(digests.map(\.table.type), to: out)
        case "writer": for digest in digests { out.append(plain: digest.ring.writer) }
        case "sequence": for digest in digests { out.append(plain: digest.firstSequence) }
        case "block": for digest in digests { out.append(plain: digest.block) }
        case "rows": for digest in digests { out.append(plain: digest.rows) }
        case "row_digest": for digest in digests { out.append(plain: digest.rowDigest) }
        case "first_frame": for digest in digests { out.append(plain: digest.firstFrame) }
        case "last_frame": for digest in digests { out.append(plain: digest.lastFrame) }
        case "inserted_at": for _ in digests { out.append(plain: insertedAt) }
        case "keys":
            ends(digests.map(\.keys.count), to: out)
            for digest in digests { for key in digest.keys { out.append(string: key) } }
        case "fields":
            ends(digests.map(\.fields.count), to: out)
            for digest in digests { for (field, _) in digest.fields { out.append(string: field.name) } }
        case "flags": fields(digests, to: out) { field, _ in field.flags.rawValue }
        case "digests": fields(digests, to: out) { $1.sums.digest }
        case "counts": fields(digests, to: out) { $1.sums.count }
        case "nans": fields(digests, to: out) { $1.sums.nans }
        case "infinities": fields(digests, to: out) { $1.sums.infinities }
        case "smallest": fields(digests, to: out) { $1.sums.smallest }
        case "largest": fields(digests, to: out) { $1.sums.largest }
        case "first": fields(digests, to: out) { $1.first }
        case "last": fields(digests, to: out) { $1.last }
        default: preconditionFailure("a column that nobody writes")
        }
    }

    private static func fields<Value: BitwiseCopyable>(
        _ digests: [BlockDigest], to out: ColumnBytes, _ value: (DigestField, FieldDigest) -> Value
    ) {
        ends(digests.map(\.fields.count), to: out)
        for digest in digests { for (field, sums) in digest.fields { out.append(plain: value(field, sums)) } }
    }

    /// Ends of each row's elements.
    private static func ends(_ counts: [Int], to out: ColumnBytes) {
        var end: UInt64 = 0
        for count in counts {
            end += UInt64(count)
            out.append(plain: end)
        }
    }

    private static func names(_ names: [Name], to out: ColumnBytes) {
        var dictionary = TextDictionary()
        let numbers = names.map { dictionary.index(of: $0) }
        dictionary.writeHead(rows: names.count, to: out)
        for number in numbers {
            switch dictionary.indexBytes {
            case 1: out.append(plain: UInt8(truncatingIfNeeded: number))
            case 2: out.append(plain: UInt16(truncatingIfNeeded: number))
            default: out.append(plain: number)
            }
        }
    }
}

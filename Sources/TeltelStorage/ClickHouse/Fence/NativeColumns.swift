/// Columns of one table in the making, and how they become a block in ClickHouse's Native format.
///
/// A block is: number of columns, number of rows, then per column its name, its type and its values one after the other. Values
/// are little-endian and unaligned; a text is its length and its bytes; Nullable has a byte per row before the values;
/// LowCardinality a dictionary and one index per row.
import TeltelEvents

/// What all rows of one `append` have in common, as numbers into the block's dictionaries.
private struct Stretch {
    let run: UInt32
    let instance: UInt32
    let source: UInt32
    let channel: UInt32
    let type: UInt32
    let writer: UInt16
    let rows: Int
}

/// The identity columns. Payload columns are added by its owner. One thread at a time.
final class NativeColumns {
    private(set) var rows = 0
    private var stretches: [Stretch] = []
    private var runs = TextDictionary()
    private var instances = TextDictionary()
    private var sources = TextDictionary()
    private var channels = TextDictionary()
    private var types = TextDictionary()
    let sequences = ColumnBytes()
    let frames = ColumnBytes()
    let simTimes = ColumnBytes()
    let wallTimeNulls = ColumnBytes()
    let wallTimes = ColumnBytes()
    let tags = ColumnBytes()
    private(set) var rowsWithTags = 0
    let rest = ColumnBytes()
    private(set) var rowsWithRest = 0

    /// Bytes of the variable parts so far.
    var textBytes: Int { tags.count + rest.count }

    /// Counts `rows` rows in, whose values the caller has appended to the columns above.
    func add(_ chunk: RowChunk, rows added: Int) {
        guard added > 0 else { return }
        stretches.append(
            Stretch(
                run: runs.index(of: chunk.run.runID), instance: instances.index(of: Name(chunk.ring.instance.description)),
                source: sources.index(of: chunk.run.sourceID), channel: channels.index(of: chunk.schema.channel),
                type: types.index(of: chunk.schema.type), writer: chunk.ring.writer, rows: added))
        rows += added
    }

    /// Sets the text of row number `row`; rows without it hold "". Rows come in order.
    func setTags(_ text: UnsafeRawBufferPointer, row: Int) {
        guard !text.isEmpty else { return }
        tags.append(zeros: row - rowsWithTags)
        tags.append(string: text)
        rowsWithTags = row + 1
    }
    func setRest(_ text: UnsafeRawBufferPointer, row: Int) {
        rest.append(zeros: row - rowsWithRest)
        rest.append(string: text)
        rowsWithRest = row + 1
    }

    func removeAll() {
        rows = 0
        stretches.removeAll(keepingCapacity: true)
        for column in [sequences, frames, simTimes, wallTimeNulls, wallTimes, tags, rest] { column.removeAll() }
        rowsWithTags = 0
        rowsWithRest = 0
        runs.removeAll()
        instances.removeAll()
        sources.removeAll()
        channels.removeAll()
        types.removeAll()
    }

    /// Writes the block's head and identity columns, in the order of `layout`, whose first columns they are.
    func write(_ layout: TableLayout, insertedAt: UInt32, to out: ColumnBytes) {
        out.append(length: layout.columns.count)
        out.append(length: rows)
        var heads = layout.columns.makeIterator()
        func head() {
            guard let column = heads.next() else { preconditionFailure("a layout without the identity columns") }
            out.append(string: column.name)
            out.append(string: column.type)
        }
        head()
        write(runs, \.run, to: out)
        head()
        write(instances, \.instance, to: out)
        head()
        write(sources, \.source, to: out)
        head()
        writeWriters(to: out)
        for column in [sequences, frames, simTimes] {
            head()
            out.append(column)
        }
        head()
        out.append(wallTimeNulls)
        out.append(wallTimes)
        head()
        out.append(tags)
        out.append(zeros: rows - rowsWithTags)
        head()
        fill(out.extend(by: rows * 4), rows, with: insertedAt)
        head()
        out.append(rest)
        out.append(zeros: rows - rowsWithRest)
        if layout.key == nil {
            head()
            write(channels, \.channel, to: out)
            head()
            write(types, \.type, to: out)
        }
    }

    private func writeWriters(to out: ColumnBytes) {
        var target = out.extend(by: rows * 2)
        for stretch in stretches {
            fill(target, stretch.rows, with: stretch.writer)
            target += stretch.rows * 2
        }
    }

    private func write(_ dictionary: TextDictionary, _ index: KeyPath<Stretch, UInt32>, to out: ColumnBytes) {
        dictionary.writeHead(rows: rows, to: out)
        var target = out.extend(by: rows * dictionary.indexBytes)
        for stretch in stretches {
            let value = stretch[keyPath: index]
            switch dictionary.indexBytes {
            case 1: fill(target, stretch.rows, with: UInt8(truncatingIfNeeded: value))
            case 2: fill(target, stretch.rows, with: UInt16(truncatingIfNeeded: value))
            default: fill(target, stretch.rows, with: value)
            }
            target += stretch.rows * dictionary.indexBytes
        }
    }

    // SAFETY: callers have just extended a column by `count` values.
    private func fill<T: BitwiseCopyable>(_ target: UnsafeMutableRawPointer, _ count: Int, with value: T) {
        for index in 0..<count { target.storeBytes(of: value, toByteOffset: index &* MemoryLayout<T>.size, as: T.self) }
    }
}

/// The distinct texts of a LowCardinality column of one block.
struct TextDictionary {
    private var numbers: [Name: UInt32] = [:]
    private var texts: [Name] = []
    private var last: (text: Name, number: UInt32)?

    mutating func index(of text: Name) -> UInt32 {
        if let last, last.text == text { return last.number }
        let number = numbers[text] ?? UInt32(texts.count)
        if number == texts.count {
            numbers[text] = number
            texts.append(text)
        }
        last = (text, number)
        return number
    }
    mutating func removeAll() {
        numbers.removeAll(keepingCapacity: true)
        texts.removeAll(keepingCapacity: true)
        last = nil
    }

    var indexBytes: Int { texts.count <= 1 << 8 ? 1 : texts.count <= 1 << 16 ? 2 : 4 }

    /// Version 1, then: keys follow (0x200) and make the dictionary (0x400), size of the indexes, the keys, the number of rows.
    func writeHead(rows: Int, to out: ColumnBytes) {
        out.append(plain: UInt64(1))
        out.append(plain: UInt64(0x600) + UInt64(indexBytes.trailingZeroBitCount))
        out.append(plain: UInt64(texts.count))
        for text in texts { out.append(string: text.text) }
        out.append(plain: UInt64(rows))
    }
}

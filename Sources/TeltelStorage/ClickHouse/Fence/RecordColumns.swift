/// Columns of the engines' structs: peels the fields off the records, a tile of rows at a time, so that the tile stays in the
/// processor's nearest cache while its columns are written.
import CTeltel
import Glibc
import TeltelEvents

private let rowsPerTile = 64
private let headBytes = Int(TELTEL_RECORD_HEADER_BYTES)

/// The payload columns of one block whose rows come from definitions with the same columns. One thread at a time.
final class RecordColumns {
    let columns: [PayloadColumn]
    let values: [ColumnBytes]
    let textColumns: [Int]
    /// Targets of the columns for the rows of one `append`.
    private var targets: [UnsafeMutableRawPointer] = []

    init(_ columns: [PayloadColumn]) {
        self.columns = columns
        values = columns.map { _ in ColumnBytes() }
        textColumns = columns.indices.filter { columns[$0].kind == .text }
    }

    /// Whether records with these columns can be appended: they may lie elsewhere in the struct.
    static func signature(_ columns: [PayloadColumn]) -> [String] {
        columns.map { "\($0.layout.name) \($0.layout.type) \($0.count)" }
    }

    /// Appends all rows of the chunk. `plan` has the columns given at init, at this schema's offsets; every record is whole in
    /// the chunk's bytes, which is checked here once more.
    func append(_ chunk: RowChunk, recordSize: Int, plan: [PayloadColumn], identity: NativeColumns) {
        guard let base = chunk.bytes.baseAddress, let offsets = chunk.offsets.baseAddress, let last = chunk.offsets.last else {
            return
        }
        // SAFETY: offsets ascend, so that the last record bounds all; field offsets were checked against the record's size.
        precondition(Int(last) + headBytes + recordSize <= chunk.bytes.count, "records reach beyond their stretch")
        let count = chunk.offsets.count
        let sequences = identity.sequences.extend(by: count * 8)
        let frames = identity.frames.extend(by: count * 8)
        let times = identity.simTimes.extend(by: count * 8)
        for index in columns.indices where plan[index].kind != .text && !plan[index].isArray {
            targets.append(values[index].extend(by: count * plan[index].kind.size))
        }
        defer { targets.removeAll(keepingCapacity: true) }
        var row = 0
        while row < count {
            let rows = min(rowsPerTile, count - row)
            let tile = Tile(base: base, offsets: offsets + row, rows: rows)
            tile.sequences(chunk.begin, to: sequences + row * 8)
            tile.gather(UInt64.self, at: 8, to: frames + row * 8)
            tile.gather(UInt64.self, at: 16, to: times + row * 8)
            appendTile(tile, plan, row)
            row += rows
        }
        appendWallTimes(chunk, identity)
        appendTags(chunk, identity)
    }

    @inline(__always)
    private func appendTile(_ tile: Tile, _ plan: [PayloadColumn], _ row: Int) {
        var target = 0
        for index in plan.indices {
            let column = plan[index]
            let at = headBytes &+ column.offset
            if column.kind == .text {
                for record in 0..<tile.rows { appendText(tile.record(record) + at, column.count, values[index]) }
                continue
            }
            if column.isArray {
                for record in 0..<tile.rows { appendArray(tile.record(record) + at, column, values[index]) }
                continue
            }
            let to = targets[target] + row &* column.kind.size
            target &+= 1
            switch column.kind {
            case .f64, .i64, .u64: tile.gather(UInt64.self, at: at, to: to)
            case .f32, .i32, .u32: tile.gather(UInt32.self, at: at, to: to)
            case .i16, .u16: tile.gather(UInt16.self, at: at, to: to)
            case .i8, .u8, .text: tile.gather(UInt8.self, at: at, to: to)
            case .bool: tile.gatherBools(at: at, to: to)
            }
        }
    }

    /// Text up to its end, in UTF-8.
    private func appendText(_ from: UnsafeRawPointer, _ limit: Int, _ column: ColumnBytes) {
        // SAFETY: the field's characters lie inside the record. A private copy, because the producer may still change them.
        withUnsafeTemporaryAllocation(byteCount: limit, alignment: 1) { copy in
            copy.copyMemory(from: UnsafeRawBufferPointer(start: from, count: limit))
            let text = UnsafeRawBufferPointer(rebasing: copy[..<(copy.firstIndex(of: 0) ?? limit)])
            if text.allSatisfy({ $0 < 0x80 }) {
                column.append(string: text)
            } else {
                column.append(string: String(decoding: text, as: UTF8.self))
            }
        }
    }

    private func appendArray(_ from: UnsafeRawPointer, _ column: PayloadColumn, _ values: ColumnBytes) {
        let to = values.extend(by: column.count * column.kind.size)
        memcpy(to, from, column.count * column.kind.size)
        guard column.kind == .bool else { return }
        for index in 0..<column.count where to.load(fromByteOffset: index, as: UInt8.self) != 0 {
            to.storeBytes(of: 1, toByteOffset: index, as: UInt8.self)
        }
    }

    private func appendWallTimes(_ chunk: RowChunk, _ identity: NativeColumns) {
        let count = chunk.offsets.count
        let nulls = identity.wallTimeNulls.extend(by: count)
        let times = identity.wallTimes.extend(by: count * 8)
        for row in 0..<count {
            let time = chunk.wallTimes[row]
            nulls.storeBytes(of: time < 0 ? 1 : 0, toByteOffset: row, as: UInt8.self)
            times.storeBytes(of: time < 0 ? 0 : time, toByteOffset: row &* 8, as: Int64.self)
        }
    }

    private func appendTags(_ chunk: RowChunk, _ identity: NativeColumns) {
        guard !chunk.tagSets.isEmpty, let base = chunk.bytes.baseAddress else { return }
        for (row, offset) in chunk.offsets.enumerated() {
            let number = Int((base + Int(offset)).loadUnaligned(fromByteOffset: 6, as: UInt16.self))
            guard number > 0, number <= chunk.tagSets.count else { continue }
            chunk.tagSets[number - 1].json.withUnsafeBytes { identity.setTags($0, row: identity.rows + row) }
        }
    }

    func removeAll() { values.forEach { $0.removeAll() } }

    func write(rows: Int, to out: ColumnBytes) {
        for (column, bytes) in zip(columns, values) {
            out.append(string: column.layout.name)
            out.append(string: column.layout.type)
            if column.isArray { for row in 1...max(rows, 1) { out.append(plain: UInt64(row * column.count)) } }
            out.append(bytes)
        }
    }
}

/// Up to 64 records, found by their offsets.
private struct Tile {
    let base: UnsafeRawPointer
    let offsets: UnsafePointer<UInt32>
    let rows: Int

    @inline(__always)
    func record(_ row: Int) -> UnsafeRawPointer { base + Int(offsets[row]) }

    // SAFETY of the three: `to` has room for `rows` values; every record is whole, see `append`.
    @inline(__always)
    func gather<T: BitwiseCopyable>(_: T.Type, at: Int, to: UnsafeMutableRawPointer) {
        let from = base + at
        for row in 0..<rows {
            let value = from.loadUnaligned(fromByteOffset: Int(offsets[row]), as: T.self)
            to.storeBytes(of: value, toByteOffset: row &* MemoryLayout<T>.size, as: T.self)
        }
    }
    @inline(__always)
    func gatherBools(at: Int, to: UnsafeMutableRawPointer) {
        for row in 0..<rows {
            let value = record(row).load(fromByteOffset: at, as: UInt8.self)
            to.storeBytes(of: value != 0 ? 1 : 0, toByteOffset: row, as: UInt8.self)
        }
    }
    @inline(__always)
    func sequences(_ begin: UInt64, to: UnsafeMutableRawPointer) {
        for row in 0..<rows { to.storeBytes(of: begin &+ UInt64(offsets[row]), toByteOffset: row &* 8, as: UInt64.self) }
    }
}

/// Several blocks become one: ClickHouse takes as long over the columns of a block as over a thousand of its rows.
import TeltelEvents

package enum BlockJoin {
    /// Appends one block with the rows of all, in their order. They have the same columns, else it throws.
    /// - Parameter blocks: where in `bytes` they lie, one at least.
    package static func join(_ bytes: [UInt8], _ blocks: [Range<Int>], to output: inout NativeOutput) throws(StorageError) {
        var inputs = blocks.map { NativeInput(bytes, $0) }
        let columns = try same(&inputs) { input throws(StorageError) in try input.varint() }
        var rows: [Int] = []
        for index in inputs.indices { rows.append(try inputs[index].varint()) }
        guard zip(rows, blocks).allSatisfy({ $0 <= $1.count }) else { throw StorageError(.corrupt, "block of too many rows") }
        output.varint(columns)
        output.varint(rows.reduce(0, +))
        for _ in 0..<columns {
            let name = try same(&inputs) { input throws(StorageError) in try input.text() }
            let type = try same(&inputs) { input throws(StorageError) in try input.text() }
            output.text(name)
            output.text(type)
            try join(try NativeType(String(decoding: type, as: UTF8.self)[...]), rows, &inputs, &output)
        }
        guard inputs.allSatisfy(\.isAtEnd) else { throw StorageError(.corrupt, "block is followed by other bytes") }
    }

    /// What all blocks say alike.
    private static func same<Value: Equatable>(
        _ inputs: inout [NativeInput], _ read: (inout NativeInput) throws(StorageError) -> Value
    ) throws(StorageError) -> Value {
        let value = try read(&inputs[0])
        for index in inputs.indices.dropFirst() where try read(&inputs[index]) != value {
            throw StorageError(.corrupt, "blocks of one group have different columns")
        }
        return value
    }

    private static func join(
        _ type: NativeType, _ rows: [Int], _ inputs: inout [NativeInput], _ output: inout NativeOutput
    ) throws(StorageError) {
        switch type {
        case .fixed(let width):
            for index in inputs.indices { output.bytes += try inputs[index].take(rows[index], width: width) }
        case .text:
            for index in inputs.indices { output.bytes += try inputs[index].texts(rows[index]) }
        case .nullable(let inner):
            for index in inputs.indices { output.bytes += try inputs[index].take(rows[index]) }
            try join(inner, rows, &inputs, &output)
        case .array(let inner):
            try join(inner, try joinEnds(rows, &inputs, &output), &inputs, &output)
        case .lowCardinality:
            try joinDictionaries(rows, &inputs, &output)
        }
    }

    /// Ends of each row's elements. Returns how many elements each block has.
    private static func joinEnds(
        _ rows: [Int], _ inputs: inout [NativeInput], _ output: inout NativeOutput
    ) throws(StorageError) -> [Int] {
        var elements: [Int] = []
        var before = 0
        for index in inputs.indices {
            var last = 0
            for _ in 0..<rows[index] {
                let end = try inputs[index].int64()
                guard end >= last, end <= inputs[index].count else { throw StorageError(.corrupt, "array offsets") }
                output.int64(before + end)
                last = end
            }
            elements.append(last)
            before += last
        }
        return elements
    }

    private static func joinDictionaries(
        _ rows: [Int], _ inputs: inout [NativeInput], _ output: inout NativeOutput
    ) throws(StorageError) {
        var columns: [NativeDictionary] = []
        for index in inputs.indices { columns.append(try NativeDictionary(rows: rows[index], &inputs[index])) }
        let first = columns[0]
        output.int64(NativeDictionary.version)
        // The blocks of a run have the same few names.
        if columns.allSatisfy({ $0.width == first.width && $0.written == first.written && $0.texts.count == first.texts.count }) {
            output.int64(0x600 | first.width.trailingZeroBitCount)
            output.int64(first.texts.count)
            output.bytes += first.written
            output.int64(rows.reduce(0, +))
            for column in columns { output.bytes += column.raw }
            return
        }
        var texts: [ArraySlice<UInt8>] = []
        var places: [ArraySlice<UInt8>: Int] = [:]
        let moved = columns.map { column in
            column.texts.map { text in
                if let known = places[text] { return known }
                places[text] = texts.count
                texts.append(text)
                return texts.count - 1
            }
        }
        output.int64(NativeDictionary.widest)
        output.int64(texts.count)
        for text in texts { output.text(text) }
        output.int64(rows.reduce(0, +))
        for (column, places) in zip(columns, moved) { for key in column.keys { output.int64(places[key]) } }
    }
}

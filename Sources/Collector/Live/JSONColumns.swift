/// Numbers out of JSON payloads, column by column.
import CTeltelJSON
import TeltelEvents

/// The numeric leaves of the rows of one block. A row that lacks one has a NaN there and no presence.
struct JSONColumns: Sendable {
    private(set) var names: [Name] = []
    private(set) var values: [[Double]] = []
    private(set) var presence: [[UInt8]] = []
    private(set) var rows = 0
    private var indexByName: [Name: Int] = [:]

    func index(of name: Name) -> Int? { indexByName[name] }

    fileprivate mutating func index(named name: Name) -> Int? {
        if let index = indexByName[name] { return index }
        guard names.count < JSONFlattener.fieldsMax else { return nil }
        indexByName[name] = names.count
        names.append(name)
        values.append([])
        presence.append([])
        return names.count - 1
    }

    /// Of the row that is being read; the last of equal names wins.
    fileprivate mutating func set(_ index: Int, _ value: Double) {
        pad(index, to: rows)
        if values[index].count > rows {
            values[index][rows] = value
        } else {
            values[index].append(value)
            presence[index].append(1)
        }
    }
    fileprivate mutating func endRow() { rows += 1 }
    fileprivate mutating func finish() { for index in names.indices { pad(index, to: rows) } }

    private mutating func pad(_ index: Int, to count: Int) {
        let missing = count - values[index].count
        guard missing > 0 else { return }
        values[index].append(contentsOf: repeatElement(.nan, count: missing))
        presence[index].append(contentsOf: repeatElement(0, count: missing))
    }

    /// As it goes over the wire; without any presence if the name does not occur.
    func column(_ name: Name) -> Column {
        guard let index = indexByName[name] else {
            let nan = Array(repeating: Double.nan, count: rows)
            return Column(bytes: nan.withUnsafeBytes(Array.init), presence: Array(repeating: 0, count: rows))
        }
        return Column(bytes: values[index].withUnsafeBytes(Array.init), presence: presence[index])
    }
}

/// Reads payloads one after the other. Not thread-safe.
struct JSONFlattener {
    /// Further numbers of a type are not in the stream of columns.
    static let fieldsMax = 1_024
    private let parser = PayloadParser()

    /// The rows of `parts`, in order.
    func columns(_ parts: [Delivery.Part]) -> JSONColumns {
        var columns = JSONColumns()
        // Rows of one type mostly have the same names in the same order: then no name is looked up.
        var order: [(path: [UInt8], index: Int)] = []
        for part in parts {
            let rows = part.rows ?? Array(0..<part.batch.count)
            for row in rows {
                part.batch.withPayload(row) { payload in
                    parser.read(payload) { place, path, value in
                        if place < order.count, path.elementsEqual(order[place].path) {
                            return columns.set(order[place].index, value)
                        }
                        guard let index = columns.index(named: Name(String(decoding: path, as: UTF8.self))) else { return }
                        if place < order.count { order[place] = (Array(path), index) } else { order.append((Array(path), index)) }
                        columns.set(index, value)
                    }
                }
                columns.endRow()
            }
        }
        columns.finish()
        return columns
    }
}

/// Owns a simdjson parser.
// Sendable: its stream is used by one session's writer alone.
final class PayloadParser: @unchecked Sendable {
    private let parser: OpaquePointer?
    /// So many are told of a payload.
    private let fieldsMax: Int
    init(fieldsMax: Int = JSONFlattener.fieldsMax) {
        self.fieldsMax = fieldsMax
        parser = teltel_json_parser_create()
    }
    deinit { if let parser { teltel_json_parser_destroy(parser) } }

    /// Calls `found` with each number: its place in the text, its dotted path, its value. Nothing for text that is no JSON.
    func read(_ payload: UnsafeRawBufferPointer, _ found: (_ place: Int, _ path: UnsafeRawBufferPointer, Double) -> Void) {
        var flat = teltel_json_flat()
        let text = payload.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let parser, teltel_json_flatten(parser, text, payload.count, JSONFlattener.fieldsMax, &flat) == 1 else { return }
        each(flat, found)
    }

    /// The same with each text that means no number; the value is none.
    func readTexts(_ payload: UnsafeRawBufferPointer, _ found: (_ place: Int, _ path: UnsafeRawBufferPointer, Double) -> Void) {
        var flat = teltel_json_flat()
        let text = payload.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard let parser, teltel_json_find_texts(parser, text, payload.count, &flat) == 1 else { return }
        each(flat, found)
    }

    private func each(_ flat: teltel_json_flat, _ found: (_ place: Int, _ path: UnsafeRawBufferPointer, Double) -> Void) {
        // SAFETY: the answer points into the parser's memory, which holds until its next call; paths lie inside `paths`.
        for place in 0..<min(flat.number_count, fieldsMax) {
            let number = flat.numbers[place]
            found(
                place, UnsafeRawBufferPointer(start: flat.paths + Int(number.path_offset), count: Int(number.path_count)),
                number.value)
        }
    }
}

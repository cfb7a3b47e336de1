/// Numbers out of JSON payloads, column by column.
import TeltelBus
import TeltelEvents

/// The numeric leaves of the rows of one block. A row that lacks one has a NaN there and no presence.
struct NumberColumns: Sendable {
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
    static let fieldsMax = PayloadParser.fieldsMax
    private let parser = PayloadParser()

    /// The rows of `parts`, in order.
    func columns(_ parts: [Delivery.Part]) -> NumberColumns {
        var columns = NumberColumns()
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

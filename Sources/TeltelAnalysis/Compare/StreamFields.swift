/// The fields of a stream, and where its table has them.
import TeltelEvents

/// By name: what digests know by one name is one field, also where its values have come in several kinds and so have several columns.
package struct StreamFields: Sendable, Equatable {
    package static let common = ["sim_time", "tags", "rest"]
    package static let rest = 2
    /// As digests name them: `payload.pos.x`. The common ones first, then the payload in the table's order.
    package let names: [String]
    /// Of each payload field: the table's columns.
    let payload: [[StoredTable.Column]]

    package init(_ table: StoredTable) {
        var names: [String] = []
        var payload: [[StoredTable.Column]] = []
        var places: [Name: Int] = [:]
        for column in table.columns {
            if let place = places[Name(column.path)] {
                payload[place].append(column)
            } else {
                places[Name(column.path)] = payload.count
                names.append("payload." + column.path)
                payload.append([column])
            }
        }
        self.names = Self.common + names
        self.payload = payload
    }

    /// Places of fields that are named; those that the table does not have are left out.
    package func places(_ wanted: [String]) -> [Int] {
        wanted.flatMap { name in names.indices.filter { names[$0].utf8.elementsEqual(name.utf8) } }
    }
}

/// One stream of one run in some stretches of frames.
package struct StreamStretch: Sendable {
    package var runID: String
    package var stream: EventStream
    package var frames: [ClosedRange<UInt64>]

    package init(runID: String, stream: EventStream, frames: [ClosedRange<UInt64>]) {
        self.runID = runID
        self.stream = stream
        self.frames = frames
    }

    func condition(_ table: StoredTable) -> (sql: String, parameters: [(name: String, value: String)]) {
        var conditions = "run_id = {run:String} AND source_id = {source:String}"
        var parameters = [("run", runID), ("source", stream.source.text)]
        let stretches = frames.enumerated().map { place, stretch in
            let number = place == 0 ? "" : "\(place + 1)"
            parameters += [("from\(number)", String(stretch.lowerBound)), ("to\(number)", String(stretch.upperBound))]
            return "frame_index BETWEEN {from\(number):UInt64} AND {to\(number):UInt64}"
        }
        conditions += " AND " + (stretches.count == 1 ? stretches[0] : "(\(stretches.joined(separator: " OR ")))")
        if table.type == nil {
            conditions += " AND channel = {channel:String} AND type = {type:String}"
            parameters += [("channel", stream.channel.text), ("type", stream.type.text)]
        }
        return (conditions, parameters)
    }
}

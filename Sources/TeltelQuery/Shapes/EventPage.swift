/// The answer of GET /api/analysis/events.
import TeltelEvents

/// One JSON object: the events, whether there are more, and where they begin. From ClickHouse's RowBinary (columns:
/// `RunEventsQuestion.events`), which has one row more than the answer may have: if that comes, there are more.
package struct EventPage: AnswerShape {
    private let limit: Int
    private var count = 0
    /// Of the newest event, and so many events of that frame have been given.
    private var frame: UInt64
    private var ofFrame: Int
    private var isCut = false
    private var rest: [UInt8] = []

    /// - Parameter start: the frame from which events are asked for, and how many of it have been given before.
    package init(limit: Int, start: PageStart) {
        self.limit = limit
        frame = start.frame
        ofFrame = start.skipping
    }

    package mutating func take(_ bytes: [UInt8]) throws(QueryError) -> [UInt8] {
        var row = BinaryRow(rest.isEmpty ? bytes : rest + bytes)
        var out: [UInt8] = []
        while row.begin(), append(&row, to: &out) { row.end() }
        rest = row.rest
        return out
    }

    package mutating func finish() throws(QueryError) -> [UInt8] {
        if !rest.isEmpty { throw .cutOff }
        var out: [UInt8] = []
        if count == 0 { JSONText.append("{\"events\":[", to: &out) }
        JSONText.append("],\n\"truncated\":", to: &out)
        JSONText.append(isCut ? "true" : "false", to: &out)
        JSONText.append(",\"next\":", to: &out)
        JSONText.appendString(isCut ? PageStart(frame: frame, skipping: ofFrame).text : "", to: &out)
        JSONText.append("}\n", to: &out)
        return out
    }

    /// false: the row is not whole yet, and nothing of it is in `out`.
    private mutating func append(_ row: inout BinaryRow, to out: inout [UInt8]) -> Bool {
        guard let frame = row.take(UInt64.self), let time = row.take(Double.self), let wallTime = row.takeNullable(UInt64.self),
            let channel = row.takeText(), let type = row.takeText(), let source = row.takeText(), let payload = row.takeText()
        else { return false }
        guard count < limit else {
            isCut = true
            return true
        }
        ofFrame = frame == self.frame ? ofFrame + 1 : 1
        self.frame = frame
        JSONText.append(count == 0 ? "{\"events\":[\n" : ",\n", to: &out)
        count += 1
        JSONText.append("{\"frame_index\":", to: &out)
        JSONText.append(frame, to: &out)
        JSONText.append(",\"sim_time\":", to: &out)
        JSONText.append(time, to: &out)
        JSONText.append(",\"wall_time_ms\":", to: &out)
        if let wallTime = wallTime.value { JSONText.append(wallTime, to: &out) } else { JSONText.append("null", to: &out) }
        for (name, text) in [("channel", channel), ("type", type), ("source_id", source)] {
            JSONText.append(",", to: &out)
            JSONText.appendString(name, to: &out)
            JSONText.append(":", to: &out)
            JSONText.appendString(text, to: &out)
        }
        JSONText.append(",\"payload\":", to: &out)
        PayloadJSON.append(payload, to: &out)
        JSONText.append("}", to: &out)
        return true
    }
}

/// Where a page of events begins: so many events of the frame come before it.
package struct PageStart: Sendable, Equatable {
    package let frame: UInt64
    package let skipping: Int
    private static let skippingMax = 1_000_000_000

    package init(frame: UInt64, skipping: Int) {
        self.frame = frame
        self.skipping = skipping
    }

    /// What an answer calls `next`.
    package var text: String { "\(frame).\(skipping)" }

    /// nil: no such text.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let frame = UInt64(String(decoding: parts[0], as: UTF8.self)),
            let skipping = Int(String(decoding: parts[1], as: UTF8.self)), (0...Self.skippingMax).contains(skipping)
        else { return nil }
        self.init(frame: frame, skipping: skipping)
    }
}

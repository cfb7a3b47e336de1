/// Which events a question is about, and how that is said in SQL.
import TeltelEvents

/// Each condition holds on its own; all that are given must hold.
package struct EventScope: Sendable {
    /// nil: all runs.
    package var runID: String?
    /// nil: all sources.
    package var sourceID: String?
    /// nil: any.
    package var channel: Name?
    /// nil: all types.
    package var eventType: Name?
    /// Names of the fields that tell instances of the type apart; [] if there are none.
    package var keyFields: [String]
    /// Only this instance: the keys' values joined by commas; nil: all.
    package var key: String?
    /// nil: all. Both ends belong to it.
    package var frames: ClosedRange<UInt64>?
    /// Of simulated time, in seconds; nil: all. Both ends belong to it.
    package var times: ClosedRange<Double>?

    package init(
        runID: String?, sourceID: String? = nil, channel: Name? = nil, eventType: Name? = nil, keyFields: [String] = [],
        key: String? = nil, frames: ClosedRange<UInt64>? = nil, times: ClosedRange<Double>? = nil
    ) {
        self.runID = runID
        self.sourceID = sourceID
        self.channel = channel
        self.eventType = eventType
        self.keyFields = keyFields
        self.key = key
        self.frames = frames
        self.times = times
    }

    /// Tables that may have such events.
    func fitting(_ tables: [StoredTable]) -> [StoredTable] {
        tables.filter { table in
            guard let type = table.type else { return true }
            return (eventType == nil || type == eventType) && (channel == nil || table.channel == channel)
        }
    }

    /// The conditions but for the key's, on a table that the statement calls `t`.
    func conditions(_ table: StoredTable, _ parameters: inout Parameters) -> [String] {
        var conditions: [String] = []
        if let runID { conditions.append("t.run_id = \(parameters.text("run", runID))") }
        if let sourceID { conditions.append("t.source_id = \(parameters.text("source", sourceID))") }
        if table.type == nil {
            if let eventType { conditions.append("t.type = \(parameters.text("type", eventType.text))") }
            if let channel { conditions.append("t.channel = \(parameters.text("channel", channel.text))") }
        }
        if let frames {
            let from = parameters.add("from", String(frames.lowerBound), "UInt64")
            conditions.append("t.frame_index BETWEEN \(from) AND \(parameters.add("to", String(frames.upperBound), "UInt64"))")
        }
        if let times {
            let from = parameters.number("from_time", times.lowerBound)
            conditions.append("t.sim_time BETWEEN \(from) AND \(parameters.number("to_time", times.upperBound))")
        }
        return conditions
    }

    /// Columns of an answer that tell apart what the question leaves open.
    var identity: [Selected] { (sourceID == nil ? [.text("source_id")] : []) + (keyFields.isEmpty ? [] : [.text("key")]) }

    /// The order in which a run's events came, as far as it is known: rows of one instance by their frames.
    var order: String {
        (["frame_index"] + (sourceID == nil ? ["source_id"] : []) + ["key", "writer", "sequence"]).joined(separator: ", ")
    }
}

/// Values of a statement, by name.
struct Parameters {
    private(set) var list: [(name: String, value: String)]
    /// By the name that was asked for: what values are called.
    private var names: [String: [Name: String]] = [:]

    init(_ list: [(name: String, value: String)] = []) {
        self.list = list
        for (name, value) in list { names[name] = [Name(value): name] }
    }

    /// How the statement names the value. Another value of the same name gets a number behind it.
    mutating func add(_ name: String, _ value: String, _ type: String) -> String {
        if let given = names[name]?[Name(value)] { return "{\(given):\(type)}" }
        let number = (names[name]?.count ?? 0) + 1
        let free = number == 1 ? name : "\(name)_\(number)"
        names[name, default: [:]][Name(value)] = free
        list.append((free, value))
        return "{\(free):\(type)}"
    }
    mutating func text(_ name: String, _ value: String) -> String { add(name, value, "String") }
    /// The shortest text that reads back.
    mutating func number(_ name: String, _ value: Double) -> String { add(name, "\(value)", "Float64") }
}

/// Questions about stored runs that other parts of the collector ask: analysis makes the SQL, storage asks it.
import TeltelAnalysis
import TeltelEvents
import TeltelStorage

/// Final counts of one run, as storage has them.
struct RunTotals: Sendable {
    let events, frames, lastFrame: UInt64
    let firstSimTime, lastSimTime: Double
}

extension Storage {
    /// The tables of events, in analysis' words.
    func storedTables() throws(ClickHouseError) -> [StoredTable] {
        try tables.facts().map { table in
            StoredTable(
                name: table.name, channel: table.key?.channel.text, type: table.key?.type.text,
                columns: Dictionary(table.columns.map { ($0.name, $0.type) }) { first, _ in first })
        }
    }

    /// Counted in ClickHouse; nil if nothing of the run is there.
    func finalTotals(_ runID: Name) throws(ClickHouseError) -> RunTotals? {
        guard let statement = RunTotalsQuestion(runID: runID.text).statement(try storedTables()) else { return nil }
        let parameters = Dictionary(statement.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        let text = String(decoding: try query(statement.sql, parameters, format: "TSV"), as: UTF8.self)
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 5, let events = UInt64(fields[0]), events > 0, let frames = UInt64(fields[1]),
            let last = UInt64(fields[2]), let begin = Double(fields[3]), let end = Double(fields[4])
        else { return nil }
        return RunTotals(events: events, frames: frames, lastFrame: last, firstSimTime: begin, lastSimTime: end)
    }
}

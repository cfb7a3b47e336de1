/// Questions about stored runs that other parts of the collector ask: analysis makes the SQL, storage asks it.
import TeltelAnalysis
import TeltelEvents
import TeltelQuery
import TeltelStorage

/// Final counts of one run, as storage has them.
struct RunTotals: Sendable {
    let events, frames, lastFrame: UInt64
    let firstSimTime, lastSimTime: Double
}

extension Storage {
    /// The tables of events, in analysis' words.
    package func storedTables() throws(ClickHouseError) -> [StoredTable] {
        try tables.facts().map { table in
            StoredTable(
                name: table.name, channel: table.key?.channel, type: table.key?.type,
                columns: table.payload.map { .init(path: $0.path, name: $0.column.name, type: $0.column.type) },
                hasText: table.hasText, payload: table.payloadText)
        }
    }

    /// Counted in ClickHouse, all in one question; runs of which nothing is there are left out.
    func finalTotals(_ runIDs: [Name]) throws(ClickHouseError) -> [Name: RunTotals] {
        guard !runIDs.isEmpty, let statement = RunTotalsQuestion(runIDs: runIDs.map(\.text)).statement(try storedTables()) else {
            return [:]
        }
        let parameters = Dictionary(statement.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        let text = String(decoding: try query(statement.sql, parameters, format: "TSV"), as: UTF8.self)
        var found: [Name: RunTotals] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            guard fields.count == 6, let place = Int(fields[0]), runIDs.indices.contains(place - 1),
                let events = UInt64(fields[1]),
                let frames = UInt64(fields[2]), let last = UInt64(fields[3]), let begin = Double(fields[4]),
                let end = Double(fields[5])
            else { throw ClickHouseError(.unexpectedAnswer, "totals: \(line.prefix(200))") }
            found[runIDs[place - 1]] = RunTotals(
                events: events, frames: frames, lastFrame: last, firstSimTime: begin, lastSimTime: end)
        }
        return found
    }
}

extension QueryService {
    /// Rows of the run that `telemetry_events` cannot show: their frames have more than 32 bits.
    package func rowsBeyond32Bits(_ runID: Name) async throws(QueryError) -> UInt64 {
        let answer = try await collect(BeyondQuestion(runID: runID.text).statement(), format: "TSV")
        guard let rows = UInt64(String(decoding: answer, as: UTF8.self).split(whereSeparator: \.isWhitespace).first ?? "") else {
            throw .failed("no count")
        }
        return rows
    }
}

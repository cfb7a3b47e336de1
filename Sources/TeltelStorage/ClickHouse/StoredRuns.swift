/// Which runs ClickHouse holds, and what they take.
import TeltelEvents

/// One run as ClickHouse knows it.
package struct StoredRun: Sendable, Equatable {
    package let runID: Name
    /// running, completed, failed or cancelled; "" if `run_metadata` does not know the run.
    package let status: String
    /// Seconds since 1970, by the clocks of collector and ClickHouse, never by a sender's: when its newest event was taken over, else
    /// when `run_metadata` was last told about it; 0 if neither is known.
    package let time: UInt64
    package let rows: UInt64
    /// On disk: its share of its tables by number of rows.
    package let bytes: UInt64

    package init(runID: Name, status: String, time: UInt64, rows: UInt64, bytes: UInt64) {
        self.runID = runID
        self.status = status
        self.time = time
        self.rows = rows
        self.bytes = bytes
    }
}

extension ClickHouseTables {
    /// All of them. Counts the rows of every run: not for every second. Blocks.
    package func storedRuns() throws(ClickHouseError) -> [StoredRun] {
        let sizes = try sizes()
        let database = client.endpoint.database
        var rows: [Name: UInt64] = [:]
        var bytes: [Name: Double] = [:]
        var newest: [Name: UInt64] = [:]
        for table in sizes where table.rows > 0 {
            let name = TableSQL.qualified(database, table.name)
            for fields in try read("SELECT run_id, count(), toUnixTimestamp(max(inserted_at)) FROM \(name) GROUP BY run_id", 3) {
                guard let count = UInt64(fields[1]) else { continue }
                newest[Name(fields[0])] = max(newest[Name(fields[0])] ?? 0, UInt64(fields[2]) ?? 0)
                rows[Name(fields[0]), default: 0] += count
                bytes[Name(fields[0]), default: 0] += Double(count) * Double(table.bytes) / Double(table.rows)
            }
        }
        var facts: [Name: (status: String, time: UInt64)] = [:]
        let metadata = TableSQL.qualified(database, TableSQL.metadataName)
        for fields in try read(
            "SELECT run_id, status, toUnixTimestamp(updated_at) FROM \(metadata) FINAL", 3)
        {
            facts[Name(fields[0])] = (fields[1], UInt64(fields[2]) ?? 0)
        }
        let names = Set(rows.keys).union(facts.keys)
        return names.sorted().map { runID in
            StoredRun(
                runID: runID, status: facts[runID]?.status ?? "", time: newest[runID] ?? facts[runID]?.time ?? 0,
                rows: rows[runID] ?? 0,
                bytes: UInt64(bytes[runID] ?? 0))
        }
    }

    /// Does `run_metadata` know the run? Blocks.
    package func knows(run runID: Name) throws(ClickHouseError) -> Bool {
        try connect()
        let name = TableSQL.qualified(client.endpoint.database, TableSQL.metadataName)
        let query = ClickHouseQuery(
            "SELECT 1 FROM \(name) WHERE run_id = {run:String} LIMIT 1", parameters: ["run": runID.text],
            settings: ["readonly": "1"], format: "TSV")
        return !(try client.run(query)).isEmpty
    }

    /// Rows of so many texts, whose first one may hold anything.
    private func read(_ sql: String, _ count: Int) throws(ClickHouseError) -> [[String]] {
        try Self.lines(
            of: try client.run(ClickHouseQuery(sql, settings: ["readonly": "1"], format: "JSONCompactStringsEachRow")), count)
    }
}

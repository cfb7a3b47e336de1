/// What ClickHouse knows of runs whose records are lost: their rows of `run_metadata`, and what of them is in the tables.
import Foundation
import TeltelEvents

/// Events of one type of a run.
package struct StoredType: Sendable, Equatable {
    package let sourceID, channel, type: Name
    package let rows, firstFrame, lastFrame: UInt64
    package let lastSimTime: Double

    package init(
        sourceID: Name, channel: Name, type: Name, rows: UInt64, firstFrame: UInt64, lastFrame: UInt64, lastSimTime: Double
    ) {
        self.sourceID = sourceID
        self.channel = channel
        self.type = type
        self.rows = rows
        self.firstFrame = firstFrame
        self.lastFrame = lastFrame
        self.lastSimTime = lastSimTime
    }
}

extension ClickHouseTables {
    /// Rows of `run_metadata`, the newest of each run, in the order of their ids. Blocks.
    /// - Parameter place: only those behind it.
    /// - Returns: those that can be read, and whether there are no more.
    package func metadata(after place: Name?, limit: Int) throws(ClickHouseError) -> (rows: [RunMetadata], isLast: Bool) {
        let table = TableSQL.qualified(client.endpoint.database, TableSQL.metadataName)
        // As texts, and 0 or '' where there is nothing; a run's end is told apart by its reason and time.
        let sql = """
            SELECT run_id, toUnixTimestamp(started_at), ifNull(toUnixTimestamp(ended_at), 0), total_events, total_frames,
                max_frame_index, source_id, config, engine_version, ifNull(toString(seed), ''), status, ifNull(end_reason, ''), tags,
                toUnixTimestamp(inserted_at), toUnixTimestamp(updated_at)
            FROM \(table) FINAL WHERE run_id > {place:String} OR {isFirst:UInt8} ORDER BY run_id LIMIT {limit:UInt32}
            """
        let parameters = ["place": place?.text ?? "", "isFirst": place == nil ? "1" : "0", "limit": String(limit)]
        let (texts, count) = try texts(sql, parameters, columns: 15)
        let rows = texts.map { fields in
            var row = RunMetadata(
                runID: Name(fields[0]), startedAt: UInt32(fields[1]) ?? 0,
                endedAt: UInt32(fields[2]).flatMap { $0 == 0 ? nil : $0 },
                totalEvents: UInt64(fields[3]) ?? 0, totalFrames: UInt32(fields[4]) ?? 0, maxFrameIndex: UInt32(fields[5]) ?? 0,
                sourceID: Name(fields[6]), config: fields[7], engineVersion: fields[8], seed: UInt64(fields[9]),
                status: fields[10],
                endReason: fields[11].isEmpty ? nil : fields[11], tags: fields[12], updatedAt: UInt32(fields[14]) ?? 0)
            row.receivedAt = UInt32(fields[13]) ?? row.updatedAt
            return row
        }
        return (rows, count < limit)
    }

    /// What the tables hold of these runs, by run, each type once for each source, in the order of their first frames. Counts rows: not for every second. Blocks.
    package func types(of runIDs: [Name]) throws(ClickHouseError) -> [Name: [StoredType]] {
        let database = client.endpoint.database
        let arms = try facts().map { table in
            let type = table.key.map { "\(SQLText.literal($0.channel)), \(SQLText.literal($0.type))" }
            return """
                SELECT toString(run_id), toString(source_id), \(type ?? "toString(channel), toString(type)"), toString(count()),
                    toString(min(frame_index)), toString(max(frame_index)), toString(max(sim_time))
                FROM \(TableSQL.qualified(database, table.name)) WHERE run_id IN {runs:Array(String)}
                GROUP BY run_id, source_id\(type == nil ? ", channel, type" : "")
                """
        }
        guard !runIDs.isEmpty, !arms.isEmpty else { return [:] }
        let runs = "[" + runIDs.map { SQLText.literal($0) }.joined(separator: ",") + "]"
        var found: [Name: [StoredType]] = [:]
        for fields in try texts(arms.joined(separator: "\nUNION ALL\n"), ["runs": runs], columns: 8).rows {
            let type = StoredType(
                sourceID: Name(fields[1]), channel: Name(fields[2]), type: Name(fields[3]), rows: UInt64(fields[4]) ?? 0,
                firstFrame: UInt64(fields[5]) ?? 0, lastFrame: UInt64(fields[6]) ?? 0, lastSimTime: Double(fields[7]) ?? 0)
            found[Name(fields[0]), default: []].append(type)
        }
        return found.mapValues { types in
            types.sorted { a, b in
                a.firstFrame != b.firstFrame
                    ? a.firstFrame < b.firstFrame : (a.sourceID, a.channel, a.type) < (b.sourceID, b.channel, b.type)
            }
        }
    }

    private func texts(_ sql: String, _ parameters: [String: String], columns: Int) throws(ClickHouseError) -> (
        rows: [[String]], count: Int
    ) {
        let query = ClickHouseQuery(
            sql, parameters: parameters,
            settings: ["readonly": "2", "max_query_size": Self.largeQuery, "output_format_json_validate_utf8": "1"],
            format: "JSONCompactStringsEachRow")
        let answer = try client.run(query)
        return (try Self.lines(of: answer, columns), answer.count { $0 == UInt8(ascii: "\n") })
    }

    /// Rows of so many texts, whatever these hold: of the formats that ClickHouse writes, one in which a text ends at no byte that may
    /// be part of it.
    static func lines(of answer: [UInt8], _ columns: Int) throws(ClickHouseError) -> [[String]] {
        answer.split(separator: UInt8(ascii: "\n")).compactMap { line in
            // A line that is no list of texts is none of ours.
            let fields = try? JSONDecoder().decode([String].self, from: Data(line))
            return fields?.count == columns ? fields : nil
        }
    }
}

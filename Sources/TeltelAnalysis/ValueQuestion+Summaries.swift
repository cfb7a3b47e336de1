/// Buckets from what digests say of blocks: rows are read only of the blocks that have the ends and the extremes of a bucket.
import TeltelEvents

extension ValueQuestion {
    /// How far summaries can answer. nil: they cannot; rows can.
    package struct SummaryFit: Decodable, Sendable {
        let digested, stored, elsewhere, oddTimes, first, last: UInt64

        /// They tell of all rows of the type, and buckets begin and end where blocks do.
        package func fits(count: Int) -> Bool {
            digested > 0 && digested == stored && elsewhere == 0 && oddTimes == 0 && first <= last
                && BucketSQL.isAligned(first...last, count: count)
        }
    }

    /// What has to be asked first. nil: the value, or the scope, is none that summaries are of.
    package func summaryFit(_ tables: [StoredTable]) -> Statement? {
        guard let (table, channel, type) = summarized(tables), let run = scope.runID else { return nil }
        var parameters = Parameters([("run", run)])
        let ofType = "channel = {channel:String} AND type = {type:String}"
        _ = parameters.text("channel", channel.text)
        _ = parameters.text("type", type.text)
        let elsewhere = scope.fitting(tables).filter { $0 != table }.map { other in
            "(SELECT count() FROM \(SQL.identifier(other.name)) WHERE run_id = {run:String}\(other.type == nil ? " AND \(ofType)" : ""))"
        }
        let source = scope.sourceID.map { "source_id = \(parameters.text("source", $0))" } ?? "1"
        return Statement(
            sql: """
                SELECT sum(run_digests.rows) AS digested,
                    (SELECT count() FROM \(SQL.identifier(table.name)) WHERE run_id = {run:String}) AS stored,
                    toUInt64(\((elsewhere + ["0"]).joined(separator: " + "))) AS elsewhere,
                    sum(nans[indexOf(fields, 'sim_time')] + infinities[indexOf(fields, 'sim_time')]) AS oddTimes,
                    minIf(first_frame, \(source)) AS first, maxIf(last_frame, \(source)) AS last
                FROM run_digests WHERE run_id = {run:String} AND \(ofType)
                """, parameters: parameters.list)
    }

    /// The same rows as `buckets` has, where summaries fit.
    package func bucketsFromSummaries(_ tables: [StoredTable], count: Int) -> Statement? {
        guard let (table, channel, type) = summarized(tables), let run = scope.runID else { return nil }
        var parameters = Parameters()
        guard let rows = rows().sql([table], &parameters) else { return nil }
        var conditions = ["run_id = \(parameters.text("run", run))"]
        if let source = scope.sourceID { conditions.append("source_id = \(parameters.text("source", source))") }
        conditions.append("channel = \(parameters.text("channel", channel.text))")
        conditions.append("type = \(parameters.text("type", type.text))")
        let field = parameters.text("field", "payload." + self.field.path)
        let parts = BucketSQL(hasDigits: false)
        let columns = parts.columns + scope.identity
        let block = DigestSQL.framesPerBlock
        // Of zeros with and without a sign summaries cannot say which is the extreme: all of such blocks are looked at.
        return Statement(
            sql: """
                WITH blocks AS (
                    SELECT source_id, block AS b, first_frame AS b_from, last_frame AS b_to, run_digests.rows AS b_rows,
                        indexOf(fields, \(field)) AS f, indexOf(fields, 'sim_time') AS t, counts[f] AS b_count, nans[f] AS b_nans,
                        infinities[f] AS b_infinite, b_count - b_nans - b_infinite AS b_finite,
                        smallest[f] AS b_low, largest[f] AS b_high, smallest[t] AS b_begin, largest[t] AS b_end
                    FROM run_digests WHERE \(conditions.joined(separator: " AND "))
                ), (SELECT (min(b_from), max(b_to)) FROM blocks) AS ends,
                \(BucketSQL.width(parameters.add("buckets", String(count), "UInt32"))),
                sums AS (
                    SELECT source_id, intDiv(toUInt64(b * \(block) - origin), frames_per_bucket) AS bucket,
                        min(b_from) AS from_frame, max(b_to) AS to_frame, min(b_begin) AS from_time, max(b_end) AS to_time,
                        sum(b_rows) AS total, sum(b_count) AS amount, sum(b_nans) AS nans, sum(b_infinite) AS infinite,
                        sum(b_finite) AS finite, minIf(b_low, b_finite > 0) AS lowest, maxIf(b_high, b_finite > 0) AS highest,
                        arrayConcat(
                            if(amount > 0, [minIf(b, b_count > 0), maxIf(b, b_count > 0)], []),
                            if(finite > 0, [argMinIf(b, (b_low, b), b_finite > 0), argMinIf(b, (-b_high, b), b_finite > 0)], []),
                            if(finite > 0 AND lowest = 0, groupArrayIf(b, b_finite > 0 AND b_low = 0), []),
                            if(finite > 0 AND highest = 0, groupArrayIf(b, b_finite > 0 AND b_high = 0), [])) AS wanted
                    FROM blocks GROUP BY source_id, bucket
                ), extremes AS (
                    SELECT source_id, \(BucketSQL.number) AS bucket,
                        \(parts.extremes)
                    FROM (
                    \(BucketSQL.placed("(\n\(rows)\n)"))
                    WHERE intDiv(frame_index, \(block)) IN (SELECT arrayJoin(wanted) FROM sums)
                    )
                    GROUP BY source_id, bucket
                )
                SELECT \(columns.sql) FROM sums LEFT JOIN extremes USING (source_id, bucket)
                ORDER BY \((["from_frame"] + instance).joined(separator: ", "))
                """, parameters: parameters.list, columns: columns.answer)
    }

    /// The table whose rows summaries are of: the value is one of its columns, and a double holds all of its numbers.
    private func summarized(_ tables: [StoredTable]) -> (table: StoredTable, channel: Name, type: Name)? {
        guard scope.keyFields.isEmpty, scope.key == nil, scope.frames == nil, scope.times == nil, field.kind != nil else {
            return nil
        }
        let typed = scope.fitting(tables).filter { $0.type != nil }
        guard typed.count == 1, let channel = typed[0].channel, let type = typed[0].type, typed[0].hasSummary(of: field.path)
        else {
            return nil
        }
        return (typed[0], channel, type)
    }
}

extension StoredTable {
    /// It has one column for the path alone, of numbers that a double holds.
    fileprivate func hasSummary(of path: String) -> Bool {
        let found = columns.filter { $0.path.utf8.elementsEqual(path.utf8) }
        return found.count == 1 && found[0].isNumber && !found[0].isArray && !found[0].isLongInteger
    }
}

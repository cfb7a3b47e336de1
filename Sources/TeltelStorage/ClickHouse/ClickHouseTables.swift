/// teltel's tables in a ClickHouse, as the inserter sees them: makes them when they are needed, and keeps the view over them.
import Foundation
import Synchronization
import TeltelEvents

/// Thread-safe. What it knows of the tables it has read from the database; an insert that fails because they changed makes it
/// read again.
package final class ClickHouseTables: InsertTarget {
    package let client: ClickHouseClient
    private let catalog: TableCatalog
    private var database: String { client.endpoint.database }
    let known = Mutex(Known())

    struct Known {
        /// nil: not read yet.
        var tables: [String: TableDescription]? { didSet { facts = nil } }
        /// The same in words for others; nil: not made yet.
        var facts: [Facts]?
        var plans: [TableLayout: TablePlan] = [:]
        /// Tables of which the view shows nothing yet, or not all columns.
        var hidden: Set<String> = []
        /// Since the tables were read last.
        var hasNarrowView = false
        var viewMadeAt: ContinuousClock.Instant?
        var viewTook = Duration.zero
        /// Why the view does not show all tables: ClickHouse does not take it.
        var viewProblem: String?
    }
    /// One at a time changes tables; others go on inserting.
    private let changing = Mutex(())

    /// With hundreds of tables making the view takes long: at most a fifth of the time while further ones come.
    private static let viewShare = 4
    private static let longestMaking = Duration.milliseconds(500)
    private static let viewPause = Duration.milliseconds(100)

    package static let oldestVersion = (major: 22, minor: 8)
    /// A block of a group must not be split, because an insert of several parts is not atomic.
    private static let insertSettings = [
        "insert_deduplicate": "1", "async_insert": "0", "max_threads": "1", "max_insert_threads": "1",
        "min_insert_block_size_rows": "1048576",
        "min_insert_block_size_bytes": "536870912", "max_partitions_per_insert_block": "0", "insert_null_as_default": "0",
        "input_format_null_as_default": "0",
        "max_query_size": largeQuery,
    ]
    static let largeQuery = "268435456"
    private static let rangesPerQuery = 200
    private static let insertTimeout = Duration.seconds(300)

    package init(client: ClickHouseClient, catalog: TableCatalog) {
        self.client = client
        self.catalog = catalog
    }

    // MARK: Inserting

    package func ensureTable(_ layout: TableLayout, alongside others: [TableLayout] = []) throws(ClickHouseError) {
        if known.withLock({ $0.tables != nil && $0.plans[layout] != nil }) { return }
        try change { () throws(ClickHouseError) in
            var tables = try self.tables()
            guard layout.isEvents else { return known.withLock { $0.plans[layout] = TablePlan(unchanged: layout) } }
            let plan = try self.plan(layout, &tables)
            // What is wrong with one of them is said when it is its turn. Not too many at once: rows of other tables wait meanwhile.
            let end = ContinuousClock.now + Self.longestMaking
            for other in others where other.isEvents && tables[other.name] == nil && ContinuousClock.now < end {
                _ = try? self.plan(other, &tables)
            }
            known.withLock { $0.plans[layout] = plan }
            _ = try makeViewIfDue()
        }
    }

    /// One at a time; after an error what is known is read again.
    private func change<Answer>(_ body: () throws(ClickHouseError) -> Answer) throws(ClickHouseError) -> Answer {
        let result = changing.withLock { _ -> Result<Answer, ClickHouseError> in
            do throws(ClickHouseError) { return .success(try body()) } catch {
                forget()
                return .failure(error)
            }
        }
        return try result.get()
    }

    package func shows(_ layout: TableLayout) throws(ClickHouseError) -> Bool {
        guard known.withLock({ $0.hidden.contains(layout.name) }) else { return true }
        return try change { () throws(ClickHouseError) in
            _ = try tables()
            return try makeViewIfDue()
        }
    }

    package func insert(_ request: InsertRequest) throws(ClickHouseError) {
        guard let plan = known.withLock({ $0.plans[request.table] }) else {
            throw ClickHouseError(.unreachable, "the table of the insert is not known yet")
        }
        var query = ClickHouseQuery(
            TableSQL.insert(request.table, plan, database: database, isHost: client.endpoint.isHost),
            settings: Self.insertSettings)
        query.settings["insert_deduplication_token"] = request.token
        query.timeout = Self.insertTimeout
        do throws(ClickHouseError) {
            try client.insert(query, payloadPath: request.payloadPath, payloadBytes: request.payloadBytes)
        } catch {
            // Of another kind than the network's: perhaps the tables are not what they were.
            if error.code != nil { forget() }
            throw error
        }
    }

    package func count(_ table: TableLayout, _ ranges: [RowRange]) throws(ClickHouseError) -> Int {
        var total = 0
        for begin in stride(from: 0, to: ranges.count, by: Self.rangesPerQuery) {
            let part = ranges[begin..<min(begin + Self.rangesPerQuery, ranges.count)]
            let sql = "SELECT count() FROM \(TableSQL.qualified(database, table.name)) WHERE \(TableSQL.condition(part))"
            let numbers = try read(sql)
            guard let number = numbers.first else { throw ClickHouseError(.unexpectedAnswer, "no count") }
            total += Int(number)
        }
        return total
    }

    package func sequences(_ table: TableLayout, _ range: RowRange) throws(ClickHouseError) -> [UInt64] {
        let condition = TableSQL.condition([range])
        return try read("SELECT sequence FROM \(TableSQL.qualified(database, table.name)) WHERE \(condition) ORDER BY sequence")
    }

    private func read(_ sql: String) throws(ClickHouseError) -> [UInt64] {
        var query = ClickHouseQuery(sql, settings: ["readonly": "1"], format: "TSV")
        query.timeout = Self.insertTimeout
        let answer = try client.run(query)
        let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n")
        let numbers = lines.compactMap { UInt64($0) }
        guard numbers.count == lines.count else { throw ClickHouseError(.unexpectedAnswer, "no number where one belongs") }
        return numbers
    }

    /// Writes rows of `run_metadata`. Writing the same again does no harm.
    package func write(_ rows: [RunMetadata]) throws(ClickHouseError) {
        guard !rows.isEmpty else { return }
        if known.withLock({ $0.tables == nil }) { try connect() }
        let target = TableSQL.qualified(database, TableSQL.metadataName)
        let lines = rows.flatMap(\.json)
        let sql = "INSERT INTO \(target) FORMAT JSONEachRow\n" + String(decoding: lines, as: UTF8.self)
        let settings = ["async_insert": "0", "date_time_input_format": "basic", "max_query_size": Self.largeQuery]
        do throws(ClickHouseError) {
            _ = try client.run(ClickHouseQuery(sql, settings: settings))
        } catch {
            if error.code != nil { forget() }
            throw error
        }
    }

    // MARK: Removing

    /// Takes all rows of the run out of all tables. Returns when they are gone.
    package func remove(run runID: Name) throws(ClickHouseError) {
        // `run_metadata` last: a run that is still listed can be removed again.
        for table in try facts().map(\.name) + [DigestTable.name, TableSQL.metadataName] {
            let name = TableSQL.qualified(database, table)
            let parameters = ["run": runID.text]
            // A mutation looks at every part; asking first is cheap.
            let asked = ClickHouseQuery(
                "SELECT 1 FROM \(name) WHERE run_id = {run:String} LIMIT 1", parameters: parameters,
                settings: ["readonly": "1"], format: "TSV")
            if try client.run(asked).isEmpty { continue }
            var query = ClickHouseQuery(
                "ALTER TABLE \(name) DELETE WHERE run_id = \(SQLText.literal(runID))", settings: ["mutations_sync": "2"])
            query.timeout = Self.insertTimeout
            _ = try client.run(query)
        }
    }

    // MARK: The database

    /// Asks for the version, makes the database, `run_metadata` and the view if they are missing, and reads which tables there are.
    package func connect() throws(ClickHouseError) { _ = try change { () throws(ClickHouseError) in try tables() } }

    /// Reads the tables again before the next insert.
    package func forget() {
        known.withLock {
            $0.tables = nil
            $0.plans = [:]
            $0.hasNarrowView = false
        }
    }

    private func tables() throws(ClickHouseError) -> [String: TableDescription] {
        if let tables = known.withLock({ $0.tables }) { return tables }
        try checkVersion()
        try run(TableSQL.createDatabase(database), database: "")
        try checkForReference()
        try run(TableSQL.createMetadata(database))
        try run(DigestTable.create(database))
        let tables = try readTables()
        catalog.note(tables.values.compactMap(\.key))
        known.withLock { $0.tables = tables }
        try makeViewIfPossible(tables)
        return tables
    }

    private func makeView(_ tables: [String: TableDescription]) throws(ClickHouseError) {
        // A table of this name would be replaced, with all that is in it.
        try checkForReference()
        let began = ContinuousClock.now
        let unfit = tables.values.filter { !$0.missingColumns.isEmpty }.map(\.name).sorted()
        try run(EventsView(database: database, tables: tables.values.filter { $0.missingColumns.isEmpty }).sql)
        // The same whatever tables there are; before that it was a view over the tables itself.
        if !known.withLock({ $0.hasNarrowView }) { try run(EventsView.narrow(database)) }
        known.withLock {
            $0.hasNarrowView = true
            $0.hidden = []
            $0.viewMadeAt = .now
            $0.viewTook = began.duration(to: .now)
            $0.viewProblem = unfit.isEmpty ? nil : "columns are missing in \(unfit.joined(separator: ", "))"
        }
    }

    /// A view that ClickHouse does not take for what the tables are keeps no row from being stored: it stays as it was until there are
    /// other tables.
    private func makeViewIfPossible(_ tables: [String: TableDescription]) throws(ClickHouseError) {
        do throws(ClickHouseError) { try makeView(tables) } catch {
            guard error.isAboutTable else { throw error }
            known.withLock {
                $0.hidden = []
                $0.viewProblem = error.description
            }
        }
    }
    /// Why `telemetry_events` does not show all that is stored; nil: it does, or soon will.
    package var viewProblem: String? { known.withLock { $0.viewProblem } }

    /// False: it will be due soon.
    private func makeViewIfDue() throws(ClickHouseError) -> Bool {
        let known = self.known.withLock { $0 }
        if known.hidden.isEmpty { return true }
        let pause = max(Self.viewPause, known.viewTook * Self.viewShare)
        guard let tables = known.tables, known.viewMadeAt.map({ $0.duration(to: .now) >= pause }) ?? true else { return false }
        try makeViewIfPossible(tables)
        return true
    }

    private func checkVersion() throws(ClickHouseError) {
        var query = ClickHouseQuery("SELECT version()", format: "TSV")
        query.database = ""
        let text = String(decoding: try client.run(query), as: UTF8.self)
        let parts = text.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard parts.count == 2 else { throw ClickHouseError(.unexpectedAnswer, "version \(text.prefix(100))") }
        guard (parts[0], parts[1]) >= (Self.oldestVersion.major, Self.oldestVersion.minor) else {
            throw ClickHouseError(
                .unsupported,
                "ClickHouse \(parts[0]).\(parts[1]) is too old: \(Self.oldestVersion.major).\(Self.oldestVersion.minor) or newer is needed"
            )
        }
    }

    private func run(_ sql: String, database: String? = nil) throws(ClickHouseError) {
        var query = ClickHouseQuery(
            sql, settings: ["max_query_size": Self.largeQuery, "max_ast_elements": "50000000", "alter_sync": "0"])
        query.database = database
        _ = try client.run(query)
    }

    private struct TableRow: Decodable {
        let table: String
        let comment: String
        let columns: [[String]]
    }
    private struct Comment: Decodable {
        let channel: Name?
        let type: Name?
    }

    /// - Parameter name: only this one.
    private func readTables(_ name: String? = nil) throws(ClickHouseError) -> [String: TableDescription] {
        let sql = """
            SELECT t.name AS table, any(t.comment) AS comment, arrayMap(c -> [c.2, c.3], arraySort(groupArray((c.position, c.name, c.type)))) AS columns
            FROM system.tables AS t INNER JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
            WHERE t.database = {database:String} AND \(name == nil ? "startsWith(t.name, {name:String})" : "t.name = {name:String}")
                AND c.database = {database:String} AND t.engine LIKE '%MergeTree'
            GROUP BY t.name
            """
        let parameters = ["database": database, "name": name ?? TableLayout.prefix]
        let answer = try client.run(ClickHouseQuery(sql, parameters: parameters, format: "JSONEachRow"))
        var tables: [String: TableDescription] = [:]
        for line in answer.split(separator: UInt8(ascii: "\n")) {
            guard let row = decode(TableRow.self, Data(line)) else {
                throw ClickHouseError(.unexpectedAnswer, "a table's description")
            }
            let comment = decode(Comment.self, Data(row.comment.utf8))
            let key: TableKey? =
                if let channel = comment?.channel, let type = comment?.type { TableKey(channel: channel, type: type) } else {
                    nil
                }
            // Another's table that happens to begin like ours.
            guard key?.tableName == row.table || [TableLayout.otherName, Self.referenceName].contains(row.table) else { continue }
            let columns = row.columns.map { ColumnLayout($0[0], $0[1]) }
            tables[row.table] = TableDescription(name: row.table, key: key, columns: columns)
        }
        return tables
    }

    private func decode<T: Decodable>(_: T.Type, _ data: Data) -> T? {
        // What is no such object is no description of ours, whatever the reason.
        try? JSONDecoder().decode(T.self, from: data)
    }

    /// Makes the table or changes it until it takes the layout's blocks.
    private func plan(_ layout: TableLayout, _ tables: inout [String: TableDescription]) throws(ClickHouseError) -> TablePlan {
        let isNew = tables[layout.name] == nil
        var table = tables[layout.name] ?? TableDescription(name: layout.name, key: layout.key, columns: [])
        if !isNew { try checkColumns(table) }
        var plan = try TablePlan(layout, in: table, isNew: isNew)
        if plan.isReady, !isNew { return plan }
        if isNew { try run(TableSQL.createTable(layout, payload: plan.additions, database: database)) }
        // Names that ClickHouse gave no column although it said so: another is taken then.
        var barred: Set<[UInt8]> = []
        var asked = isNew ? nil : plan
        repeat {
            if let asked { try run(TableSQL.alter(layout.name, asked, database: database)) }
            // Another collector may have been faster with other columns: what counts is what is there.
            guard let found = try readTables(layout.name)[layout.name] else {
                throw ClickHouseError(.unfitTable, "table \(layout.name) is not as teltel makes it")
            }
            table = found
            let present = Set(table.columns.map { Array($0.name.utf8) })
            barred.formUnion((asked?.additions ?? []).map { Array($0.name.utf8) }.filter { !present.contains($0) })
            plan = try TablePlan(layout, in: table, isNew: false, barred: barred)
            if !plan.isReady, plan == asked { throw withoutEffect(layout, plan) }
            asked = plan
        } while !plan.isReady
        tables[layout.name] = table
        let fresh = tables
        known.withLock {
            $0.tables = fresh
            $0.plans.removeAll()
            $0.hidden.insert(layout.name)
        }
        // Rows of a new table may be shown a little later, but none without the columns that came with it.
        if !isNew { try makeViewIfPossible(fresh) }
        return plan
    }

    private func checkColumns(_ table: TableDescription) throws(ClickHouseError) {
        let missing = table.missingColumns
        guard !missing.isEmpty else { return }
        let additions = missing.map { "ADD COLUMN \(SQLText.name($0.name)) \($0.type)" }
        throw ClickHouseError(
            .unfitTable,
            "table \(table.name) is not as teltel makes it; the rows of this type wait until its columns are renamed back or added: "
                + "ALTER TABLE \(TableSQL.qualified(database, table.name)) " + additions.joined(separator: ", "))
    }

    /// Trying again would do the same again.
    private func withoutEffect(_ layout: TableLayout, _ plan: TablePlan) -> ClickHouseError {
        ClickHouseError(
            .withoutEffect,
            "ClickHouse takes this and does nothing; the rows of this type wait until the table is changed by hand: "
                + TableSQL.alter(layout.name, plan, database: database))
    }
}

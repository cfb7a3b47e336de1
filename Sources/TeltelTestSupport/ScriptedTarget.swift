/// Answers like ClickHouse as far as inserts go: tokens make repeats a no-op, answers get lost, rows are refused.
import Synchronization
import TeltelEvents
import TeltelStorage

package final class ScriptedTarget: InsertTarget {
    /// What happens to one call of `insert`.
    package enum Answer: Sendable {
        case acknowledge
        /// The rows are in, but the connection breaks before the answer.
        case loseAnswer
        /// The connection breaks before the rows are in.
        case breakOff
        case unreachable
        case exception(Int)
    }
    package struct Row: Hashable, Sendable {
        package let ring: RingID
        package let sequence: UInt64
        package init(ring: RingID, sequence: UInt64) {
            self.ring = ring
            self.sequence = sequence
        }
    }
    private struct State {
        var rows: [String: [Row: Int]] = [:]
        var owners: [Row: RowKey] = [:]
        var tokens: [String: Set<String>] = [:]
        var script: [Answer] = []
        var poison: Set<Row> = []
        var refusedTables: [String: Int] = [:]
        var inserts = 0
        var isAway = false
        var showsRows = true
        var requests: [InsertRequest] = []
        var blocks: [Int] = []
        var random: SeededRandom?
    }
    private let files: any FileLayer
    private let state: Mutex<State>

    /// - Parameter chaosSeed: lose answers, break off and refuse by chance.
    package init(files: any FileLayer, chaosSeed: UInt64? = nil) {
        self.files = files
        state = Mutex(State(random: chaosSeed.map { SeededRandom(seed: $0) }))
    }

    package func script(_ answers: [Answer]) { state.withLock { $0.script += answers } }
    package func poison(_ rows: Set<Row>) { state.withLock { $0.poison = rows } }
    /// Inserts into the table get this exception.
    package func refuse(_ table: String, _ code: Int?) { state.withLock { $0.refusedTables[table] = code } }
    package var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }
    package var inserts: Int { state.withLock { $0.inserts } }
    package var requests: [InsertRequest] { state.withLock { $0.requests } }
    /// Of how many blocks each payload was made.
    package var blocks: [Int] { state.withLock { $0.blocks } }
    package func forgetTokens() { state.withLock { $0.tokens = [:] } }
    /// How often each event is there, over all tables.
    package var rows: [Row: Int] {
        state.withLock { state in
            state.rows.filter { $0.key != DigestTable.name }.values.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        }
    }
    /// How often each digest is there, by the first event that it tells of.
    package var digests: [Row: Int] { state.withLock { $0.rows[DigestTable.name] ?? [:] } }
    package var owners: [Row: RowKey] { state.withLock { $0.owners } }
    /// Of events.
    package var tables: [String] { state.withLock { $0.rows.keys.filter { $0 != DigestTable.name }.sorted() } }

    package func ensureTable(_ table: TableLayout, alongside: [TableLayout]) throws(ClickHouseError) { try reach() }

    package func shows(_ table: TableLayout) throws(ClickHouseError) -> Bool {
        try reach()
        return state.withLock { $0.showsRows }
    }
    /// False: the view lags behind the tables.
    package var showsRows: Bool {
        get { state.withLock { $0.showsRows } }
        set { state.withLock { $0.showsRows = newValue } }
    }

    private func reach() throws(ClickHouseError) {
        guard !isAway else { throw ClickHouseError(.unreachable, "away") }
    }

    package func insert(_ request: InsertRequest) throws(ClickHouseError) {
        try reach()
        let rows = try decode(request)
        let answer = state.withLock { state -> Answer in
            if request.table.isEvents {
                state.inserts += 1
                state.requests.append(request)
            }
            if let code = state.refusedTables[request.table.name] { return .exception(code) }
            if !state.script.isEmpty { return state.script.removeFirst() }
            switch state.random?.next() {
            case .some(let number) where number % 4 == 0: return .loseAnswer
            case .some(let number) where number % 4 == 1: return .breakOff
            case .some(let number) where number % 16 == 2: return .exception(202)
            default: return .acknowledge
            }
        }
        switch answer {
        case .unreachable: throw ClickHouseError(.unreachable, "refused")
        case .breakOff: throw ClickHouseError(.interrupted, "reset by peer")
        case .exception(let code): throw ClickHouseError(.exception(code), "scripted")
        case .acknowledge, .loseAnswer: break
        }
        guard state.withLock({ state in rows.allSatisfy { !state.poison.contains($0.row) } }) else {
            throw ClickHouseError(.exception(53), "a value cannot be what it is")
        }
        state.withLock { state in
            guard state.tokens[request.table.name, default: []].insert(request.token).inserted else { return }
            for (row, owner) in rows {
                state.rows[request.table.name, default: [:]][row, default: 0] += 1
                if request.table.isEvents { state.owners[row] = owner }
            }
        }
        if case .loseAnswer = answer { throw ClickHouseError(.interrupted, "answer lost") }
    }

    private func decode(_ request: InsertRequest) throws(ClickHouseError) -> [(row: Row, owner: RowKey)] {
        func failure(_ what: String) -> ClickHouseError { ClickHouseError(.payload, what) }
        let stream: [UInt8]
        do throws(FileError) {
            let file = try files.open(request.payloadPath, .read)
            defer { files.close(file) }
            stream = try files.read(file, at: 0, count: try files.size(file))
        } catch { throw failure(error.description) }
        guard stream.count == request.payloadBytes, let blocks = ZstdPacker.unpackAll(stream) else {
            throw failure("no zstd stream")
        }
        if request.table.isEvents { state.withLock { $0.blocks.append(blocks.count) } }
        var rows: [(row: Row, owner: RowKey)] = []
        do throws(StorageError) {
            for bytes in blocks {
                let block = try NativeRows(bytes)
                for (index, identity) in try block.identities().enumerated() {
                    rows.append((Row(ring: identity.ring, sequence: identity.sequence), try block.owner(index, request.table)))
                }
            }
        } catch { throw failure(error.description) }
        guard rows.count == request.rows else { throw failure("\(rows.count) rows instead of \(request.rows)") }
        return rows
    }

    package func count(_ table: TableLayout, _ ranges: [RowRange]) throws(ClickHouseError) -> Int {
        try reach()
        return state.withLock { state in
            (state.rows[table.name] ?? [:]).reduce(0) { sum, entry in
                let isIn = ranges.contains {
                    $0.ring == entry.key.ring && ($0.first...$0.last).contains(entry.key.sequence)
                }
                return isIn ? sum + entry.value : sum
            }
        }
    }

    package func sequences(_ table: TableLayout, _ range: RowRange) throws(ClickHouseError) -> [UInt64] {
        try reach()
        return state.withLock { state in
            (state.rows[table.name] ?? [:]).keys.filter {
                $0.ring == range.ring && (range.first...range.last).contains($0.sequence)
            }
            .map(\.sequence).sorted()
        }
    }
}

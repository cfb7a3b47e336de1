/// Asks ClickHouse for whoever wants to know: so many at a time, each within limits, and no longer than somebody listens.
import Synchronization
import TeltelAnalysis
import TeltelStorage

/// What one question may take.
package struct QueryLimits: Sendable {
    package var seconds: Int
    package var memoryBytes: Int
    /// Of an answer, as ClickHouse writes it.
    package var answerBytes: Int

    package init(seconds: Int = 60, memoryBytes: Int = 1 << 30, answerBytes: Int = 16 << 30) {
        self.seconds = seconds
        self.memoryBytes = memoryBytes
        self.answerBytes = answerBytes
    }
}

/// Turns ClickHouse's bytes into those of an answer, piece by piece, on the thread that reads them.
package protocol AnswerShape: Sendable {
    mutating func take(_ bytes: [UInt8]) throws(QueryError) -> [UInt8]
    /// ClickHouse's answer has ended: nothing of it may be left over. Returns the end of the answer.
    mutating func finish() throws(QueryError) -> [UInt8]
}

/// As ClickHouse writes it.
package struct PlainShape: AnswerShape {
    package init() {}
    package mutating func take(_ bytes: [UInt8]) -> [UInt8] { bytes }
    package func finish() -> [UInt8] { [] }
}

/// Thread-safe.
package final class QueryService: Sendable {
    package struct Counters: Sendable {
        package var asked: UInt64 = 0
        package var underway = 0
        package var refusedAsBusy: UInt64 = 0
        package var cancelled: UInt64 = 0
    }
    private let client: ClickHouseClient
    private let pool: WorkerPool
    private let limits: QueryLimits
    private let counted = Mutex(Counters())
    private static let statementBytesMax = 16 << 20
    /// Bytes that may wait for one asker.
    private static let pipeBytes = 1 << 20

    package init(_ client: ClickHouseClient, limits: QueryLimits = QueryLimits(), workers: Int = 4, waitingMax: Int = 64) {
        self.client = client
        self.limits = limits
        pool = WorkerPool(name: "query", threads: workers, waitingMax: waitingMax)
    }

    package var counters: Counters { counted.withLock { $0 } }

    /// Begins; what comes of it is the answer's.
    package func ask(_ statement: Statement, format: String, shape: some AnswerShape = PlainShape()) throws(QueryError)
        -> QueryAnswer
    {
        let pipe = AnswerPipe(bytesMax: Self.pipeBytes)
        let query = query(statement, format)
        counted.withLock { $0.asked += 1 }
        let isTaken = pool.submit { [self] in
            counted.withLock { $0.underway += 1 }
            let end = carryOut(query, into: pipe, shape)
            counted.withLock { counters in
                counters.underway -= 1
                if case .failure(.cancelled) = end { counters.cancelled += 1 }
            }
            pipe.finish(end)
        }
        guard isTaken else {
            counted.withLock { $0.refusedAsBusy += 1 }
            throw .busy
        }
        return QueryAnswer(pipe)
    }

    /// The whole answer.
    package func collect(_ statement: Statement, format: String, limit: Int = 64 << 20) async throws(QueryError) -> [UInt8] {
        let answer = try ask(statement, format: format)
        var bytes: [UInt8] = []
        while let piece = try await answer.next() {
            bytes += piece
            if bytes.count > limit { throw .tooLarge("the answer is larger than \(limit >> 20) MiB") }
        }
        return bytes
    }

    private func query(_ statement: Statement, _ format: String) -> ClickHouseQuery {
        let parameters = Dictionary(statement.parameters.map { ($0.name, $0.value) }) { first, _ in first }
        var query = ClickHouseQuery(statement.sql, parameters: parameters, format: format)
        query.settings = [
            "readonly": "1", "max_execution_time": String(limits.seconds), "max_memory_usage": String(limits.memoryBytes),
            "max_result_bytes": String(limits.answerBytes), "result_overflow_mode": "throw",
            // For a server; the embedded host ends the queries of clients that have gone by itself.
            "cancel_http_readonly_queries_on_client_close": "1",
            // A question about a run with hundreds of types names them all with their fields: ClickHouse's own limit is 256 KiB.
            "max_query_size": String(Self.statementBytesMax), "max_ast_elements": "500000",
            "max_expanded_ast_elements": "5000000",
            // Counts and frames are numbers in JSON, whatever the server's own default is.
            "output_format_json_quote_64bit_integers": "0",
        ]
        query.waitsForEnd = false
        query.timeout = .seconds(limits.seconds + 5)
        return query
    }

    /// Blocks.
    private func carryOut(_ query: ClickHouseQuery, into pipe: AnswerPipe, _ shape: some AnswerShape) -> Result<Void, QueryError>
    {
        if pipe.isAbandoned { return .failure(.cancelled) }
        var shape = shape
        var problem: QueryError?
        do throws(ClickHouseError) {
            try client.stream(query, isUnwanted: { pipe.isAbandoned }) { bytes in
                do throws(QueryError) {
                    let shaped = try shape.take(bytes)
                    return shaped.isEmpty || pipe.write(shaped)
                } catch {
                    problem = error
                    return false
                }
            }
        } catch {
            return .failure(problem ?? (pipe.isAbandoned ? .cancelled : QueryError(error, seconds: limits.seconds)))
        }
        do throws(QueryError) {
            let end = try shape.finish()
            if !end.isEmpty { _ = pipe.write(end) }
            return .success(())
        } catch { return .failure(error) }
    }
}

/// An answer on its way. The query ends when nobody holds it any more. Read by one task.
package final class QueryAnswer: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    private let pipe: AnswerPipe
    private let first = Mutex<[UInt8]?>(nil)

    init(_ pipe: AnswerPipe) { self.pipe = pipe }
    deinit { pipe.abandon() }

    /// Returns when the first bytes are there, so that what fails at once fails here.
    package func begin() async throws(QueryError) {
        let piece = try await pipe.next()
        first.withLock { $0 = piece }
    }

    /// Nobody wants the rest: the query ends.
    package func abandon() { pipe.abandon() }

    /// After `begin`: there is not one byte in it.
    package var isEmpty: Bool { first.withLock { $0 == nil } }

    package func next() async throws(QueryError) -> [UInt8]? {
        if let piece = first.withLock({ $0.take() }) { return piece }
        return try await pipe.next()
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let answer: QueryAnswer
        package func next() async throws -> [UInt8]? { try await answer.next() }
    }
    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(answer: self) }
}

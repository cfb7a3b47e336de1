/// The database, as answers ask it.
import Foundation
import Synchronization
import TeltelAnalysis
import TeltelQuery

/// Asks statements and keeps what was asked. Thread-safe: an answer may ask for the next rows while it looks at the last ones.
package final class RunQueries: Sendable {
    private struct State {
        var asked: [Statement] = []
        var underway: [ObjectIdentifier: QueryAnswer] = [:]
        var isAbandoned = false
    }
    private let queries: QueryService
    private let state = Mutex(State())
    private static let bytesMost = 256 << 20
    /// Several such answers are held at once.
    private static let columnBytesMost = 64 << 20

    package init(_ queries: QueryService) { self.queries = queries }

    var asked: [Statement] { state.withLock { $0.asked } }

    /// The asker has left: what is underway ends, and nothing more is asked.
    package func abandon() {
        let underway = state.withLock { state in
            state.isAbandoned = true
            return Array(state.underway.values)
        }
        for answer in underway { answer.abandon() }
    }

    /// Rows as objects.
    func rows<Row: Decodable>(_: Row.Type, _ statement: Statement?) async throws(QueryError) -> [Row] {
        guard let statement else { return [] }
        return try Self.decode([Row].self, try await lines(statement, format: "JSONEachRow"))
    }

    /// Rows as arrays of texts; nil: NULL.
    func cells(_ statement: Statement) async throws(QueryError) -> [[String?]] {
        try Self.decode([[Cell]].self, try await lines(statement, format: "JSONCompactEachRow")).map { $0.map(\.text) }
    }

    /// Rows as columns.
    /// - Parameter isKept: the statement is one of those that the answer shows: of many that are alike one is enough.
    func blocks(_ statement: Statement, isKept: Bool) async throws(QueryError) -> [NativeBlock] {
        if isKept { state.withLock { $0.asked.append(statement) } }
        return try NativeBlock.read(try await bytes(statement, format: "Native", most: Self.columnBytesMost))
    }

    private func bytes(_ statement: Statement, format: String, most: Int = bytesMost) async throws(QueryError) -> [UInt8] {
        if state.withLock({ $0.isAbandoned }) { throw .cancelled }
        let answer = try queries.ask(statement, format: format)
        state.withLock { $0.underway[ObjectIdentifier(answer)] = answer }
        defer { state.withLock { $0.underway[ObjectIdentifier(answer)] = nil } }
        var bytes: [UInt8] = []
        while let piece = try await answer.next() {
            bytes += piece
            if bytes.count > most { throw .tooLarge("the answer is larger than \(most >> 20) MiB") }
        }
        return bytes
    }

    private func lines(_ statement: Statement, format: String) async throws(QueryError) -> Data {
        state.withLock { $0.asked.append(statement) }
        // One array of all lines: to read it at once is much faster than line by line.
        var text = Data("[".utf8)
        var isFirst = true
        for line in try await bytes(statement, format: format).split(separator: UInt8(ascii: "\n")) {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            text += line
        }
        text.append(UInt8(ascii: "]"))
        return text
    }

    private static func decode<Answer: Decodable>(_: Answer.Type, _ text: Data) throws(QueryError) -> Answer {
        do { return try JSONDecoder().decode(Answer.self, from: text) } catch {
            throw .failed("an answer of ClickHouse cannot be read: \(error)")
        }
    }

    private struct Cell: Decodable {
        let text: String?
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                text = nil
            } else if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                text = String(try container.decode(UInt64.self))
            }
        }
    }
}

/// The database, as answers ask it.
import Foundation
import TeltelAnalysis
import TeltelQuery

/// Asks statements one by one and keeps what was asked. Used by one task.
final class RunQueries {
    private let queries: QueryService
    private(set) var asked: [Statement] = []

    init(_ queries: QueryService) { self.queries = queries }

    /// Rows as objects.
    func rows<Row: Decodable>(_: Row.Type, _ statement: Statement?) async throws(QueryError) -> [Row] {
        guard let statement else { return [] }
        return try Self.decode([Row].self, try await lines(statement, format: "JSONEachRow"))
    }

    /// Rows as arrays of texts; nil: NULL.
    func cells(_ statement: Statement) async throws(QueryError) -> [[String?]] {
        try Self.decode([[Cell]].self, try await lines(statement, format: "JSONCompactEachRow")).map { $0.map(\.text) }
    }

    private func lines(_ statement: Statement, format: String) async throws(QueryError) -> Data {
        asked.append(statement)
        // One array of all lines: to read it at once is much faster than line by line.
        var text = Data("[".utf8)
        var isFirst = true
        for line in try await queries.collect(statement, format: format).split(separator: UInt8(ascii: "\n")) {
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

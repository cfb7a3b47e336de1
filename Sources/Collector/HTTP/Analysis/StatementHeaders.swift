/// How an answer carries the SQL that it came from.
import Foundation
import HTTPTypes
import Hummingbird
import TeltelAnalysis
import TeltelHTTP
import TeltelQuery

/// `X-Teltel-SQL` with the text itself while it is short: clients refuse headers of many kB. Else `X-Teltel-SQL-Id`, and the text at
/// GET /api/analysis/sql/ID.
struct StatementHeaders: Sendable {
    /// Percent-encoding makes up to twice as many of it.
    private static let textBytesMax = 2_048
    private static let text = HTTPField.Name("X-Teltel-SQL")!
    private static let id = HTTPField.Name("X-Teltel-SQL-Id")!
    private static let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_.!~*'()"))
    private let archive = StatementArchive()

    func add(_ sql: String, to response: inout Response) {
        if sql.utf8.count <= Self.textBytesMax, let text = sql.addingPercentEncoding(withAllowedCharacters: Self.unreserved) {
            response.headers[Self.text] = text
        } else {
            response.headers[Self.id] = archive.keep(sql)
        }
    }

    func response(_ id: String) throws -> Response {
        guard let text = archive[id] else {
            throw APIError(
                .notFound, "unknown-statement", "there is no statement with this id, or it is no longer kept",
                hint: "ask the question again with explain=1")
        }
        return Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension APIError {
    /// The one map from what became of a question to an answer.
    init(_ error: QueryError) {
        switch error {
        case .busy:
            self.init(
                .serviceUnavailable, "too-many-queries", "too many queries are already waiting for ClickHouse",
                hint: "ask again in a moment", retryAfterSeconds: 1)
        case .tooSlow(let seconds):
            self.init(
                .gatewayTimeout, "query-too-slow", "ClickHouse did not answer within \(seconds) s",
                hint: "ask for fewer frames, or reduce them with points=…")
        case .tooMuchMemory(let detail):
            self.init(
                .unprocessableContent, "query-too-large", detail, hint: "ask for fewer frames, or reduce them with points=…")
        case .tooLarge(let detail):
            self.init(
                .unprocessableContent, "query-too-large", detail, hint: "ask for fewer frames, or reduce them with points=…")
        case .refused(let detail): self.init(.badGateway, "query-refused", detail)
        case .away(let detail):
            self.init(
                .serviceUnavailable, "storage-failed", detail, hint: "GET /api/ready shows the state of storage",
                retryAfterSeconds: 1)
        case .failed(let detail): self.init(.badGateway, "storage-failed", detail)
        case .cancelled: self.init(.serviceUnavailable, "cancelled", "the client has gone, so the query was cancelled")
        }
    }
}

/// Speaks ClickHouse's HTTP interface: with a server, and with the embedded host, which answers a part of it.
import Foundation
import Synchronization

/// One statement. Values go in as `parameters`, never into the text.
package struct ClickHouseQuery: Sendable {
    package var sql: String
    /// `{name:Type}` in the text takes the value of `name`, written as ClickHouse writes it in tab-separated files, but unescaped; of a
    /// list, as in a statement.
    package var parameters: [String: String] = [:]
    package var settings: [String: String] = [:]
    /// A format for the answer, if the text names none.
    package var format: String?
    /// The answer is whole or an error, at the price of being held by ClickHouse.
    package var waitsForEnd = true
    /// Where table names without a database are looked up; nil: the endpoint's.
    package var database: String?
    /// Longest time for everything together.
    package var timeout: Duration = .seconds(60)

    package init(_ sql: String, parameters: [String: String] = [:], settings: [String: String] = [:], format: String? = nil) {
        self.sql = sql
        self.parameters = parameters
        self.settings = settings
        self.format = format
    }
}

/// Thread-safe; calls block. Connections are kept and used again.
package final class ClickHouseClient: Sendable {
    package let endpoint: ClickHouseEndpoint
    private let idle = Mutex<[CurlTransfer]>([])
    private let interruption = CurlInterruption()
    private let whyAway: @Sendable () -> String?

    package static let largestAnswer = 256 << 20
    private static let mostIdle = 8

    /// - Parameter whyAway: asked before each request; a text: nothing is sent, because who answers there is not meant.
    package init(_ endpoint: ClickHouseEndpoint, whyAway: @escaping @Sendable () -> String? = { nil }) {
        self.endpoint = endpoint
        self.whyAway = whyAway
    }

    /// Ends what is underway and all later requests, within a second each, as if the connection had broken. For the process' end.
    package func interrupt() { interruption.isWanted.store(true, ordering: .relaxed) }

    /// The whole answer, up to `limit` bytes.
    package func run(_ query: ClickHouseQuery, limit: Int = ClickHouseClient.largestAnswer) throws(ClickHouseError) -> [UInt8] {
        var answer: [UInt8] = []
        var isTooLarge = false
        do throws(ClickHouseError) {
            try stream(query) { bytes in
                isTooLarge = answer.count + bytes.count > limit
                guard !isTooLarge else { return false }
                answer += bytes
                return true
            }
        } catch {
            throw isTooLarge ? ClickHouseError(.cancelled, "the answer is larger than \(limit) bytes") : error
        }
        return answer
    }

    /// Gives the answer to `sink` piece by piece; when it returns false, the query is ended. An error may follow pieces that came.
    /// - Parameter isUnwanted: asked at least once a second, also while nothing comes; true ends the query.
    package func stream(
        _ query: ClickHouseQuery, isUnwanted: (@Sendable () -> Bool)? = nil, _ sink: ([UInt8]) -> Bool
    ) throws(ClickHouseError) {
        var request = CurlRequest(url: url(query, sqlInURL: false), timeout: query.timeout)
        request.body = .bytes(Array(query.sql.utf8))
        request.isUnwanted = isUnwanted
        try perform(request, sink)
    }

    /// An insert whose rows are a file of zstd frames of Native blocks; `sql` ends with `FORMAT Native`, and names the database. The
    /// embedded host is told the file's path, a server gets its bytes.
    package func insert(_ query: ClickHouseQuery, payloadPath: String, payloadBytes: Int) throws(ClickHouseError) {
        var query = query
        // A file that has been cut is taken without complaint up to its last whole block.
        guard let size = CurlTransfer.size(ofFile: payloadPath), size == payloadBytes else {
            throw ClickHouseError(.payload, "\(payloadPath) is missing or not \(payloadBytes) bytes long")
        }
        let isHost = endpoint.isHost
        if isHost { query.settings["payload_file"] = payloadPath }
        var request = CurlRequest(url: url(query, sqlInURL: true), timeout: query.timeout)
        if isHost {
            request.body = .bytes([])
        } else {
            request.body = .file(path: payloadPath, bytes: payloadBytes)
            request.headers.append("Content-Encoding: zstd")
        }
        try perform(request) { _ in true }
    }

    /// Does anything answer there?
    package func ping() throws(ClickHouseError) {
        try perform(CurlRequest(url: endpoint.url + "ping", timeout: .seconds(5), isPing: true)) { _ in true }
    }

    private func perform(_ request: CurlRequest, _ sink: ([UInt8]) -> Bool) throws(ClickHouseError) {
        if let reason = whyAway() { throw ClickHouseError(.unreachable, reason) }
        var request = request
        request.user = endpoint.user
        request.password = endpoint.password
        request.socket = endpoint.socket
        request.authorities = endpoint.authorities
        let transfer = idle.withLock { $0.popLast() } ?? CurlTransfer(interruption)
        defer { idle.withLock { if $0.count < Self.mostIdle { $0.append(transfer) } } }
        try transfer.perform(request, sink)
    }

    private func url(_ query: ClickHouseQuery, sqlInURL: Bool) -> String {
        var items = query.settings.sorted { $0.key < $1.key }
        items += query.parameters.sorted { $0.key < $1.key }.map { name, value in
            // Texts in a list have escapes of their own, and ClickHouse looks for no others there.
            (key: "param_" + name, value: query.sql.contains("{\(name):Array(") ? value : Self.escape(value))
        }
        let database = query.database ?? endpoint.database
        if !database.isEmpty { items.append((key: "database", value: database)) }
        if let format = query.format { items.append((key: "default_format", value: format)) }
        if query.waitsForEnd { items.append((key: "wait_end_of_query", value: "1")) }
        if sqlInURL { items.append((key: "query", value: query.sql)) }
        return endpoint.url + "?"
            + items.map { "\(Self.percentEncode($0.key))=\(Self.percentEncode($0.value))" }.joined(separator: "&")
    }

    /// ClickHouse reads parameters as one field of a tab-separated line.
    static func escape(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\t": text += "\\t"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\0": text += "\\0"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
    static func percentEncode(_ text: String) -> String {
        // Never nil: a Swift string is valid Unicode.
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}

/// How the commands talk to a running collector: the public API, as any program would.
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import TeltelAPI
import TeltelHTTP

/// Why a command cannot go on.
struct ClientError: Error, CustomStringConvertible {
    let description: String
}

/// A client for one collector. Plain HTTP, as the collector serves on loopback.
struct CollectorClient: Sendable {
    let host: String
    let port: Int
    private let token: AccessToken?
    private var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// "http://127.0.0.1:8080"
    init(url: String, token: AccessToken? = nil) throws(ClientError) {
        self.token = token
        guard let parts = URLComponents(string: url), parts.scheme == "http", let host = parts.host, !host.isEmpty else {
            throw ClientError(description: "\(url) is not a URL such as http://127.0.0.1:8080")
        }
        self.host = host.trimmingCharacters(in: ["[", "]"])
        port = parts.port ?? 80
    }

    private func explain(_ error: any Error) -> ClientError {
        let reason = error is NIOConnectionError ? "" : " (\(error))"
        return ClientError(description: "no collector answers at http://\(authority)\(reason); start one with `teltel collect`")
    }

    private var headers: HTTPHeaders {
        var headers: HTTPHeaders = ["host": authority]
        if let token { headers.add(name: "authorization", value: "Bearer \(token.text)") }
        return headers
    }

    // MARK: HTTP

    /// Status and body.
    func get(_ path: String) async throws(ClientError) -> (status: Int, body: ByteBuffer) { try await ask(.GET, path) }

    /// - Parameter line: gets each line of a good answer as it comes; the body is what is behind the last one.
    private func ask(
        _ method: HTTPMethod, _ path: String, sending content: ByteBuffer = ByteBuffer(), accepting mediaType: String? = nil,
        line: ((ByteBuffer) throws(ClientError) -> Void)? = nil
    ) async throws(ClientError) -> (status: Int, body: ByteBuffer) {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(5))
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
                            wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                var headers = headers
                headers.add(name: "connection", value: "close")
                if let mediaType { headers.add(name: "accept", value: mediaType) }
                if method != .GET { headers.add(name: "content-length", value: String(content.readableBytes)) }
                let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
                // In one piece: a collector may have answered a head, and have closed, before the next piece is written.
                try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(content)), .end(nil)])
                var status = 0
                var body = ByteBuffer()
                for try await part in inbound {
                    switch part {
                    case .head(let head): status = Int(head.status.code)
                    case .body(var piece):
                        body.writeBuffer(&piece)
                        guard let line, status == 200 else { continue }
                        while let end = body.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                            let length = end - body.readerIndex
                            if let text = body.readSlice(length: length) { try line(text) }
                            body.moveReaderIndex(forwardBy: 1)
                        }
                        body.discardReadBytes()
                    case .end: return (status, body)
                    }
                }
                throw ClientError(description: "the answer to \(path) was cut off")
            }
        } catch let error as ClientError { throw error } catch { throw explain(error) }
    }

    func get<Answer: Decodable>(_ path: String, as: Answer.Type) async throws(ClientError) -> Answer {
        try Self.decode(try await text(path), from: path)
    }
    func post<Answer: Decodable>(_ path: String, as: Answer.Type) async throws(ClientError) -> Answer {
        try Self.decode(try await good(.POST, path), from: path)
    }
    func post<Answer: Decodable>(
        _ path: String, _ content: some Encodable, as: Answer.Type
    ) async throws(ClientError) -> Answer {
        try Self.decode(try await good(.POST, path, sending: try Self.encode(content)), from: path)
    }
    func put<Answer: Decodable>(
        _ path: String, _ content: some Encodable, as: Answer.Type
    ) async throws(ClientError) -> Answer {
        try Self.decode(try await good(.PUT, path, sending: try Self.encode(content)), from: path)
    }
    /// nil: there is no such thing.
    func find<Answer: Decodable>(
        _ path: String, accepting more: Set<Int> = [], as: Answer.Type
    ) async throws(ClientError) -> Answer? {
        let (status, body) = try await ask(.GET, path)
        if status == 404 { return nil }
        guard status == 200 || more.contains(status) else { throw refused(path, status, body) }
        return try Self.decode(body, from: path)
    }

    /// Where a browser finds a run.
    func page(of runID: String) -> String { "http://\(authority)/runs/\(RunCommand.escaped(runID))" }

    /// Sends `content` as JSON, if there is any. The answer must be good.
    func send(_ method: HTTPMethod, _ path: String, _ content: (some Encodable)?) async throws(ClientError) {
        let body = if let content { try Self.encode(content) } else { ByteBuffer() }
        _ = try await good(method, path, sending: body)
    }
    private static func encode(_ content: some Encodable) throws(ClientError) -> ByteBuffer {
        do {
            return ByteBuffer(data: try APICoding.encoder.encode(content))
        } catch { throw ClientError(description: "cannot be sent: \(error)") }
    }
    /// The body of a good answer.
    func text(_ path: String) async throws(ClientError) -> ByteBuffer { try await good(.GET, path) }

    /// The lines of a good answer, as they come.
    func lines(
        _ path: String, sending content: String? = nil, accepting mediaType: String,
        _ line: @escaping (ByteBuffer) throws(ClientError) -> Void
    ) async throws(ClientError) {
        let (status, body) = try await ask(
            content == nil ? .GET : .POST, path, sending: ByteBuffer(string: content ?? ""), accepting: mediaType, line: line)
        guard status == 200 else { throw refused(path, status, body) }
    }

    private func good(
        _ method: HTTPMethod, _ path: String, sending content: ByteBuffer = ByteBuffer()
    ) async throws(ClientError) -> ByteBuffer {
        let (status, body) = try await ask(method, path, sending: content)
        guard status == 200 else { throw refused(path, status, body) }
        return body
    }

    static func decode<Answer: Decodable>(
        _ body: ByteBuffer, from path: String, as: Answer.Type = Answer.self
    ) throws(ClientError) -> Answer {
        do {
            return try APICoding.decoder.decode(Answer.self, from: Data(body.readableBytesView))
        } catch { throw ClientError(description: "\(path) answered something else than expected: \(error)") }
    }

    private func refused(_ path: String, _ status: Int, _ body: ByteBuffer) -> ClientError {
        guard let error = try? APICoding.decoder.decode(ProblemAnswer.self, from: Data(body.readableBytesView)).error else {
            return ClientError(description: "\(path) answered \(status): \(Terminal.printable(String(buffer: body)))")
        }
        return refused(status, error)
    }

    func refused(_ status: Int, _ error: ProblemAnswer.Inner) -> ClientError {
        // What browsers are told about a login does not help in a terminal.
        let hint = status == 401 ? "give the collector's token with --token-file or TELTEL_TOKEN" : error.hint
        let text = "http://\(authority) refuses: \(error.message)" + (hint.isEmpty ? "" : "; \(hint)")
        return ClientError(description: Terminal.printable(text))
    }

    // MARK: WebSocket

    /// Subscribes and calls `body` with each event's text. Returns why the collector has ended the stream: a code of WebSocket's, and
    /// words.
    func subscribe(_ subscription: String, _ body: (String) -> Void) async throws(ClientError) -> (code: UInt16, reason: String) {
        do {
            let socket = try await openSocket()
            return try await socket.executeThenClose { inbound, outbound in
                try await outbound.write(Self.frame(.text, ByteBuffer(string: subscription)))
                for try await frame in inbound {
                    switch frame.opcode {
                    case .text: body(String(buffer: frame.unmaskedData))
                    case .ping: try await outbound.write(Self.frame(.pong, frame.unmaskedData))
                    case .connectionClose:
                        var data = frame.unmaskedData
                        let code: UInt16 = data.readInteger() ?? 1005
                        return (code, String(buffer: data))
                    default: break
                    }
                }
                return (1006, "the connection broke off")
            }
        } catch let error as ClientError { throw error } catch { throw explain(error) }
    }

    private static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
    }

    private typealias Socket = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    private func openSocket() async throws -> Socket {
        let upgraded = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(5))
            .connect(host: host, port: port) { [headers] channel -> EventLoopFuture<EventLoopFuture<Socket?>> in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOTypedWebSocketClientUpgrader<Socket?>(maxFrameSize: 16 << 20) { channel, _ in
                        channel.eventLoop.makeCompletedFuture { try Socket(wrappingChannelSynchronously: channel) }
                    }
                    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/ws", headers: headers)
                    let configuration = NIOTypedHTTPClientUpgradeConfiguration(
                        upgradeRequestHead: head, upgraders: [upgrader],
                        notUpgradingCompletionHandler: { $0.eventLoop.makeSucceededFuture(nil) })
                    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: .init(upgradeConfiguration: configuration))
                }
            }
        guard let socket = try await upgraded.get() else {
            // The same request without the upgrade: its answer says why.
            let (status, body) = try await get("/ws")
            if status == 401 || status == 403 { throw refused("/ws", status, body) }
            throw ClientError(description: "http://\(authority)/ws is not the WebSocket of a collector")
        }
        return socket
    }
}

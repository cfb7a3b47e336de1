import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypesHTTP1
import TeltelHTTP
import TeltelIngest
import TeltelIngestHTTP
import Testing

/// Counts the requests that the decoder has read.
private final class Heads: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    var count = 0
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = Self.unwrapInboundIn(data) { count += 1 }
        context.fireChannelRead(data)
    }
}

/// A connection as the port makes it, without a socket.
private final class Connection {
    let folder = "/dev/shm/teltel-test-\(UUID().uuidString)"
    let policy: PortPolicy
    let channel = EmbeddedChannel()
    let heads = Heads()
    let pool: IngestPool
    let repeats: RepeatedPosts

    init() throws {
        let post = Endpoint(
            .post, "/api/ingest", "lines", body: .init("application/x-ndjson", bytesMax: nil, "lines"), answer: .init("counts"))
        let table = EndpointTable([post])
        policy = PortPolicy(
            hosts: AllowedHosts(bind: "127.0.0.1", added: []),
            access: PortAccess(token: try AccessToken("0123456789abcdef", from: "here"), table), owners: nil)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        pool = try IngestPool(
            folder: folder, lanes: 1, ringBytes: 1 << 20, posted: PostedRuns(lateMs: 1_000, hasEnded: { _ in false }),
            rejected: { _ in }, wake: {}, tell: { _ in }, hurry: {})
        let connection = ConnectionGuard(
            policy: policy, limits: ConnectionLimits(table, bodyBytes: 1 << 20), counters: PortCounters(), isOtherUser: false)
        repeats = RepeatedPosts(connection)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            repeats, HTTPResponseEncoder(), ByteToMessageHandler(HTTPRequestDecoder()), heads, connection,
            HTTP1ToHTTPServerCodec(secure: false),
            IngestShortcut(pool: pool, eventLoop: channel.embeddedEventLoop, maxLineBytes: 4_096, repeats: repeats),
        ])
        channel.pipeline.fireChannelActive()
    }
    deinit {
        _ = try? channel.finish()
        pool.end()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The status line of the answer.
    func post(_ frame: Int, token: String = "0123456789abcdef") throws -> String {
        let body = #"{"v":1,"runId":"r","sourceId":"s","type":"t","frameIndex":\#(frame),"payload":{"x":1}}"# + "\n"
        let head = """
            POST /api/ingest HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\
            Content-Type: application/x-ndjson\r\nContent-Length: \(body.utf8.count)\r\n\r\n
            """
        try channel.writeInbound(ByteBuffer(string: head + body))
        channel.embeddedEventLoop.run()
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: part) }
        return text.components(separatedBy: "\r\n")[0]
    }
}

@Suite struct RepeatedPostsTests {
    @Test func `a head that was let in is not read again`() throws {
        let connection = try Connection()
        for frame in 0..<5 { #expect(try connection.post(frame) == "HTTP/1.1 202 Accepted") }
        #expect(connection.heads.count == 1)
        #expect(connection.pool.counters.accepted == 5)
    }

    @Test func `it is read again once something has changed of what its sender may do`() throws {
        let connection = try Connection()
        for frame in 0..<3 { #expect(try connection.post(frame) == "HTTP/1.1 202 Accepted") }
        connection.policy.revision.advance()
        for frame in 3..<6 { #expect(try connection.post(frame) == "HTTP/1.1 202 Accepted") }
        #expect(connection.heads.count == 2)
        #expect(connection.pool.counters.accepted == 6)
    }

    @Test func `a head with another token is read`() throws {
        let connection = try Connection()
        for frame in 0..<3 { #expect(try connection.post(frame) == "HTTP/1.1 202 Accepted") }
        #expect(try connection.post(3, token: "0123456789abcdeX") == "HTTP/1.1 401 Unauthorized")
        #expect(connection.pool.counters.accepted == 3)
    }
}

/// What one client may send, and how long it may keep a connection waiting.
import NIOCore
import NIOHTTP1
import TeltelHTTP

struct ConnectionLimits: Sendable {
    /// Connections open at once.
    var connections = 16_384
    /// From a request's first byte to its last header, and for a whole body that is not streamed.
    var request: TimeAmount = .seconds(10)
    /// Without a byte in a streamed body, without a new request, or without the client taking any of an answer.
    var idle: TimeAmount = .seconds(60)
    /// For a client to read a refusal and close: closing first could destroy the answer on its way.
    var linger: TimeAmount = .seconds(2)
    /// Of a body, where its endpoint does not say otherwise.
    var bodyBytes = Endpoints.bodyBytesMax
    private let otherBodies = Endpoints.table.bodyLimits(otherThan: Endpoints.bodyBytesMax)
    var headerBytes = 16 << 10
    var headerFields = 100

    /// Most bytes of a request's body; nil: any, it is taken as it comes.
    func bodyBytes(of head: HTTPRequestHead) -> Int? {
        for other in otherBodies where other.method.rawValue == head.method.rawValue && other.applies(to: head.uri) {
            return other.bytesMax
        }
        return bodyBytes
    }

    var decoder: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = headerBytes
        limits.maxHeaderListSize = headerBytes + PortPolicy.targetBytesMax
        limits.maxHeaderFieldCount = headerFields
        return limits
    }
}

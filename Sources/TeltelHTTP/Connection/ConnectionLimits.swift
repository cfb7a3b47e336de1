/// What one client may send, and how long it may keep a connection waiting.
import NIOCore
import NIOHTTP1

package struct ConnectionLimits: Sendable {
    /// Connections open at once.
    package var connections = 16_384
    /// From a request's first byte to its last header, and for a whole body that is not streamed.
    package var request: TimeAmount = .seconds(10)
    /// Without a byte in a streamed body, without a new request, or without the client taking any of an answer.
    package var idle: TimeAmount = .seconds(60)
    /// For a client to read a refusal and close: closing first could destroy the answer on its way.
    package var linger: TimeAmount = .seconds(2)
    /// Of a body, where its endpoint does not say otherwise.
    package let bodyBytes: Int
    private let otherBodies: [EndpointTable.BodyLimit]
    package var headerBytes = 16 << 10
    package var headerFields = 100

    package init(_ table: EndpointTable, bodyBytes: Int) {
        self.bodyBytes = bodyBytes
        otherBodies = table.bodyLimits(otherThan: bodyBytes)
    }

    /// Most bytes of a request's body; nil: any, it is taken as it comes.
    package func bodyBytes(of head: HTTPRequestHead) -> Int? {
        for other in otherBodies where other.method.rawValue == head.method.rawValue && other.applies(to: head.uri) {
            return other.bytesMax
        }
        return bodyBytes
    }

    package var decoder: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = headerBytes
        limits.maxHeaderListSize = headerBytes + PortPolicy.targetBytesMax
        limits.maxHeaderFieldCount = headerFields
        return limits
    }
}

/// The body of a POST, with the reasons why it may break off.
import HummingbirdCore
import NIOCore
import NIOHTTP1
import TeltelHTTP
import TeltelIngest

struct PostedBody: AsyncSequence {
    typealias Element = ByteBuffer
    let body: RequestBody

    struct AsyncIterator: AsyncIteratorProtocol {
        var pieces: RequestBody.AsyncIterator

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await pieces.next()
            } catch let error as HTTPParserError where error != .invalidEOFState {
                throw BodyInterruption.badFraming
            } catch is ConnectionGuard.SilentSender {
                throw BodyInterruption.silent
            }
        }
    }
    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: body.makeAsyncIterator()) }
}

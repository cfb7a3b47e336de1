/// From the socket's pieces to lines: decodes if need be, and tells how the body ended.
import HummingbirdCore
import NIOCore
import NIOHTTP1

enum BodyEnd: Equatable {
    case whole
    /// What came is not what was announced. Sent again it would end the same.
    case bad(BodyProblem)
    /// The connection or the collector ended in between, or there is no room to decode: the rest may come with another request.
    case cutOff(BodyProblem)

    var problem: BodyProblem? {
        switch self {
        case .whole: nil
        case .bad(let problem), .cutOff(let problem): problem
        }
    }
}

struct BodyReader {
    let coding: ContentCoding
    let limits: DecodingLimits
    let memory: DecodingMemory

    /// A piece is read when the lines of the one before are in a ring, so the sender feels a full ring.
    /// - Throws: when the rings themselves fail.
    func read(_ body: RequestBody, into lines: inout IngestRequest) async throws -> BodyEnd {
        var pieces = body.makeAsyncIterator()
        do {
            let decoder = try BodyDecoder(coding, limits: limits, memory: memory)
            while var piece = try await Self.next(&pieces) {
                guard let decoder else {
                    try await lines.take(piece)
                    continue
                }
                while let text = try decoder.decode(&piece) { try await lines.take(text) }
            }
            try decoder?.finish()
            return .whole
        } catch let problem as BodyProblem {
            return problem.kind == .busy ? .cutOff(problem) : .bad(problem)
        } catch let end as Interruption {
            return .cutOff(end.problem)
        }
    }

    private struct Interruption: Error { let problem: BodyProblem }

    private static func next(_ pieces: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
        do {
            if let piece = try await pieces.next() { return piece }
        } catch let error as HTTPParserError where error != .invalidEOFState {
            throw BodyProblem.badFraming
        } catch is ConnectionGuard.SilentSender {
            throw Interruption(problem: .silent)
        } catch {
            throw Interruption(problem: .cutOff)
        }
        // A cancelled wait for the next piece looks like the end.
        if Task.isCancelled { throw Interruption(problem: .stopping) }
        return nil
    }
}

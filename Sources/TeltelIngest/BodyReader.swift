/// From a body's pieces to lines: decodes if need be, and tells how the body ended.
import NIOCore

package enum BodyEnd: Equatable, Sendable {
    case whole
    /// What came is not what was announced. Sent again it would end the same.
    case bad(BodyProblem)
    /// The connection or the collector ended in between, or there is no room to decode: the rest may come with another request.
    case cutOff(BodyProblem)

    package var problem: BodyProblem? {
        switch self {
        case .whole: nil
        case .bad(let problem), .cutOff(let problem): problem
        }
    }
}

/// What whoever brings a body throws when no piece of it comes any more.
package enum BodyInterruption: Error {
    /// It is not framed as it should be.
    case badFraming
    /// It did not go on in time.
    case silent
}

package struct BodyReader {
    private let coding: ContentCoding
    private let limits: DecodingLimits
    private let memory: DecodingMemory

    package init(coding: ContentCoding, limits: DecodingLimits, memory: DecodingMemory) {
        self.coding = coding
        self.limits = limits
        self.memory = memory
    }

    /// A piece is read when the lines of the one before are in a ring, so the sender feels a full ring.
    /// - Parameter pieces: ends with the body, or throws; a `BodyInterruption` if it is known why.
    /// - Throws: when the rings themselves fail.
    package func read<Pieces: AsyncSequence>(_ pieces: Pieces, into lines: inout IngestRequest) async throws -> BodyEnd
    where Pieces.Element == ByteBuffer {
        var pieces = pieces.makeAsyncIterator()
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
        } catch let end as CutOff {
            return .cutOff(end.problem)
        }
    }

    private struct CutOff: Error { let problem: BodyProblem }

    private static func next<Pieces: AsyncIteratorProtocol>(_ pieces: inout Pieces) async throws -> ByteBuffer?
    where Pieces.Element == ByteBuffer {
        do {
            if let piece = try await pieces.next() { return piece }
        } catch BodyInterruption.badFraming {
            throw BodyProblem.badFraming
        } catch BodyInterruption.silent {
            throw CutOff(problem: .silent)
        } catch {
            throw CutOff(problem: .cutOff)
        }
        // A cancelled wait for the next piece looks like the end.
        if Task.isCancelled { throw CutOff(problem: .stopping) }
        return nil
    }
}

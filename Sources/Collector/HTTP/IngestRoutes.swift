/// POST /api/ingest: NDJSON in (contract §1, §3).
import HTTPTypes
import Hummingbird
import NIOCore
import TeltelHTTP
import TeltelIngest
import TeltelIngestHTTP

struct IngestRoutes: Sendable {
    let pool: IngestPool
    let keys: IdempotencyKeys
    let maxLineBytes: Int
    let limits: DecodingLimits
    let memory: DecodingMemory

    private static let keyName = HTTPField.Name(IngestEndpoints.idempotencyKey.name)!
    static let replayedName = HTTPField.Name("Idempotency-Replayed")!

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(IngestEndpoints.post) { request, context in
            let coding = try coding(request.headers)
            let lane = try await lane(context.channel)
            do {
                guard let key = try Self.key(request.headers) else {
                    return try await take(request, coding, lane).answer.response
                }
                return try await take(request, coding, lane, key: key)
            } catch let broken as Broken {
                throw APIError.ingestFailed(broken.cause)
            }
        }
    }

    /// That of the connection's short posts: their order and that of the others holds.
    private func lane(_ channel: any Channel) async throws -> IngestLane {
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: IngestShortcut.self).lane
        }.get()
    }

    // MARK: headers

    private func coding(_ headers: HTTPFields) throws -> ContentCoding {
        guard let text = headers[.contentEncoding]?.lowercased() else { return .identity }
        switch text {
        case "gzip", "x-gzip": return .gzip
        case "deflate": return .deflate
        case "zstd": return .zstd
        case "identity", "": return .identity
        default:
            pool.countBrokenBody("unsupported-encoding")
            throw APIError(
                .unsupportedMediaType, "unsupported-encoding", "Content-Encoding \(text) is not understood",
                hint: "send gzip, deflate, zstd or identity, and one of them only")
        }
    }

    /// Of a request that may come again; nil: it has none.
    static func key(_ headers: HTTPFields) throws -> String? {
        let values = headers[values: keyName]
        guard let key = values.first else { return nil }
        guard values.count == 1, (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw APIError(
                .badRequest, "bad-idempotency-key", "an Idempotency-Key has 1 to 255 printable ASCII characters, and comes once",
                hint: "send a new UUID with each request, and the same one when you repeat it")
        }
        return key
    }

    // MARK: bodies

    private struct Taken {
        let answer: IngestAnswer
        /// Where to go on, if the request broke off.
        var progress: IngestProgress?
    }

    /// - Throws: an `APIError` when not one line could be read.
    private func take(
        _ request: Request, _ coding: ContentCoding, _ lane: IngestLane, after progress: IngestProgress? = nil
    ) async throws -> Taken {
        var lines = IngestRequest(pool: pool, lane: lane, maxLineBytes: maxLineBytes, after: progress)
        let end: BodyEnd
        do {
            end = try await BodyReader(coding: coding, limits: limits, memory: memory).read(
                PostedBody(body: request.body), into: &lines)
            if end == .whole {
                let summary = try await lines.finish()
                return Taken(answer: IngestAnswer(summary))
            }
        } catch {
            throw Broken(progress: lines.breakOff().1, cause: error)
        }
        var (summary, reached) = lines.breakOff()
        guard let problem = end.problem else { return Taken(answer: IngestAnswer(summary)) }
        pool.countBrokenBody(problem.code)
        if reached.summary.isEmpty { throw APIError(problem) }
        summary.end(line: reached.lines + 1, problem)
        guard case .cutOff = end else { return Taken(answer: IngestAnswer(summary)) }
        return Taken(answer: IngestAnswer(summary), progress: reached)
    }

    /// The rings failed, or the collector stops.
    private struct Broken: Error {
        let progress: IngestProgress
        let cause: any Error
    }

    // MARK: repeated requests

    private func take(_ request: Request, _ coding: ContentCoding, _ lane: IngestLane, key: String) async throws -> Response {
        let progress: IngestProgress?
        switch keys.begin(key) {
        case .fresh: progress = nil
        case .resume(let reached): progress = reached
        case .answered(let answer):
            var response = answer.response
            response.headers[Self.replayedName] = "true"
            return response
        case .busy:
            throw APIError(
                .conflict, "request-in-progress", "a request with this Idempotency-Key is being read",
                hint: "wait for its answer, or for its connection to end, then repeat it")
        }
        do {
            let taken = try await take(request, coding, lane, after: progress)
            if let reached = taken.progress {
                keys.breakOff(key, reached)
            } else {
                await keys.answer(key, taken.answer)
            }
            return taken.answer.response
        } catch let broken as Broken {
            keys.breakOff(key, broken.progress)
            throw broken
        } catch {
            keys.forget(key)
            throw error
        }
    }
}

extension APIError {
    /// Of a body of which not one line could be read.
    init(_ problem: BodyProblem) {
        switch problem.kind {
        case .notAsAnnounced: self.init(.badRequest, problem.code, problem.message)
        case .tooMuch: self.init(.contentTooLarge, problem.code, problem.message)
        case .busy: self.init(.serviceUnavailable, problem.code, problem.message, retryAfterSeconds: 1)
        }
    }
}

extension IngestAnswer {
    var response: Response {
        Response(
            status: HTTPResponse.Status(code: status), headers: [.contentType: mediaType],
            body: .init(byteBuffer: ByteBuffer(string: body)))
    }
}

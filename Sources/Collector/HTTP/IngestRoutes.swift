/// POST /api/ingest: NDJSON in (contract §1, §3).
import HTTPTypes
import Hummingbird

struct IngestRoutes: Sendable {
    let pool: IngestPool
    let maxLineBytes: Int

    private struct Answer: Encodable {
        let accepted, rejected, dropped: Int
        let errors: [IngestSummary.LineError]
    }

    func add(to router: Router<BasicRequestContext>) {
        router.post("api/ingest") { request, _ in
            if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
                throw APIError(
                    .unsupportedMediaType, "unsupported-encoding", "Content-Encoding \(encoding) is not understood",
                    hint: "send the lines uncompressed")
            }
            var ingest = IngestRequest(pool: pool, maxLineBytes: maxLineBytes)
            for try await piece in request.body { try await ingest.take(piece) }
            let summary = try await ingest.finish()
            return try JSONAnswer.response(
                Answer(
                    accepted: summary.accepted, rejected: summary.rejected, dropped: summary.dropped, errors: summary.errors),
                status: .accepted)
        }
    }
}

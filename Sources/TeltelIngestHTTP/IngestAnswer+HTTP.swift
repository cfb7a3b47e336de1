/// What a post is answered with.
import NIOCore
import TeltelHTTP
import TeltelIngest

extension IngestAnswer {
    private struct Body: Encodable {
        let accepted, rejected, dropped: Int
        let errors: [IngestSummary.LineError]
    }

    package init(_ summary: IngestSummary) {
        // What nearly all answers are: an encoder costs more than the lines.
        guard !summary.errors.isEmpty else {
            self.init(accepted: summary.accepted, rejected: summary.rejected, dropped: summary.dropped)
            return
        }
        let body = Body(
            accepted: summary.accepted, rejected: summary.rejected, dropped: summary.dropped, errors: summary.errors)
        // Numbers and texts can always be encoded.
        self.init(status: 202, body: (try? JSONAnswer.text(body)) ?? "{}")
    }

    package init(accepted: Int, rejected: Int, dropped: Int) {
        self.init(
            status: 202, body: "{\"accepted\":\(accepted),\"dropped\":\(dropped),\"errors\":[],\"rejected\":\(rejected)}")
    }

    /// The rings failed, or the collector stops.
    package static func failed(_ cause: any Error) -> IngestAnswer {
        let error = APIError.ingestFailed(cause)
        return IngestAnswer(status: error.status.code, body: String(buffer: error.json()))
    }

    /// Without an answer in numbers it is an error.
    package var mediaType: String { status < 400 ? "application/json" : APIError.mediaType }
}

extension APIError {
    package static func ingestFailed(_ cause: any Error) -> APIError {
        APIError(
            .serviceUnavailable, "ingest-failed", "not all lines could be taken: \(cause)",
            hint: "repeat the request; with an Idempotency-Key nothing is added twice")
    }
}

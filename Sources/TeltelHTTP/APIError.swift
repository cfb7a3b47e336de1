/// Errors as the port shows them.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TeltelAPI

/// What happened, and what the user can do. Sent as `application/problem+json` (RFC 9457) with `code`, `hint` and the member
/// `error: {code, message, hint}`, which clients of `/api` know from before.
package struct APIError: Error, HTTPResponseError, Sendable {
    package static let mediaType = "application/problem+json"

    package let status: HTTPResponse.Status
    /// Stable, for programs.
    package let code: String
    package let message: String
    package let hint: String
    /// nil: nobody can say whether it will be better later.
    package let retryAfterSeconds: Int?
    /// Methods that the path has; of 405 only.
    package let allowed: String?

    package init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, hint: String = "", retryAfterSeconds: Int? = nil,
        allowed: String? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.retryAfterSeconds = retryAfterSeconds
        self.allowed = allowed
    }

    /// The answer's body, also for answers that are made before the router.
    ///
    /// - Parameters:
    ///   - path: of the request.
    ///   - requestID: what the log calls the request.
    package func json(path: String? = nil, requestID: String? = nil) -> ByteBuffer {
        let problem = problem(path: path, requestID: requestID)
        // Texts and a number can always be encoded.
        return (try? JSONAnswer.encoded(problem)) ?? ByteBuffer()
    }

    package func problem(path: String? = nil, requestID: String? = nil) -> ProblemAnswer {
        ProblemAnswer(
            title: status.reasonPhrase, status: status.code, detail: message, code: code, hint: hint, instance: path,
            requestID: requestID)
    }

    package func response(from request: Request, context: some RequestContext) throws -> Response {
        let body = json(path: request.uri.path, requestID: context.id.description)
        var response = Response(status: status, headers: [.contentType: Self.mediaType], body: .init(byteBuffer: body))
        if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
        if let allowed { response.headers[.allow] = allowed }
        return response
    }

    package static func missingParameter(_ name: String) -> APIError {
        APIError(.badRequest, "missing-parameter", "the parameter \(name) is required", hint: "add ?\(name)=…")
    }
}

/// Answers in JSON.
package enum JSONAnswer {
    package static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(bytes: try encoded(value), status: status)
    }

    package static func encoded(_ value: some Encodable) throws -> ByteBuffer { ByteBuffer(data: try data(value)) }

    package static func text(_ value: some Encodable) throws -> String { String(decoding: try data(value), as: UTF8.self) }

    private static func data(_ value: some Encodable) throws -> Data { try APICoding.encoder.encode(value) }

    package static func response(bytes: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: bytes))
    }
}

/// Errors as the API shows them, and JSON answers.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// `{"error": {"code": …, "message": …, "hint": …}}`: what happened, and what the user can do.
struct APIError: Error, HTTPResponseError, Sendable {
    let status: HTTPResponse.Status
    let code: String
    let message: String
    let hint: String
    /// nil: nobody can say whether it will be better later.
    let retryAfterSeconds: Int?

    init(
        _ status: HTTPResponse.Status, _ code: String, _ message: String, hint: String = "", retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.retryAfterSeconds = retryAfterSeconds
    }

    private struct Body: Encodable {
        struct Inner: Encodable { let code, message, hint: String }
        let error: Inner
    }

    /// The answer's body, also for answers that are made before the router.
    var json: ByteBuffer {
        // Three texts can always be encoded.
        (try? JSONAnswer.encoded(Body(error: .init(code: code, message: message, hint: hint)))) ?? ByteBuffer()
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = JSONAnswer.response(bytes: json, status: status)
        if let retryAfterSeconds { response.headers[.retryAfter] = String(retryAfterSeconds) }
        return response
    }

    static func missingParameter(_ name: String) -> APIError {
        APIError(.badRequest, "missing-parameter", "the parameter \(name) is required", hint: "add ?\(name)=…")
    }
}

enum JSONAnswer {
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        response(bytes: try encoded(value), status: status)
    }

    static func encoded(_ value: some Encodable) throws -> ByteBuffer { ByteBuffer(data: try data(value)) }

    static func text(_ value: some Encodable) throws -> String { String(decoding: try data(value), as: UTF8.self) }

    private static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return try encoder.encode(value)
    }

    static func response(bytes: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: bytes))
    }
}

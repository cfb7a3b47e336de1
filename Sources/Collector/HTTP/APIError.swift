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

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, hint: String = "") {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
    }

    private struct Body: Encodable {
        struct Inner: Encodable { let code, message, hint: String }
        let error: Inner
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        try JSONAnswer.response(Body(error: .init(code: code, message: message, hint: hint)), status: status)
    }

    static func missingParameter(_ name: String) -> APIError {
        APIError(.badRequest, "missing-parameter", "the parameter \(name) is required", hint: "add ?\(name)=…")
    }
}

enum JSONAnswer {
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return response(bytes: ByteBuffer(data: try encoder.encode(value)), status: status)
    }

    static func response(bytes: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
        Response(status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: bytes))
    }
}

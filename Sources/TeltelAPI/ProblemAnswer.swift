/// What every error is answered with: RFC 9457, with the `error` object that answers had before.

package struct ProblemAnswer: Codable, Sendable, Equatable {
    package struct Inner: Codable, Sendable, Equatable {
        package let code, message, hint: String
    }
    package let type: String
    package let title: String
    package let status: Int
    package let detail, code, hint: String
    /// Path of the request, and what the log calls it.
    package let instance, requestID: String?
    package let error: Inner

    private enum CodingKeys: String, CodingKey {
        case type, title, status, detail, code, hint, instance, error
        case requestID = "request_id"
    }

    package init(
        title: String, status: Int, detail: String, code: String, hint: String, instance: String?, requestID: String?
    ) {
        type = "about:blank"
        self.title = title
        self.status = status
        self.detail = detail
        self.code = code
        self.hint = hint
        self.instance = instance
        self.requestID = requestID
        error = Inner(code: code, message: detail, hint: hint)
    }
}

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

    /// Of an answer that has no more than the former object, that.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let error = try values.decode(Inner.self, forKey: .error)
        self.error = error
        type = try values.decodeIfPresent(String.self, forKey: .type) ?? "about:blank"
        title = try values.decodeIfPresent(String.self, forKey: .title) ?? ""
        status = try values.decodeIfPresent(Int.self, forKey: .status) ?? 0
        detail = try values.decodeIfPresent(String.self, forKey: .detail) ?? error.message
        code = try values.decodeIfPresent(String.self, forKey: .code) ?? error.code
        hint = try values.decodeIfPresent(String.self, forKey: .hint) ?? error.hint
        instance = try values.decodeIfPresent(String.self, forKey: .instance)
        requestID = try values.decodeIfPresent(String.self, forKey: .requestID)
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

/// One method of one path of the port, as a value: the router, the refusals, the API's description and its documentation are made of it.

package struct Endpoint: Sendable, Hashable {
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// Whom a port with a token lets in.
    package enum Access: Sendable, Hashable {
        case everybody
        /// Who has the token, or a session.
        case user
    }

    package struct Body: Sendable, Hashable {
        package let mediaType: String
        /// nil: any size, taken as it comes.
        package let bytesMax: Int?
        package let meaning: String
        package let isRequired: Bool

        package init(_ mediaType: String, bytesMax: Int?, isRequired: Bool = true, _ meaning: String) {
            self.mediaType = mediaType
            self.bytesMax = bytesMax
            self.isRequired = isRequired
            self.meaning = meaning
        }
    }

    package struct Answer: Sendable, Hashable {
        package let status: Int
        package let mediaType: String
        package let meaning: String

        package init(_ meaning: String, status: Int = 200, mediaType: String = "application/json") {
            self.status = status
            self.mediaType = mediaType
            self.meaning = meaning
        }
    }

    package let method: Method
    package let path: PathTemplate
    /// What it gives, in a line.
    package let summary: String
    package let parameters: [Parameter]
    package let body: Body?
    package let answer: Answer
    package let access: Access
    /// Other methods are answered as this one is.
    package let takesAnyMethod: Bool

    package init(
        _ method: Method, _ path: PathTemplate, _ summary: String, parameters: [Parameter] = [], body: Body? = nil,
        access: Access = .user, takesAnyMethod: Bool = false, answer: Answer
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.access = access
        self.takesAnyMethod = takesAnyMethod
        self.answer = answer
    }
}

/// A path with names for what may stand in it: `/api/layouts/{name+}`. `{name}` is one part, `{name+}` the whole rest, slashes included.
package struct PathTemplate: Sendable, Hashable, ExpressibleByStringLiteral {
    package enum Part: Sendable, Hashable {
        case literal(String)
        case one(String)
        case rest(String)
    }
    package let parts: [Part]

    package init(stringLiteral text: String) { self.init(text) }

    package init(_ text: String) {
        parts = text.split(separator: "/").map { part in
            guard part.first == "{", part.last == "}" else { return .literal(String(part)) }
            let name = part.dropFirst().dropLast()
            return name.last == "+" ? .rest(String(name.dropLast())) : .one(String(name))
        }
    }

    /// As people and OpenAPI write it: `/api/layouts/{name}`.
    package var text: String {
        parts.isEmpty
            ? "/"
            : parts.map { part in
                switch part {
                case .literal(let text): "/\(text)"
                case .one(let name), .rest(let name): "/{\(name)}"
                }
            }.joined()
    }

    /// What stands before the first name: every path that fits begins with it. Without a name it is the whole path.
    package var literalPrefix: String {
        var prefix = ""
        for part in parts {
            guard case .literal(let text) = part else { return prefix + "/" }
            prefix += "/\(text)"
        }
        return prefix.isEmpty ? "/" : prefix
    }

    package var isLiteral: Bool { names.isEmpty }

    package var names: [String] {
        parts.compactMap { part in
            switch part {
            case .literal: nil
            case .one(let name), .rest(let name): name
            }
        }
    }
}

/// What may stand behind the `?`, or in a header.
package struct Parameter: Sendable, Hashable {
    package enum Place: String, Sendable { case query, header }
    package enum Kind: Sendable, Hashable {
        case text
        case integer(ClosedRange<Int>)
        /// 0 … 2⁶⁴-1
        case frame
        /// A finite number.
        case number(ClosedRange<Double>?)
        /// Any number of texts: the parameter stands as often.
        case texts
        /// "1": yes.
        case flag
    }
    package let name: String
    package let kind: Kind
    package let place: Place
    package let isRequired: Bool
    package let meaning: String

    package init(_ name: String, _ meaning: String, _ kind: Kind = .text, in place: Place = .query, isRequired: Bool = false) {
        self.name = name
        self.kind = kind
        self.place = place
        self.isRequired = isRequired
        self.meaning = meaning
    }
}

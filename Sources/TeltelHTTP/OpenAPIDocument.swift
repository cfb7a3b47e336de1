/// The table as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0).

package struct OpenAPIDocument: Encodable, Sendable {
    let openapi = "3.1.0"
    let info: Info
    let paths: [String: [String: Operation]]
    let components: Components

    package init(_ table: EndpointTable, title: String, version: String) {
        info = Info(title: title, version: version)
        paths = Dictionary(
            uniqueKeysWithValues: table.paths.map { path, endpoints in
                let operations = endpoints.map { ($0.method.rawValue.lowercased(), Operation($0)) }
                return (path.text, Dictionary(uniqueKeysWithValues: operations))
            })
        components = Components()
    }

    struct Info: Encodable { let title, version: String }

    struct Operation: Encodable {
        let summary: String
        let parameters: [Argument]
        let requestBody: RequestBody?
        let responses: [String: Answer]
        /// None: everybody may ask.
        let security: [[String: [String]]]

        init(_ endpoint: Endpoint) {
            summary = endpoint.summary
            parameters = endpoint.path.names.map(Argument.init(path:)) + endpoint.parameters.map(Argument.init)
            requestBody = endpoint.body.map(RequestBody.init)
            responses = [
                String(endpoint.answer.status): Answer(endpoint.answer),
                "default": Answer(
                    .init("what went wrong, and what can be done", mediaType: APIError.mediaType), Reference.problem),
            ]
            security = endpoint.access == .everybody ? [] : [["token": []], [:]]
        }
    }

    struct Argument: Encodable {
        let name, `in`, description: String
        let required: Bool
        let schema: Schema

        init(path name: String) {
            (self.name, `in`, description, required) = (name, "path", "percent-encoded", true)
            schema = Schema(type: "string")
        }
        init(_ parameter: Parameter) {
            (name, `in`, description) = (parameter.name, parameter.place.rawValue, parameter.meaning)
            required = parameter.isRequired
            switch parameter.kind {
            case .text: schema = Schema(type: "string")
            case .integer(let range):
                schema = Schema(type: "integer", minimum: range.lowerBound, maximum: range.upperBound)
            case .frame: schema = Schema(type: "integer", minimum: 0)
            case .number: schema = Schema(type: "number")
            case .texts: schema = Schema(type: "array", items: ["type": "string"])
            case .flag: schema = Schema(type: "string", enum: ["1"])
            }
        }
    }

    struct Schema: Encodable {
        var type: String
        var minimum, maximum: Int?
        var `enum`: [String]?
        var items: [String: String]?
        var properties: [String: Schema]?
        var required: [String]?
    }

    struct RequestBody: Encodable {
        let description: String
        let required: Bool
        let content: [String: [String: Schema]]

        init(_ body: Endpoint.Body) {
            let limit = body.bytesMax.map { "; at most \($0 >> 10) KiB" } ?? ""
            description = body.meaning + limit
            required = body.isRequired
            content = [body.mediaType: body.mediaType == "application/json" ? ["schema": Schema(type: "object")] : [:]]
        }
    }

    struct Answer: Encodable {
        let description: String
        let content: [String: [String: Reference]]

        init(_ answer: Endpoint.Answer, _ schema: Reference? = nil) {
            description = answer.meaning
            content = answer.mediaType.isEmpty ? [:] : [answer.mediaType: schema.map { ["schema": $0] } ?? [:]]
        }
    }

    struct Reference: Encodable {
        let ref: String
        enum CodingKeys: String, CodingKey { case ref = "$ref" }
        static let problem = Reference(ref: "#/components/schemas/Problem")
    }

    struct Components: Encodable {
        let schemas = [
            "Problem": Schema(
                type: "object",
                properties: [
                    "type": Schema(type: "string"), "title": Schema(type: "string"), "status": Schema(type: "integer"),
                    "detail": Schema(type: "string"), "instance": Schema(type: "string"), "code": Schema(type: "string"),
                    "hint": Schema(type: "string"), "request_id": Schema(type: "string"),
                    "error": Schema(
                        type: "object",
                        properties: [
                            "code": Schema(type: "string"), "message": Schema(type: "string"), "hint": Schema(type: "string"),
                        ]),
                ], required: ["type", "title", "status", "detail", "code"])
        ]
        let securitySchemes = ["token": ["type": "http", "scheme": "bearer"]]
    }
}

import Foundation
import Hummingbird
import TeltelHTTP
import Testing

private let list = Endpoint(.get, "/api/things", "all things", answer: .init("a list"))
private let read = Endpoint(
    .get, "/api/things/{name+}", "a thing",
    parameters: [Parameter("most", "at most so many", .integer(1...9), isRequired: true)], answer: .init("a thing"))
private let save = Endpoint(
    .put, "/api/things/{name+}", "saves a thing", body: .init("application/json", bytesMax: 4 << 10, "a thing"),
    answer: .init("a thing"))
private let take = Endpoint(
    .post, "/api/take", "takes what comes", body: .init("application/x-ndjson", bytesMax: nil, "lines"),
    answer: .init("how many", status: 202))
private let front = Endpoint(.get, "/", "the front", access: .everybody, answer: .init("a page", mediaType: "text/html"))
private let table = EndpointTable([list, read], [save, take, front])

@Suite struct EndpointTests {
    @Test(arguments: [
        ("/", "/", "/", []), ("/api/things", "/api/things", "/api/things", []),
        ("/api/things/{name+}", "/api/things/{name}", "/api/things/", ["name"]),
        ("/a/{b}/c/{d}", "/a/{b}/c/{d}", "/a/", ["b", "d"]),
    ]) func `a template knows its text, its names and how paths begin that fit`(
        template: String, text: String, prefix: String, names: [String]
    ) {
        let path = PathTemplate(template)
        #expect((path.text, path.literalPrefix, path.names) == (text, prefix, names))
        #expect(path.isLiteral == names.isEmpty)
    }

    @Test func `methods of one path belong together`() {
        #expect(table.paths.map(\.path.text) == ["/api/things", "/api/things/{name}", "/api/take", "/"])
        #expect(table.paths.map { EndpointTable.allowed($0.endpoints) } == ["GET, HEAD", "GET, HEAD, PUT", "POST", "GET, HEAD"])
        #expect(table.open == ["/"])
    }

    @Test(
        arguments: [
            ("PUT", "/api/things/a/b", 4 << 10), ("PUT", "/api/things", nil), ("POST", "/api/take", -1),
            ("POST", "/api/take?a=b", -1),
            ("POST", "/api/taken", nil), ("GET", "/api/things/a", nil),
        ] as [(String, String, Int?)]) func `bodies have the limit of their endpoint`(method: String, target: String, bytes: Int?)
    {
        let limit = table.bodyLimits(otherThan: 64 << 10).first { $0.method.rawValue == method && $0.applies(to: target) }
        #expect(limit.map { $0.bytesMax ?? -1 } == bytes)
    }

    @Test func `the description says what the table says`() throws {
        let text = try JSONAnswer.text(OpenAPIDocument(table, title: "things", version: "1.2"))
        let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(json["openapi"] as? String == "3.1.0")
        let paths = try #require(json["paths"] as? [String: [String: [String: Any]]])
        #expect(Set(paths.keys) == ["/api/things", "/api/things/{name}", "/api/take", "/"])
        let thing = try #require(paths["/api/things/{name}"])
        #expect(Set(thing.keys) == ["get", "put"])
        let parameters = try #require(thing["get"]?["parameters"] as? [[String: Any]])
        #expect(parameters.map { $0["name"] as? String } == ["name", "most"])
        #expect(parameters.map { $0["in"] as? String } == ["path", "query"])
        #expect(parameters.map { $0["required"] as? Bool } == [true, true])
        let schema = try #require(parameters[1]["schema"] as? [String: Any])
        #expect(schema["minimum"] as? Int == 1 && schema["maximum"] as? Int == 9)
        #expect((paths["/"]?["get"]?["security"] as? [Any])?.isEmpty == true)
        #expect((paths["/api/take"]?["post"]?["responses"] as? [String: Any])?.keys.contains("202") == true)
    }

    @Test func `numbers are finite, and texts may come several times`() throws {
        let endpoint = Endpoint(
            .get, "/n", "n", parameters: [Parameter("min", "a number", .number(nil)), Parameter("path", "paths", .texts)],
            answer: .init("n"))
        let text = try JSONAnswer.text(OpenAPIDocument(EndpointTable([endpoint]), title: "n", version: "1"))
        #expect(text.contains(#""type":"number""#) && text.contains(#""items":{"type":"string"}"#))
        #expect(FormQuery("path=a&min=1&path=b%2Cc&path=").values(of: "path") == ["a", "b,c", ""])
        for (text, number) in [("1.5", 1.5), ("-2e3", -2e3), ("+4", 4), (".5", 0.5), ("-0", -0.0)] as [(String, Double)] {
            #expect(Request.finiteNumber(text) == number)
        }
        for text in ["", "nan", "inf", "-Infinity", "1e999", "0x10", "1 ", "1_0", "e", "--1", "1e5e5"] {
            #expect(Request.finiteNumber(text) == nil, "\(text)")
        }
    }

    @Test func `an error is a problem, and what it was before`() throws {
        let error = APIError(.notFound, "unknown-run", "no run x is known", hint: "GET /api/runs lists them")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(String(buffer: error.json(path: "/api/run", requestID: "7")).utf8))
                as? [String: Any])
        let inner = try #require(json["error"] as? [String: String])
        #expect(inner == ["code": "unknown-run", "message": "no run x is known", "hint": "GET /api/runs lists them"])
        #expect(
            json["status"] as? Int == 404 && json["title"] as? String == "Not Found" && json["type"] as? String == "about:blank")
        #expect(json["detail"] as? String == inner["message"] && json["code"] as? String == inner["code"])
        #expect(json["instance"] as? String == "/api/run" && json["request_id"] as? String == "7")
    }
}

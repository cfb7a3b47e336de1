/// The web page: its files lie in this binary.
import CTeltelUI
import HTTPTypes
import Hummingbird

struct UIRoutes: Sendable {
    private static let mediaTypes = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "svg": "image/svg+xml",
    ]

    func add(to router: Router<ConnectionContext>) {
        router.get("/") { _, _ in try Self.file("index.html") }
        // Pages of the application are told apart by its script.
        router.get("runs/**") { _, _ in try Self.file("index.html") }
        router.get(":file") { _, context in try Self.file(try context.parameters.require("file")) }
    }

    private static func file(_ name: String) throws -> Response {
        var size = 0
        guard let bytes = teltel_ui_file(name, &size) else {
            throw APIError(.notFound, "not-found", "there is nothing at /\(name)", hint: "the API begins with /api")
        }
        // SAFETY: the file is constant data of the binary.
        let buffer = ByteBuffer(bytes: UnsafeBufferPointer(start: bytes, count: size))
        let mediaType = mediaTypes[String(name.split(separator: ".").last ?? "")] ?? "application/octet-stream"
        return Response(
            status: .ok, headers: [.contentType: mediaType, .cacheControl: "no-cache"], body: .init(byteBuffer: buffer))
    }
}

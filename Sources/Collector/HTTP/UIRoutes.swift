/// The web page: its files lie in this binary.
import CTeltelUI
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix
import TeltelHTTP

struct UIRoutes: Sendable {
    /// For work on the page: its files are read from there at each request. nil: those of this binary.
    let folder: String?

    private static let mediaTypes = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "txt": "text/plain; charset=utf-8", "svg": "image/svg+xml",
    ]

    func add(to router: Router<ConnectionContext>) {
        router.get("/") { _, _ in try await file("index.html") }
        // Pages of the application are told apart by its script.
        router.get("runs/**") { _, _ in try await file("index.html") }
        router.get(":file") { _, context in try await file(try context.parameters.require("file")) }
    }

    private func file(_ name: String) async throws -> Response {
        let found = if let folder { try await Self.read(name, in: folder) } else { Self.builtIn(name) }
        guard let bytes = found else {
            throw APIError(.notFound, "not-found", "there is nothing at /\(name)", hint: "the API begins with /api")
        }
        let mediaType = Self.mediaTypes[String(name.split(separator: ".").last ?? "")] ?? "application/octet-stream"
        return Response(
            status: .ok, headers: [.contentType: mediaType, .cacheControl: "no-cache"], body: .init(byteBuffer: bytes))
    }

    private static func builtIn(_ name: String) -> ByteBuffer? {
        var size = 0
        guard let bytes = teltel_ui_file(name, &size) else { return nil }
        // SAFETY: the file is constant data of the binary.
        return ByteBuffer(bytes: UnsafeBufferPointer(start: bytes, count: size))
    }

    /// nil: there is none. A name never leads out of the folder.
    private static func read(_ name: String, in folder: String) async throws -> ByteBuffer? {
        guard !name.hasPrefix("."), !name.contains("/"), !name.contains("%") else { return nil }
        return try await NIOThreadPool.singleton.runIfActive {
            FileManager.default.contents(atPath: "\(folder)/\(name)").map { ByteBuffer(data: $0) }
        }
    }
}

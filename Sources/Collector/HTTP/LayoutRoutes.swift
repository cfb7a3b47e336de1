/// /api/layouts: arrangements of the page's panels, kept by name for everybody who uses this collector.
import Foundation
import HTTPTypes
import Hummingbird
import NIOPosix
import TeltelAPI
import TeltelControl
import TeltelHTTP

/// What a layout may be. Its content belongs to the page: any JSON object.
enum Layouts {
    static let bytesMax = 256 << 10
    static let countMax = 200
    static let nameCharactersMax = 100
}

struct LayoutRoutes: Sendable {
    /// nil: this collector runs without storage.
    let store: ControlStore?

    func add(to router: EndpointRouter<ConnectionContext>) {
        router.on(LayoutEndpoints.list) { _, _ in
            try JSONAnswer.response(try await asking { try $0.layouts() }.map(Self.answer))
        }
        router.on(LayoutEndpoints.read) { _, context in
            let name = try Self.name(context)
            guard let found = try await asking({ try $0.layout(name) }) else { throw Self.unknown(name) }
            return Self.tagged(JSONAnswer.response(bytes: ByteBuffer(string: found.layout)), found.layout)
        }
        router.on(LayoutEndpoints.save) { request, context in
            let name = try Self.name(context)
            let layout = SavedLayout(name: name, layout: try await Self.layout(request), savedMs: Self.nowMs())
            let condition = Self.condition(request)
            try Self.check(try await asking { try $0.save(layout, most: Layouts.countMax, if: condition) }, name)
            let facts = Self.answer(SavedLayoutFacts(name: name, bytes: layout.layout.utf8.count, savedMs: layout.savedMs))
            return Self.tagged(try JSONAnswer.response(facts), layout.layout)
        }
        router.on(LayoutEndpoints.remove) { request, context in
            let name = try Self.name(context)
            let condition = Self.condition(request)
            try Self.check(try await asking { try $0.removeLayout(name, if: condition) }, name)
            return try JSONAnswer.response(LayoutRemovedAnswer(name: name))
        }
    }

    private static func answer(_ facts: SavedLayoutFacts) -> LayoutAnswer {
        LayoutAnswer(name: facts.name, size: facts.bytes, savedAt: TimeText.of(facts.savedMs))
    }

    private static func tagged(_ response: Response, _ text: String) -> Response {
        var response = response
        response.headers[.eTag] = "\"\(SavedLayout.tag(text))\""
        return response
    }

    /// Of `If-Match` (RFC 9110, 13.1.1): tags are compared as strong ones, and what is no tag is none that is there.
    private static func condition(_ request: Request) -> LayoutCondition {
        let given = request.headers[values: .ifMatch]
        if given.isEmpty { return .any }
        let tags = given.flatMap { $0.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }
        if tags == ["*"] { return .exists }
        let strong = tags.filter { $0.hasPrefix("\"") && $0.hasSuffix("\"") && $0.count > 2 }
        return .tags(strong.map { String($0.dropFirst().dropLast()) })
    }

    private static func check(_ change: LayoutChange, _ name: String) throws {
        switch change {
        case .done: break
        case .tooMany: throw tooMany
        case .unknown: throw unknown(name)
        case .conditionFailed:
            throw APIError(
                .preconditionFailed, "layout-changed",
                "the layout \(name) is not the one that If-Match names: it was changed or deleted",
                hint: "GET it as it is now; what you have can be saved under another name, or over it without If-Match")
        }
    }

    private static func nowMs() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    /// The disk is never waited for on an event loop.
    private func asking<Answer: Sendable>(_ body: @escaping @Sendable (ControlStore) throws -> Answer) async throws -> Answer {
        guard let store else {
            throw APIError(
                .serviceUnavailable, "storage-off", "this collector could not use its data folder, so it keeps no layouts",
                hint: "its log says why; choose another with --data-dir")
        }
        do {
            return try await NIOThreadPool.singleton.runIfActive { try body(store) }
        } catch let error as ControlStoreError {
            throw APIError(
                .internalServerError, "layouts-failed", error.description, hint: "try again once that is fixed")
        }
    }

    /// Names may have slashes.
    private static func name(_ context: ConnectionContext) throws -> String {
        let name = context.parameters.getCatchAll().joined(separator: "/").removingPercentEncoding
        let isGood = name.map { name in
            (1...Layouts.nameCharactersMax).contains(name.unicodeScalars.count)
                && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
                && name.contains { !$0.isWhitespace }
        }
        guard let name, isGood == true else {
            throw APIError(
                .badRequest, "bad-layout-name",
                "a layout's name has 1 to \(Layouts.nameCharactersMax) characters, none of them a control character",
                hint: "PUT /api/layouts/my%20layout")
        }
        return name
    }

    private static func layout(_ request: Request) async throws -> String {
        let hint = "a layout is a JSON object of at most \(Layouts.bytesMax >> 10) KiB"
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: Layouts.bytesMax)
        } catch {
            throw APIError(.contentTooLarge, "body-too-large", "this layout is too large", hint: hint)
        }
        // A body that is no JSON and one that is no object get the same answer.
        guard (try? JSONSerialization.jsonObject(with: Data(buffer: body))) is [String: Any],
            let text = body.getString(at: body.readerIndex, length: body.readableBytes, encoding: .utf8)
        else { throw APIError(.badRequest, "bad-layout", "the body must be a JSON object", hint: hint) }
        return text
    }

    private static func unknown(_ name: String) -> APIError {
        APIError(.notFound, "unknown-layout", "there is no layout \(name)", hint: "GET /api/layouts lists them")
    }
    private static var tooMany: APIError {
        APIError(
            .conflict, "too-many-layouts", "there are \(Layouts.countMax) layouts already",
            hint: "delete one that nobody needs: DELETE /api/layouts/NAME")
    }
}

/// What a WebSocket client asks for: contract §2, with our additions.
import Foundation
import NIOCore

/// Unknown keys are ignored; a known key of a wrong type is an error.
struct Subscription: Decodable, Sendable {
    var filter = EventFilter()
    /// So many of the newest buffered matching events come first.
    var tail = 0
    /// The client wants to be told about drops.
    var notices = false

    private enum Key: String, CodingKey { case runId, sourceId, channel, types, typePrefix, tags, tail, notices }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        filter.runID = try values.decodeIfPresent(String.self, forKey: .runId) ?? ""
        filter.sourceID = try values.decodeIfPresent(String.self, forKey: .sourceId) ?? ""
        filter.channel = try values.decodeIfPresent(String.self, forKey: .channel) ?? ""
        filter.types = Set(try values.decodeIfPresent([String].self, forKey: .types) ?? [])
        filter.typePrefix = try values.decodeIfPresent(String.self, forKey: .typePrefix) ?? ""
        filter.tags = try values.decodeIfPresent([String: String].self, forKey: .tags) ?? [:]
        tail = max(0, try values.decodeIfPresent(Int.self, forKey: .tail) ?? 0)
        notices = try values.decodeIfPresent(Bool.self, forKey: .notices) ?? false
    }

    struct Problem: Error { let reason: String }

    static func parse(_ message: ByteBuffer) throws(Problem) -> Subscription {
        do {
            return try JSONDecoder().decode(Subscription.self, from: Data(message.readableBytesView))
        } catch let error as DecodingError {
            throw Problem(reason: explain(error))
        } catch {
            throw Problem(reason: "subscription is not valid JSON")
        }
    }

    /// Fits a close frame's 123 bytes.
    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let key = context.codingPath.first?.stringValue
            return key.map { "subscription: \($0) has the wrong type" } ?? "subscription must be a JSON object"
        default: return "subscription is not valid JSON"
        }
    }
}

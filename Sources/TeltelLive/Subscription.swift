/// What a WebSocket client asks for: contract §2, with our additions.
import Foundation
import NIOCore
import TeltelBus
import TeltelEvents

/// Unknown keys are ignored; a known key of a wrong type is an error.
package struct Subscription: Decodable, Sendable {
    package enum Format: Sendable {
        case json
        case columns(ColumnRequest)

        var name: String {
            switch self {
            case .json: "json"
            case .columns: "columns"
            }
        }
    }
    package var filter = EventFilter()
    /// So many of the newest buffered matching events come first.
    package var tail = 0
    /// The client wants to be told about drops.
    package var notices = false
    /// The stream ends with its run.
    package var untilEnd = false
    /// Every message carries how far it reaches.
    package var cursor = false
    /// Go on behind this cursor.
    package var after: StreamCursor?
    package var format = Format.json

    private enum Key: String, CodingKey {
        case runId, sourceId, channel, types, typePrefix, tags, every, tail, notices, untilEnd, cursor, after, format
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        filter.runID = try values.decodeIfPresent(Name.self, forKey: .runId) ?? .empty
        filter.sourceID = try values.decodeIfPresent(Name.self, forKey: .sourceId) ?? .empty
        filter.channel = try values.decodeIfPresent(Name.self, forKey: .channel) ?? .empty
        filter.types = Set(try values.decodeIfPresent([Name].self, forKey: .types) ?? [])
        filter.typePrefix = try values.decodeIfPresent(Name.self, forKey: .typePrefix) ?? .empty
        filter.tags = try values.decodeIfPresent([Name: Name].self, forKey: .tags) ?? [:]
        let every = try values.decodeIfPresent(Int.self, forKey: .every) ?? 1
        guard every >= 1 else { throw Problem(reason: "subscription: every must be 1 or more") }
        filter.every = UInt64(every)
        tail = max(0, try values.decodeIfPresent(Int.self, forKey: .tail) ?? 0)
        notices = try values.decodeIfPresent(Bool.self, forKey: .notices) ?? false
        untilEnd = try values.decodeIfPresent(Bool.self, forKey: .untilEnd) ?? false
        guard !untilEnd || !filter.runID.isEmpty else { throw Problem(reason: "subscription: untilEnd needs a runId") }
        cursor = try values.decodeIfPresent(Bool.self, forKey: .cursor) ?? false
        if let text = try values.decodeIfPresent(String.self, forKey: .after) {
            guard let cursor = StreamCursor(text: text) else {
                throw Problem(reason: "subscription: after is no cursor of this collector")
            }
            after = cursor
        }
        switch try values.decodeIfPresent(String.self, forKey: .format) ?? "json" {
        case "json": format = .json
        case "columns": format = .columns(try ColumnRequest(from: decoder))
        default: throw Problem(reason: "subscription: format must be json or columns")
        }
    }

    /// Where in the stream it begins.
    package var start: EventBus.Start {
        if let after { return .after(after) }
        return tail > 0 ? .tail(tail) : .now
    }

    /// Events are handed on as they come, not a number of times a second.
    var isPrompt: Bool {
        if case .json = format { true } else { false }
    }

    /// Why a subscription is refused: fits a close frame's 123 bytes.
    package struct Problem: Error { package let reason: String }

    package static func parse(_ message: ByteBuffer) throws(Problem) -> Subscription {
        do {
            return try JSONDecoder().decode(Subscription.self, from: Data(message.readableBytesView))
        } catch let problem as Problem {
            throw problem
        } catch let error as DecodingError {
            throw Problem(reason: explain(error))
        } catch {
            throw Problem(reason: "subscription is not valid JSON")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let key = context.codingPath.first?.stringValue
            return key.map { "subscription: \($0) has the wrong type" } ?? "subscription must be a JSON object"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "subscription: \(context.codingPath[0].stringValue) is out of range"
        default: return "subscription is not valid JSON"
        }
    }
}

/// The additions of `"format": "columns"`.
package struct ColumnRequest: Decodable, Sendable, Equatable {
    static let version = 1
    /// By type: the fields that are wanted. nil: all types, all numeric fields.
    package var fields: [Name: [Name]]?
    /// 1 … 60.
    package var messagesPerSecond = 60.0
    /// Beyond this rate rows come as smallest and largest of each stretch; nil: never.
    package var rowsPerSecond: Double?

    package init() {}

    /// By type: texts whose newest values are wanted too.
    package var texts: [Name: TextRequest]?

    private enum Key: String, CodingKey { case version, fields, messagesPerSecond, rowsPerSecond, texts }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        guard try values.decodeIfPresent(Int.self, forKey: .version) ?? 1 == Self.version else {
            throw Subscription.Problem(reason: "subscription: version of format columns must be \(Self.version)")
        }
        fields = try values.decodeIfPresent([Name: [Name]].self, forKey: .fields)
        if let rate = try values.decodeIfPresent(Double.self, forKey: .messagesPerSecond) {
            messagesPerSecond = try PaceRequest.checked(rate)
        }
        if let rate = try values.decodeIfPresent(Double.self, forKey: .rowsPerSecond) {
            guard rate >= 1, rate.isFinite else {
                throw Subscription.Problem(reason: "subscription: rowsPerSecond must be 1 or more")
            }
            rowsPerSecond = rate
        }
        texts = try values.decodeIfPresent([Name: TextRequest].self, forKey: .texts)
        let named = fields?.values.reduce(0) { $0 + $1.count } ?? 0
        if named + (texts?.values.reduce(0) { $0 + $1.fields.count + ($1.keys?.count ?? 0) } ?? 0) > 4_096 {
            throw Subscription.Problem(reason: "subscription: at most 4096 fields")
        }
    }
}

/// `{"pace":{"messagesPerSecond":20}}`: the stream of columns goes on at another rate, and nothing else of it changes.
package struct PaceRequest: Decodable, Sendable, Equatable {
    package let messagesPerSecond: Double

    private enum Key: String, CodingKey { case messagesPerSecond }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        messagesPerSecond = try Self.checked(try values.decode(Double.self, forKey: .messagesPerSecond))
    }

    static func checked(_ rate: Double) throws(Subscription.Problem) -> Double {
        guard (0.1...60).contains(rate) else {
            throw Subscription.Problem(reason: "subscription: messagesPerSecond must be 0.1 to 60")
        }
        return rate
    }

    /// nil: the message is a subscription, or nothing at all.
    package static func parse(_ message: ByteBuffer) throws(Subscription.Problem) -> PaceRequest? {
        struct Message: Decodable { let pace: PaceRequest? }
        // Longer ones are subscriptions: they are not read twice.
        guard message.readableBytes <= 128 else { return nil }
        do {
            return try JSONDecoder().decode(Message.self, from: Data(message.readableBytesView)).pace
        } catch let problem as Subscription.Problem {
            throw problem
        } catch let error as DecodingError {
            if case .keyNotFound = error { throw Subscription.Problem(reason: "pace: messagesPerSecond is missing") }
            if case .typeMismatch(_, let context) = error, context.codingPath.first?.stringValue == "pace" {
                throw Subscription.Problem(reason: "pace: messagesPerSecond has the wrong type")
            }
            return nil
        } catch {
            return nil
        }
    }
}

/// What of a type's texts a client wants.
package struct TextRequest: Decodable, Sendable, Equatable {
    /// Dotted names.
    package var fields: [Name]
    /// The fields that tell instances apart, if the type does not say so itself.
    package var keys: [Name]?
}

/// How the events of one subscription are put into messages.
import NIOCore
import TeltelBus
import TeltelEvents

/// Used by a session's writer alone.
protocol LiveStream {
    /// Everything that was taken from the queue, as whole frames in pieces of bounded size.
    mutating func encode(_ content: SubscriberQueue.Content, _ emit: (ByteBuffer) async throws -> Void) async throws
    /// At least so long between two looks into the queue.
    var interval: Duration { get }
    /// The client draws at another rate now. For streams that go at the pace of the events, nothing.
    mutating func setPace(_ messagesPerSecond: Double)
}

extension LiveStream {
    mutating func setPace(_ messagesPerSecond: Double) {}
}

/// Messages about the stream itself: JSON objects in text messages, whatever the stream is made of.
enum LiveNotice {
    static func dropped(_ count: UInt64) -> [UInt8] { frame("{\"notice\":\"dropped\",\"count\":\(count)}\n") }

    static func gap(_ gap: StreamGap) -> [UInt8] {
        let ring = "\"instance\":\"\(gap.ring.instance)\",\"writer\":\(gap.ring.writer)"
        guard let positions = gap.positions else { return frame("{\"notice\":\"gap\",\(ring)}\n") }
        return frame(
            "{\"notice\":\"gap\",\(ring),\"from\":\(positions.lowerBound),\"to\":\(positions.upperBound),\"bytes\":\(positions.count)}\n"
        )
    }

    /// The stream begins with a run's tail: what came before.
    static func tail(_ earlier: EarlierRows) -> [UInt8] {
        var text = Array(#"{"notice":"tail","earlier":["#.utf8)
        for (index, (kind, frame)) in earlier.frames.enumerated() {
            JSONText.append(index > 0 ? ",{" : "{", to: &text)
            for (key, name): (StaticString, Name) in [
                (#""sourceId":"#, kind.sourceID), (#","channel":"#, kind.channel), (#","type":"#, kind.type),
            ] {
                JSONText.append(key, to: &text)
                JSONText.appendString(name, to: &text)
            }
            JSONText.append(#","frame":"#, to: &text)
            JSONText.append(frame, to: &text)
            JSONText.append("}", to: &text)
        }
        JSONText.append(earlier.isUnknown ? #"],"isUnknown":true}"# : #"],"isUnknown":false}"#, to: &text)
        JSONText.append("\n", to: &text)
        return frame(text)
    }

    static func cursorEnded(_ writers: Int) -> [UInt8] {
        frame("{\"notice\":\"cursor-ended\",\"writers\":\(writers),\"limit\":\(StreamCursor.ringsMax)}\n")
    }

    static func frame(_ text: String) -> [UInt8] { frame(Array(text.utf8)) }

    static func frame(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        MessageFrame.appendHead(.text, count: text.count, to: &out)
        out.append(contentsOf: text)
        return out
    }
}

/// How far the client is, if it wants to know.
struct CursorKeeper {
    private(set) var cursor: StreamCursor?

    init(_ begin: StreamCursor?) { cursor = begin }

    mutating func passed(_ ring: RingID, _ position: UInt64) { cursor?.advance(ring, to: position) }

    mutating func passed(_ gap: StreamGap) {
        if let positions = gap.positions { cursor?.advance(gap.ring, to: positions.upperBound) } else { cursor?.forget(gap.ring) }
    }

    /// The notice to be sent when there are too many writers for a cursor, once.
    mutating func notice() -> [UInt8]? {
        guard let cursor, !cursor.isComplete else { return nil }
        self.cursor = nil
        return LiveNotice.cursorEnded(cursor.positions.count)
    }
}

/// Events as the contract's JSON text: made once per batch, when the first reader asks for text, and shared.
import CTeltel
import Synchronization

/// A batch's rows as they go over a WebSocket: one text message per row, whole frames one behind the other.
///
/// Frames from a server are the same for every client (RFC 6455 §5.2: not masked), so that they are part of what is shared.
package struct EncodedRows: Sendable {
    package let bytes: [UInt8]
    /// Where each row's frame ends.
    package let ends: [Int]

    package func frame(_ row: Int) -> Range<Int> { (row == 0 ? 0 : ends[row - 1])..<ends[row] }

    /// The JSON object and its newline, without the frame's head.
    package func text(_ row: Int) -> Range<Int> {
        let frame = frame(row)
        return frame.lowerBound + MessageFrame.headBytes(after: bytes[frame.lowerBound + 1])..<frame.upperBound
    }
}

/// The head of a WebSocket message that is one frame, from a server (RFC 6455 §5.2).
package enum MessageFrame {
    package enum Kind: UInt8 { case text = 0x81, binary = 0x82 }

    package static func appendHead(_ kind: Kind, count: Int, to out: inout [UInt8]) {
        out.append(kind.rawValue)
        switch count {
        case ..<126: out.append(UInt8(count))
        case ..<65_536:
            out.append(126)
            for shift in [8, 0] { out.append(UInt8(truncatingIfNeeded: count >> shift)) }
        default:
            out.append(127)
            for shift in stride(from: 56, through: 0, by: -8) { out.append(UInt8(truncatingIfNeeded: count >> shift)) }
        }
    }

    /// Room for the head of most messages; `setHead` must follow.
    static func appendUsualHead(to out: inout [UInt8]) { for _ in 0..<usualHeadBytes { out.append(0) } }
    private static let usualHeadBytes = 4

    /// The message that began with `appendUsualHead` is whole.
    static func setHead(_ kind: Kind, of out: inout [UInt8], from begin: Int) {
        let count = out.count - begin - usualHeadBytes
        if (126..<65_536).contains(count) {
            (out[begin], out[begin + 1]) = (kind.rawValue, 126)
            (out[begin + 2], out[begin + 3]) = (UInt8(count >> 8), UInt8(truncatingIfNeeded: count))
        } else {
            var head: [UInt8] = []
            appendHead(kind, count: count, to: &head)
            out.replaceSubrange(begin..<begin + usualHeadBytes, with: head)
        }
    }

    /// Bytes of a head whose second byte is `length`.
    static func headBytes(after length: UInt8) -> Int { length < 126 ? 2 : length == 126 ? 4 : 10 }
}

/// Holds the text once it has been asked for.
package final class BatchText: Sendable {
    private let encoded = Mutex<EncodedRows?>(nil)
    func rows(_ make: () -> EncodedRows) -> EncodedRows {
        encoded.withLock { held in
            if let held { return held }
            let made = make()
            held = made
            return made
        }
    }
}

extension JSONText {
    /// An event's object up to the value of frameIndex, which must follow.
    package static func appendEventHead(_ run: RunKey, channel: Name, type: Name, to out: inout [UInt8]) {
        append("{\"v\":1,\"runId\":", to: &out)
        appendString(run.runID, to: &out)
        append(",\"sourceId\":", to: &out)
        appendString(run.sourceID, to: &out)
        append(",\"channel\":", to: &out)
        appendString(channel, to: &out)
        append(",\"type\":", to: &out)
        appendString(type, to: &out)
        append(",\"frameIndex\":", to: &out)
    }
}

extension Batch {
    /// One JSON object per row with keys in the contract's order: v, runId, sourceId, channel, type, frameIndex, simTime,
    /// wallTimeMs?, tags?, payload. Thread-safe.
    package var encodedRows: EncodedRows { text.rows(encode) }

    private func encode() -> EncodedRows {
        var head: [UInt8] = []
        JSONText.appendEventHead(run, channel: schema.channel, type: schema.type, to: &head)
        var out: [UInt8] = []
        var ends: [Int] = []
        ends.reserveCapacity(count)
        for row in 0..<count {
            let begin = out.count
            MessageFrame.appendUsualHead(to: &out)
            out.append(contentsOf: head)
            appendRow(row, to: &out)
            MessageFrame.setHead(.text, of: &out, from: begin)
            ends.append(out.count)
            // Rows of one type are of about one size.
            if row == 0 { out.reserveCapacity(count * (out.count + out.count / 16)) }
        }
        return EncodedRows(bytes: out, ends: ends)
    }

    private func appendRow(_ row: Int, to out: inout [UInt8]) {
        JSONText.append(frame(row), to: &out)
        JSONText.append(",\"simTime\":", to: &out)
        JSONText.append(simTime(row), to: &out)
        if wallTimes[row] != Batch.unknownTime {
            JSONText.append(",\"wallTimeMs\":", to: &out)
            JSONText.append(wallTimes[row], to: &out)
        }
        let before = out.count
        JSONText.append(",\"tags\":", to: &out)
        let begin = out.count
        appendTags(row, to: &out)
        if out.count <= begin + 2 { out.removeLast(out.count - before) }
        JSONText.append(",\"payload\":", to: &out)
        appendPayload(row, to: &out)
        JSONText.append("}\n", to: &out)
    }

    /// The row's payload as JSON text. Text of an engine that is no JSON is given as a string: nothing is hidden, and the
    /// whole stays valid.
    package func appendPayload(_ row: Int, to out: inout [UInt8]) {
        withPayload(row) { payload in
            switch schema.encoding {
            case .record: schema.template.append(payload, to: &out)
            case .json where !JSONCheck.isValid(payload): JSONText.appendString(utf8: payload, to: &out)
            case .json, .ingest: JSONText.appendCompact(payload, to: &out)
            }
        }
    }
}

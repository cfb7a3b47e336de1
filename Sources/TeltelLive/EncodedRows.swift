/// A batch's rows as one WebSocket message each: made once, when the first client wants them, and shared.
import TeltelEvents

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

extension Batch {
    /// Thread-safe.
    package var encodedRows: EncodedRows { shared.value { EncodedRows(self) } }
}

extension EncodedRows {
    fileprivate init(_ batch: Batch) {
        let head = batch.eventHead
        var out: [UInt8] = []
        var ends: [Int] = []
        ends.reserveCapacity(batch.count)
        for row in 0..<batch.count {
            let begin = out.count
            MessageFrame.appendUsualHead(to: &out)
            batch.appendEvent(row, head: head, to: &out)
            MessageFrame.setHead(.text, of: &out, from: begin)
            ends.append(out.count)
            // Rows of one type are of about one size.
            if row == 0 { out.reserveCapacity(batch.count * (out.count + out.count / 16)) }
        }
        bytes = out
        self.ends = ends
    }
}

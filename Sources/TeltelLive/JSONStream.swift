/// The contract's stream: one text message per event (contract §2).
import NIOCore
import TeltelBus
import TeltelEvents

struct JSONStream: LiveStream {
    private static let pieceBytes = 256 << 10
    let interval = Duration.zero
    private let tellsDrops, tellsGaps: Bool
    private var keeper: CursorKeeper

    /// `begin`: where the stream starts, if the client wants cursors.
    init(notices: Bool, begin: StreamCursor?) {
        tellsDrops = notices
        tellsGaps = notices || begin != nil
        keeper = CursorKeeper(begin)
    }

    mutating func encode(_ content: SubscriberQueue.Content, _ emit: (ByteBuffer) async throws -> Void) async throws {
        var piece = ByteBuffer()
        if content.dropped > 0, tellsDrops { piece.writeBytes(LiveNotice.dropped(content.dropped)) }
        for gap in content.gaps {
            if tellsGaps { piece.writeBytes(LiveNotice.gap(gap)) }
            keeper.passed(gap)
        }
        for delivery in content.deliveries {
            if keeper.cursor == nil { Self.append(delivery, to: &piece) } else { appendWithCursor(delivery, to: &piece) }
            if piece.readableBytes >= Self.pieceBytes {
                try await emit(piece)
                piece = ByteBuffer()
            }
        }
        if piece.readableBytes > 0 { try await emit(piece) }
    }

    /// Bytes that all clients share, as they are.
    private static func append(_ delivery: Delivery, to piece: inout ByteBuffer) {
        if delivery.parts.count == 1, delivery.parts[0].rows == nil {
            piece.writeBytes(delivery.parts[0].batch.encodedRows.bytes)
            return
        }
        var last: (batch: ObjectIdentifier, rows: EncodedRows)?
        delivery.forEachRow { batch, row in
            if last?.batch != ObjectIdentifier(batch) { last = (ObjectIdentifier(batch), batch.encodedRows) }
            if let rows = last?.rows { piece.writeBytes(rows.bytes[rows.frame(row)]) }
        }
    }

    /// The cursor differs from client to client: it goes into the object, behind the payload.
    private mutating func appendWithCursor(_ delivery: Delivery, to piece: inout ByteBuffer) {
        var text: [UInt8] = []
        var frame: [UInt8] = []
        var keeper = keeper
        delivery.forEachRow { batch, row in
            let rows = batch.encodedRows
            text.removeAll(keepingCapacity: true)
            text.append(contentsOf: rows.bytes[rows.text(row)])
            keeper.passed(batch.round.ring, batch.sequenceEnd(row))
            if let notice = keeper.notice() { piece.writeBytes(notice) }
            if let cursor = keeper.cursor {
                text.removeLast(2)  // bracket and newline
                JSONText.append(",\"cursor\":\"", to: &text)
                cursor.append(to: &text)
                JSONText.append("\"}\n", to: &text)
            }
            frame.removeAll(keepingCapacity: true)
            MessageFrame.appendHead(.text, count: text.count, to: &frame)
            piece.writeBytes(frame)
            piece.writeBytes(text)
        }
        self.keeper = keeper
    }
}

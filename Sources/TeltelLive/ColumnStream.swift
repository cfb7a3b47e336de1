/// The binary stream: columns of numbers, a bounded number of messages a second. Format: docs/live-protocol.md.
import CTeltelRings
import NIOCore
import TeltelBus
import TeltelEvents

struct ColumnStream: LiveStream {
    private static let messageBytesMax = 4 << 20
    private static let rowsMax = 65_536
    /// Beyond this, schemas are announced anew: a stream over very many runs must not keep them all.
    private static let schemasMax = 4_096

    private(set) var interval: Duration
    private var request: ColumnRequest
    private let tellsDrops, tellsGaps: Bool
    private var keeper: CursorKeeper
    /// To be told before everything else.
    private var earlier: EarlierRows?
    private var schemas: [SchemaKey: ColumnSchema] = [:]
    private var nextID: UInt32 = 1
    private let flattener = JSONFlattener()
    /// 0: nothing has been sent yet.
    private var lastNs: UInt64 = 0
    /// What a client asks for from before its subscription may be as many rows as this time may bring.
    private static let firstSeconds = 60.0

    private struct SchemaKey: Hashable {
        let run: RunKey
        let schema: ObjectIdentifier
        /// The schema nearly says it all, and this is done for every batch: the run's names are compared, not hashed.
        func hash(into hasher: inout Hasher) { hasher.combine(schema) }
    }
    private struct BlockKey: Hashable {
        let schema: SchemaKey
        let ring: RingID
    }

    init(_ request: ColumnRequest, notices: Bool, begin: StreamCursor?, earlier: EarlierRows?) {
        self.earlier = notices ? earlier : nil
        self.request = request
        tellsDrops = notices
        tellsGaps = notices || begin != nil
        keeper = CursorKeeper(begin)
        interval = .seconds(1 / request.messagesPerSecond)
    }

    mutating func setPace(_ messagesPerSecond: Double) {
        request.messagesPerSecond = messagesPerSecond
        interval = .seconds(1 / messagesPerSecond)
    }

    mutating func encode(_ content: SubscriberQueue.Content, _ emit: (ByteBuffer) async throws -> Void) async throws {
        let now = teltel_monotonic_ns()
        // A pause is no debt to be paid with a burst of rows; what lies before the subscription is no burst.
        let seconds = lastNs == 0 ? Self.firstSeconds : min(1, Double(now - lastNs) / 1e9)
        lastNs = now
        var piece = ByteBuffer()
        if let earlier {
            piece.writeBytes(LiveNotice.tail(earlier))
            self.earlier = nil
        }
        if content.dropped > 0, tellsDrops { piece.writeBytes(LiveNotice.dropped(content.dropped)) }
        for gap in content.gaps {
            if tellsGaps { piece.writeBytes(LiveNotice.gap(gap)) }
            keeper.passed(gap)
        }
        var blocks: [ColumnBlock] = []
        var bytes = 0
        for (key, parts) in grouped(content.deliveries) {
            if let wanted = request.texts?[parts[0].batch.schema.type], let texts = ColumnTexts.message(parts, wanted) {
                piece.writeBytes(texts)
            }
            for chunk in Self.chunks(parts) {
                let block = makeBlock(key, chunk, &piece)
                for part in chunk { keeper.passed(key.ring, part.batch.sequenceEnd(part.rows?.last ?? part.batch.count - 1)) }
                for block in reduced(block, seconds) where !block.columns.isEmpty {
                    blocks.append(block)
                    bytes += block.encodedBytes
                }
                if bytes > Self.messageBytesMax {
                    // Not the last message of this look: its cursor would promise what is still to come.
                    ColumnMessage.append(blocks, cursor: nil, to: &piece)
                    try await emit(piece)
                    (piece, blocks, bytes) = (ByteBuffer(), [], 0)
                }
            }
        }
        if let notice = keeper.notice() { piece.writeBytes(notice) }
        if !blocks.isEmpty { ColumnMessage.append(blocks, cursor: keeper.cursor, to: &piece) }
        if piece.readableBytes > 0 { try await emit(piece) }
    }

    /// By ring and type, in the order in which each appears first.
    private func grouped(_ deliveries: [Delivery]) -> [(BlockKey, [Delivery.Part])] {
        var order: [BlockKey: Int] = [:]
        var groups: [(BlockKey, [Delivery.Part])] = []
        // A stream of many types comes as many small batches, in the same order in each round: the place of the next one is known.
        var next = 0
        for delivery in deliveries {
            for part in delivery.parts {
                let key = BlockKey(
                    schema: SchemaKey(run: part.batch.run, schema: ObjectIdentifier(part.batch.schema)),
                    ring: part.batch.round.ring)
                if next >= groups.count || groups[next].0 != key {
                    if let known = order[key] {
                        next = known
                    } else {
                        order[key] = groups.count
                        next = groups.count
                        groups.append((key, []))
                    }
                }
                groups[next].1.append(part)
                next = next + 1 < groups.count ? next + 1 : 0
            }
        }
        guard let fields = request.fields else { return groups }
        return groups.filter { fields[$0.1[0].batch.schema.type] != nil }
    }

    private static func chunks(_ parts: [Delivery.Part]) -> [[Delivery.Part]] {
        var chunks: [[Delivery.Part]] = [[]]
        var rows = 0
        for part in parts {
            let count = part.rows?.count ?? part.batch.count
            if rows > 0, rows + count > rowsMax {
                chunks.append([])
                rows = 0
            }
            chunks[chunks.count - 1].append(part)
            rows += count
        }
        return chunks
    }

    // MARK: schemas

    private mutating func makeBlock(_ key: BlockKey, _ parts: [Delivery.Part], _ piece: inout ByteBuffer) -> ColumnBlock {
        let first = parts[0].batch
        let known = schemas[key.schema]
        let wanted = request.fields?[first.schema.type]
        if case .record = first.schema.encoding {
            let schema = known ?? announce(newSchema(first, wanted), key.schema, &piece)
            return ColumnBlock(schema, key.ring, parts, json: nil)
        }
        let found = flattener.columns(parts)
        var schema = known ?? newSchema(first, wanted ?? found.names)
        let names = Set(schema.fields.map(\.name))
        let fresh = wanted == nil ? found.names.filter { !names.contains($0) }.prefix(JSONFlattener.fieldsMax - names.count) : []
        if !fresh.isEmpty { schema = schema.grown(id: takeID(), by: Array(fresh)) }
        if schema.id != known?.id { schema = announce(schema, key.schema, &piece) }
        return ColumnBlock(schema, key.ring, parts, json: found)
    }

    private mutating func newSchema(_ batch: Batch, _ wanted: [Name]?) -> ColumnSchema {
        ColumnSchema(id: takeID(), run: batch.run, schema: batch.schema, wanted: wanted)
    }

    private mutating func takeID() -> UInt32 {
        defer { nextID &+= 1 }
        return nextID
    }

    private mutating func announce(_ schema: ColumnSchema, _ key: SchemaKey, _ piece: inout ByteBuffer) -> ColumnSchema {
        if schemas.count >= Self.schemasMax { schemas.removeAll() }
        schemas[key] = schema
        piece.writeBytes(schema.announcement)
        return schema
    }

    private func reduced(_ block: ColumnBlock, _ seconds: Double) -> [ColumnBlock] {
        guard let rate = request.rowsPerSecond else { return [block] }
        let rowsMax = max(2, Int(rate * max(seconds, 1 / request.messagesPerSecond)))
        return block.rows > rowsMax ? ColumnReducer.reduce(block, rowsMax: rowsMax) : [block]
    }
}

/// The rows of a segment in the making, sorted into tables.
import CTeltel
import TeltelEvents

/// What a finished block holds.
package struct NativeBlock: Sendable {
    package let table: TableLayout
    package let rows: Int
    /// Per ring; in order of their first append.
    package let ranges: [RowRange]
    package let runs: [RunKey]
    /// Rows per type and ring.
    package let keyCounts: [(key: TableKey, ring: RingID, rows: Int)]
}

/// Collects rows and hands them out as one Native block per table and list of columns. Keeps its memory from segment to segment.
/// One thread at a time.
package final class NativeBlocks {
    private let catalog: TableCatalog
    private let parser = JSONParser()
    private var blocks: [BlockKey: TableBlock] = [:]
    /// The block of a schema, found once.
    private var places: [ObjectIdentifier: Place] = [:]
    private let output = ColumnBytes(capacity: 1 << 20)
    package let digests = OpenDigests()
    package private(set) var rowCount = 0
    private var fixedBytes = 0

    private struct BlockKey: Hashable {
        let table: String
        /// nil: JSON, whose columns are what comes.
        let columns: [String]?
    }
    private struct Place {
        /// Held, so that its identity is not used again.
        let schema: EventSchema
        let block: TableBlock
        let plan: PayloadColumns
        let digest: DigestPlan
    }
    private static let mostPlaces = 4_096

    package init(catalog: TableCatalog) { self.catalog = catalog }

    /// Uncompressed bytes of all blocks, about.
    package var byteCount: Int { fixedBytes + blocks.values.reduce(0) { $0 + $1.textBytes } }

    /// Takes the rows in. Returns how many were refused, because their payload is no JSON or their lengths lie.
    package func append(_ rows: RowChunk) -> Int {
        guard rows.offsets.count > 0 else { return 0 }
        let place = place(of: rows.schema)
        let before = place.block.rows
        let refused = place.block.append(rows, plan: place.plan, parser: parser, digests: digests, place.digest)
        let added = place.block.rows - before
        rowCount += added
        fixedBytes += added * place.block.bytesPerRow
        return refused
    }

    /// Calls `body` with each block and its bytes, which are valid inside the call only, and is empty afterwards. Digests that are finished
    /// come last, as far as there is room for them.
    /// - Parameters:
    ///   - insertedAt: seconds since 1970.
    ///   - digestBytes: most bytes of digests.
    package func finish<Failure: Error>(
        insertedAt: UInt32, digestBytes: Int = .max, _ body: (NativeBlock, UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        defer {
            for block in blocks.values where block.rows > 0 { block.removeAll() }
            rowCount = 0
            fixedBytes = 0
            if places.count > Self.mostPlaces { forgetSchemas() }
        }
        for block in blocks.values.filter({ $0.rows > 0 }).sorted(by: { $0.name < $1.name }) {
            output.removeAll()
            let description = block.write(insertedAt: insertedAt, to: output)
            try body(description, output.bytes)
        }
        let closed = digests.takeClosed(bytes: digestBytes)
        guard !closed.isEmpty else { return }
        output.removeAll()
        let description = DigestBlock.write(closed, insertedAt: insertedAt, to: output)
        try body(description, output.bytes)
    }

    /// Runs come and go; what is still in use is found again. JSON blocks stay, for their lists of columns.
    private func forgetSchemas() {
        places.removeAll()
        blocks = blocks.filter { $0.key.columns == nil }
    }

    private func place(of schema: EventSchema) -> Place {
        if let known = places[ObjectIdentifier(schema)] { return known }
        let key = TableKey(channel: schema.channel, type: schema.type)
        let isOther = !catalog.hasOwnTable(key)
        var isRecord = false
        if case .record = schema.encoding { isRecord = true }
        let plan = PayloadColumns(isOther ? [] : schema.fields)
        let block: TableBlock
        if isOther {
            block = self.block(BlockKey(table: TableLayout.otherName, columns: nil)) { TableBlock.other() }
        } else if isRecord {
            let columns = RecordColumns.signature(plan.columns)
            block = self.block(BlockKey(table: key.tableName, columns: columns)) { TableBlock.defined(key, plan) }
        } else {
            block = self.block(BlockKey(table: key.tableName, columns: nil)) { TableBlock.json(key) }
        }
        let digest = DigestPlan(key, columns: isRecord && !isOther ? plan.columns : [], definition: schema.fields)
        let place = Place(schema: schema, block: block, plan: plan, digest: digest)
        places[ObjectIdentifier(schema)] = place
        return place
    }

    private func block(_ key: BlockKey, _ make: () -> TableBlock) -> TableBlock {
        if let found = blocks[key] { return found }
        let made = make()
        blocks[key] = made
        return made
    }
}

/// One block: identity columns, payload columns, and the account of whose rows they are.
private final class TableBlock {
    let name: String
    private let key: TableKey?
    private let identity = NativeColumns()
    private let hashes = HashColumns()
    private let records: RecordColumns?
    private let json: JSONColumns?
    private var layout: TableLayout
    /// Of the columns whose values have a fixed size.
    let bytesPerRow: Int

    private var ranges: [RingID: (order: Int, first: UInt64, last: UInt64, rows: Int)] = [:]
    private var counts: [CountKey: Int] = [:]
    private var runs: Set<RunKey> = []
    private struct CountKey: Hashable {
        let key: TableKey
        let ring: RingID
    }
    /// Chunks of the same origin, which come one after the other: what they have in common is looked up once.
    private var recent: Recent?
    private struct Recent {
        let ring: RingID
        let run: RunKey
        let schema: EventSchema
        var first: UInt64
        var last: UInt64
        var rows: Int

        func isContinued(by chunk: RowChunk) -> Bool { schema === chunk.schema && ring == chunk.ring && run == chunk.run }
    }

    private init(_ name: String, _ key: TableKey?, _ columns: [PayloadColumn]?, json: JSONColumns?) {
        self.name = name
        self.key = key
        records = columns.map(RecordColumns.init)
        self.json = json
        var all = TableLayout.identity + (key == nil ? TableLayout.otherColumns : [])
        all += columns?.map(\.layout) ?? []
        layout = TableLayout(name: name, key: key, columns: all, isDefined: key != nil && json == nil)
        bytesPerRow = 40 + (columns?.reduce(0) { $0 + $1.kind.size * $1.count } ?? 64)
    }
    static func defined(_ key: TableKey, _ plan: PayloadColumns) -> TableBlock {
        TableBlock(key.tableName, key, plan.columns, json: nil)
    }
    static func json(_ key: TableKey) -> TableBlock {
        TableBlock(key.tableName, key, nil, json: JSONColumns(keepsText: false))
    }
    static func other() -> TableBlock {
        TableBlock(TableLayout.otherName, nil, [], json: JSONColumns(keepsText: true))
    }

    var rows: Int { identity.rows }
    var textBytes: Int { identity.textBytes }

    func append(_ chunk: RowChunk, plan: PayloadColumns, parser: JSONParser, digests: OpenDigests, _ digestPlan: DigestPlan)
        -> Int
    {
        let before = rows
        var refused = 0
        let marks = (common: identity.textMarks, record: records?.textMarks ?? [])
        if case .record(let size) = chunk.schema.encoding, let records {
            records.append(chunk, recordSize: size, plan: plan.columns, identity: identity)
            if key == nil || plan.needsText { appendTexts(chunk, size) }
            identity.add(chunk, rows: chunk.offsets.count)
        } else if let json {
            refused = json.append(chunk, parser: parser, identity: identity)
        }
        note(chunk, rows - before)
        digest(chunk, from: before, digestPlan, digests, marks.common, marks.record)
        return refused
    }

    private func digest(
        _ chunk: RowChunk, from row: Int, _ plan: DigestPlan, _ digests: OpenDigests, _ marks: (tags: TextMark, rest: TextMark),
        _ recordMarks: [Int]
    ) {
        let count = rows - row
        guard plan.isDigested else { return digests.sawBounds(of: chunk) }
        guard count > 0 else { return }
        hashes.removeAll()
        var columns = identity.digestColumns(from: row, rows: count, marks: marks, hashes: hashes)
        let common = columns.count
        if let records, key != nil {
            columns += records.digestColumns(from: row, rows: count, marks: recordMarks, hashes: hashes)
        } else if let json, key != nil {
            plan.grow(to: json.columnCount) { json.path($0) }
            columns += json.digestColumns(from: row)
        }
        let keys = plan.keyColumns.map { columns[common + $0] }
        digests.add(
            chunk, plan, rows: count, frames: UnsafeRawPointer(identity.frames.base) + row * 8, columns: columns, keyColumns: keys
        )
    }

    /// The payloads as JSON text, made from private copies.
    private func appendTexts(_ chunk: RowChunk, _ size: Int) {
        var text: [UInt8] = []
        for (row, offset) in chunk.offsets.enumerated() {
            let begin = Int(offset) + Int(TELTEL_RECORD_HEADER_BYTES)
            let payload = Array(chunk.bytes[begin..<begin + size])
            text.removeAll(keepingCapacity: true)
            payload.withUnsafeBytes { chunk.schema.appendJSON(record: $0, to: &text) }
            text.withUnsafeBytes { identity.setRest($0, row: identity.rows + row) }
        }
    }

    private func note(_ chunk: RowChunk, _ added: Int) {
        guard added > 0, let first = chunk.offsets.first, let last = chunk.offsets.last else { return }
        // Rows that were refused may lie at the edges; the range may be wider than its rows, never narrower.
        let begin = chunk.begin + UInt64(first)
        let end = chunk.begin + UInt64(last)
        if recent?.isContinued(by: chunk) == true {
            recent!.first = min(recent!.first, begin)
            recent!.last = max(recent!.last, end)
            recent!.rows += added
        } else {
            settle()
            recent = Recent(ring: chunk.ring, run: chunk.run, schema: chunk.schema, first: begin, last: end, rows: added)
        }
    }

    private func settle() {
        guard let recent else { return }
        let known = ranges[recent.ring]
        ranges[recent.ring] = (
            known?.order ?? ranges.count, min(known?.first ?? recent.first, recent.first),
            max(known?.last ?? recent.last, recent.last), (known?.rows ?? 0) + recent.rows
        )
        runs.insert(recent.run)
        let key = key ?? TableKey(channel: recent.schema.channel, type: recent.schema.type)
        counts[CountKey(key: key, ring: recent.ring), default: 0] += recent.rows
        self.recent = nil
    }

    func write(insertedAt: UInt32, to out: ColumnBytes) -> NativeBlock {
        if let json, key != nil, layout.columns.count != TableLayout.identity.count + json.columnCount {
            layout = TableLayout(name: name, key: key, columns: TableLayout.identity + json.layouts, isDefined: false)
        }
        settle()
        identity.write(layout, insertedAt: insertedAt, to: out)
        records?.write(rows: rows, to: out)
        if key != nil { json?.write(rows: rows, to: out) }
        let ordered = ranges.sorted { $0.value.order < $1.value.order }
        return NativeBlock(
            table: layout, rows: rows,
            ranges: ordered.map { RowRange(ring: $0.key, first: $0.value.first, last: $0.value.last, rows: $0.value.rows) },
            runs: runs.sorted(), keyCounts: counts.map { (key: $0.key.key, ring: $0.key.ring, rows: $0.value) })
    }

    func removeAll() {
        recent = nil
        identity.removeAll()
        records?.removeAll()
        json?.removeAll()
        ranges.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
    }
}

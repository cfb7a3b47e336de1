/// Digests of blocks that rows still come to.
import CTeltelStorage
import TeltelEvents

/// A column of the rows at hand.
///
/// SAFETY: `values` and `nulls` point at the first of the rows, lie in memory of a column that is not touched while this is used, and have
/// a value for each row.
struct DigestColumn {
    /// Number of the field in the plan.
    let field: Int
    let values: UnsafeRawPointer
    let nulls: UnsafePointer<UInt8>?
    let kind: teltel_digest_kind
    /// Bytes of a value.
    let size: Int
    /// Its smallest and largest mean something.
    let isNumber: Bool
}

/// A digest in the making.
private final class OpenDigest {
    var digest: BlockDigest
    /// The newest of its schema: it has all fields of earlier ones at the same places.
    var plan: DigestPlan
    /// By number of the plan's fields.
    var fields: [FieldDigest] = []
    var touchedNs: UInt64 = 0

    init(_ digest: BlockDigest, _ plan: DigestPlan) {
        self.digest = digest
        self.plan = plan
    }

    /// As it is stored: fields without any value are none.
    var finished: BlockDigest {
        var finished = digest
        finished.fields = zip(plan.fields, fields).filter { $1.sums.count > 0 }.map { ($0, $1) }
        return finished
    }
}

/// Adds up rows as they come to the spool's blocks. A digest is written when the rows of its type have gone on to another block, when none
/// has come for some time, or when the run has ended; not with every segment, because a segment may hold a few rows of each type.
/// What is open when the collector is killed is lost: the database makes such blocks again from their rows. One thread at a time.
package final class OpenDigests {
    private var open: [Key: OpenDigest] = [:]
    private struct Key: Hashable {
        let ring: RingID
        let schema: ObjectIdentifier
        let block: UInt64
    }
    /// The newest block of each schema of a ring.
    private var newest: [Place: UInt64] = [:]
    private struct Place: Hashable {
        let ring: RingID
        let schema: ObjectIdentifier
    }
    private var recent: (key: Key, digest: OpenDigest)?
    /// To be written with the next segment, oldest first.
    private var closed: [BlockDigest] = []
    private var closedBytes = 0
    /// Frames that jump from row to row make a digest of each. What comes faster than segments take it is dropped: the database makes it
    /// again if somebody asks.
    private static let closedBytesMax = 16 << 20
    /// Runs whose end has come since.
    private var ended: Set<RunKey> = []
    private var openFields = 0
    private var checkedNs: UInt64 = 0
    /// Monotonic, of the pass underway.
    package var nowNs: UInt64 = 0

    /// Rows of one tile stay in the processor's nearest cache with what is made of them.
    private static let tileRows = 256
    // SAFETY: owned by this object, freed in deinit, `tileRows` long.
    private let keys = UnsafeMutablePointer<UInt64>.allocate(capacity: tileRows)
    private let rowSums = UnsafeMutablePointer<UInt64>.allocate(capacity: tileRows)

    /// So long after its last row a digest waits for further ones when its ring has gone on to later frames, and otherwise.
    private static let idleBehindNs: UInt64 = 2_000_000_000
    private static let idleNs: UInt64 = 30_000_000_000
    private static let checkNs: UInt64 = 500_000_000
    /// Bounds the memory: some 100 bytes each.
    private static let openFieldsMax = 1 << 20

    package init() {}
    deinit {
        keys.deallocate()
        rowSums.deallocate()
    }

    // MARK: rows come in

    /// - Parameters:
    ///   - frames: of the chunk's rows.
    ///   - columns: whose fields are the plan's.
    ///   - keyColumns: those of them that tell rows of one frame apart.
    func add(
        _ chunk: RowChunk, _ plan: DigestPlan, rows: Int, frames: UnsafeRawPointer, columns: [DigestColumn],
        keyColumns: [DigestColumn]
    ) {
        var row = 0
        while row < rows {
            let block = Self.block(frames, row)
            var end = row + 1
            while end < rows, end - row < Self.tileRows, Self.block(frames, end) == block { end += 1 }
            let digest = digest(chunk, plan, block, firstRow: row)
            add(row..<end, frames, columns, keyColumns, to: digest)
            row = end
        }
    }

    // SAFETY of the two: `frames` has a value for each row of the chunk.
    private static func frame(_ frames: UnsafeRawPointer, _ row: Int) -> UInt64 {
        frames.loadUnaligned(fromByteOffset: row &* 8, as: UInt64.self)
    }
    private static func block(_ frames: UnsafeRawPointer, _ row: Int) -> UInt64 {
        frame(frames, row) / BlockDigest.framesPerBlock
    }

    private func digest(_ chunk: RowChunk, _ plan: DigestPlan, _ block: UInt64, firstRow: Int) -> OpenDigest {
        let key = Key(ring: chunk.ring, schema: ObjectIdentifier(chunk.schema), block: block)
        if let recent, recent.key == key, recent.digest.plan === plan, recent.digest.fields.count == plan.fields.count {
            return recent.digest
        }
        let found = open[key] ?? make(key, chunk, plan, firstRow)
        if found.plan !== plan, plan.fields.count >= found.plan.fields.count { found.plan = plan }
        if found.fields.count < plan.fields.count {
            openFields += plan.fields.count - found.fields.count
            found.fields += Array(repeating: FieldDigest(), count: plan.fields.count - found.fields.count)
        }
        found.touchedNs = nowNs
        newest[Place(ring: key.ring, schema: key.schema)] = block
        recent = (key, found)
        return found
    }

    private func make(_ key: Key, _ chunk: RowChunk, _ plan: DigestPlan, _ firstRow: Int) -> OpenDigest {
        if openFields > Self.openFieldsMax { closeAll() }
        let sequence = chunk.begin + UInt64(chunk.offsets[firstRow])
        let made = OpenDigest(
            BlockDigest(
                ring: chunk.ring, run: chunk.run, table: plan.table, block: key.block, keys: plan.keys, firstSequence: sequence),
            plan)
        open[key] = made
        return made
    }

    private func add(
        _ rows: Range<Int>, _ frames: UnsafeRawPointer, _ columns: [DigestColumn], _ keyColumns: [DigestColumn],
        to open: OpenDigest
    ) {
        // SAFETY: a tile has at most `tileRows` rows; columns and frames have values for all of `rows`.
        let count = rows.count
        teltel_digest_frames(keys, frames + rows.lowerBound * 8, count)
        for column in keyColumns {
            teltel_digest_key(
                keys, column.values + rows.lowerBound * column.size, column.kind, column.nulls.map { $0 + rows.lowerBound }, count
            )
        }
        rowSums.initialize(repeating: 0, count: count)
        for column in columns { add(column, rows, open.plan.fields[column.field], &open.fields[column.field]) }
        open.digest.rows += UInt64(count)
        open.digest.rowDigest &+= teltel_digest_rows(keys, rowSums, count)
        for row in rows {
            let frame = Self.frame(frames, row)
            open.digest.firstFrame = min(open.digest.firstFrame, frame)
            open.digest.lastFrame = max(open.digest.lastFrame, frame)
        }
    }

    private func add(_ column: DigestColumn, _ rows: Range<Int>, _ field: DigestField, _ digest: inout FieldDigest) {
        let values = column.values + rows.lowerBound * column.size
        let nulls = column.nulls.map { $0 + rows.lowerBound }
        let before = digest.sums.count
        teltel_digest_field(
            &digest.sums, values, column.kind, nulls, keys, field.hash, field.isMeasured ? nil : rowSums, rows.count)
        guard column.isNumber, digest.sums.count > before else { return }
        teltel_digest_extremes(&digest.sums, values, column.kind, nulls, rows.count)
        let isPresent = { (row: Int) in nulls.map { $0[row] == 0 } ?? true }
        if before == 0, let first = (0..<rows.count).first(where: isPresent) {
            digest.first = Self.number(values + first * column.size, column.kind)
        }
        if let last = (0..<rows.count).last(where: isPresent) {
            digest.last = Self.number(values + last * column.size, column.kind)
        }
    }

    /// 64-bit integers beyond 2⁵³ are rounded.
    private static func number(_ value: UnsafeRawPointer, _ kind: teltel_digest_kind) -> Double {
        switch kind {
        case TELTEL_DIGEST_I8: Double(value.loadUnaligned(as: Int8.self))
        case TELTEL_DIGEST_U8: Double(value.loadUnaligned(as: UInt8.self))
        case TELTEL_DIGEST_I16: Double(value.loadUnaligned(as: Int16.self))
        case TELTEL_DIGEST_U16: Double(value.loadUnaligned(as: UInt16.self))
        case TELTEL_DIGEST_I32: Double(value.loadUnaligned(as: Int32.self))
        case TELTEL_DIGEST_U32: Double(value.loadUnaligned(as: UInt32.self))
        case TELTEL_DIGEST_I64: Double(value.loadUnaligned(as: Int64.self))
        case TELTEL_DIGEST_F32: Double(value.loadUnaligned(as: Float.self))
        case TELTEL_DIGEST_F64: value.loadUnaligned(as: Double.self)
        default: Double(value.loadUnaligned(as: UInt64.self))
        }
    }

    // MARK: digests are finished

    package var isEmpty: Bool { open.isEmpty && closed.isEmpty }
    package var hasClosed: Bool { !closed.isEmpty }
    /// As they would be stored, about.
    package var byteCount: Int { openFields * 80 + closedBytes }
    /// Some may have waited long enough.
    package func isTimeToLook(_ nowNs: UInt64) -> Bool { !open.isEmpty && nowNs >= checkedNs + Self.checkNs }

    /// Everything of the instance's rings has come.
    package func close(instance: InstanceID) { close { key, _ in key.ring.instance == instance } }
    package func isOpen(instance: InstanceID) -> Bool { open.keys.contains { $0.ring.instance == instance } }
    package func closeAll() { close { _, _ in true } }
    /// Of types that are not digested only the end of a run is of interest: what comes of it later, comes late.
    func sawBounds(of chunk: RowChunk) {
        if chunk.schema.type == "run.end" { ended.insert(chunk.run) }
    }

    /// Those whose type has gone on, and those to which nothing has come for long.
    package func closePassed() {
        if !ended.isEmpty {
            close { _, digest in ended.contains(digest.run) }
            ended.removeAll()
        }
        let isCheck = nowNs >= checkedNs + Self.checkNs
        if isCheck { checkedNs = nowNs }
        guard open.count > newest.count || isCheck else { return }
        let latest = isCheck ? latestBlocks() : [:]
        close { key, digest in
            if newest[Place(ring: key.ring, schema: key.schema)] != key.block { return true }
            guard isCheck, let touched = open[key]?.touchedNs else { return false }
            let isBehind = key.block < latest[RingRun(ring: key.ring, run: digest.run)] ?? 0
            return nowNs >= touched + (isBehind ? Self.idleBehindNs : Self.idleNs)
        }
    }

    private struct RingRun: Hashable {
        let ring: RingID
        let run: RunKey
    }
    private func latestBlocks() -> [RingRun: UInt64] {
        open.reduce(into: [:]) { latest, entry in
            latest[RingRun(ring: entry.key.ring, run: entry.value.digest.run), default: 0] = max(
                latest[RingRun(ring: entry.key.ring, run: entry.value.digest.run)] ?? 0, entry.key.block)
        }
    }

    private func close(_ isDue: (Key, BlockDigest) -> Bool) {
        var due: [(key: Key, digest: OpenDigest)] = []
        for (key, digest) in open where isDue(key, digest.digest) { due.append((key, digest)) }
        guard !due.isEmpty else { return }
        recent = nil
        for (key, digest) in due.sorted(by: { $0.digest.digest.firstSequence < $1.digest.digest.firstSequence }) {
            open[key] = nil
            openFields -= digest.fields.count
            let place = Place(ring: key.ring, schema: key.schema)
            if newest[place] == key.block { newest[place] = nil }
            let finished = digest.finished
            closed.append(finished)
            closedBytes += finished.byteCount
        }
        guard closedBytes > Self.closedBytesMax else { return }
        closed.removeAll()
        closedBytes = 0
    }

    /// Finished ones that take about so many bytes, one at least if there is one.
    func takeClosed(bytes: Int) -> [BlockDigest] {
        var left = bytes
        var count = 0
        while count < closed.count, count == 0 || closed[count].byteCount <= left {
            left -= closed[count].byteCount
            count += 1
        }
        defer {
            closedBytes -= closed.prefix(count).reduce(0) { $0 + $1.byteCount }
            closed.removeFirst(count)
        }
        return Array(closed.prefix(count))
    }
}

extension BlockDigest {
    /// As it is stored, about.
    var byteCount: Int { 200 + fields.reduce(0) { $0 + $1.field.name.utf8.count + 60 } }
}

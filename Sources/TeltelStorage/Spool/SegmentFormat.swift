/// What a segment's header says. The bytes are described in docs/storage-format.md.
import TeltelEvents

/// Where a segment lies. Unique for ever: each use of a log file has a new random serial.
package struct SegmentID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let log: UInt64
    package let offset: UInt64
    package init(log: UInt64, offset: UInt64) {
        self.log = log
        self.offset = offset
    }
    package static func < (a: SegmentID, b: SegmentID) -> Bool { (a.log, a.offset) < (b.log, b.offset) }
    package var description: String { "\(InstanceID(log))+\(offset)" }
}

/// One frame of a segment: rows of one table.
package struct FrameID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let segment: SegmentID
    package let index: Int
    package init(segment: SegmentID, index: Int) {
        self.segment = segment
        self.index = index
    }
    package static func < (a: FrameID, b: FrameID) -> Bool { (a.segment, a.index) < (b.segment, b.index) }
    package var description: String { "\(segment)#\(index)" }
}

/// What rows are counted by.
package struct RowKey: Hashable, Comparable, Sendable {
    package let instance: InstanceID
    package let run: RunKey
    package let table: TableKey
    package init(instance: InstanceID, run: RunKey, table: TableKey) {
        self.instance = instance
        self.run = run
        self.table = table
    }
    package static func < (a: RowKey, b: RowKey) -> Bool {
        if a.instance != b.instance { return a.instance < b.instance }
        return a.run != b.run ? a.run < b.run : a.table < b.table
    }
}

/// How far one ring was taken over by a segment: positions `begin ..< end`, while its producer had written up to `head`.
package struct RingSpan: Hashable, Sendable {
    package let ring: RingID
    package let begin: UInt64
    package let end: UInt64
    package let head: UInt64
    package init(ring: RingID, begin: UInt64, end: UInt64, head: UInt64) {
        self.ring = ring
        self.begin = begin
        self.end = end
        self.head = head
    }
}

/// Events that the producer refused, by its type number and the ABI's reasons. Totals since its start.
package struct RefusedCount: Hashable, Sendable {
    package let type: Int
    package let counts: [UInt64]
    package init(type: Int, counts: [UInt64]) {
        self.type = type
        self.counts = counts
    }
}

/// Who filled the rings: enough to tell the story when the run file is gone.
package struct InstanceNote: Hashable, Sendable {
    package let id: InstanceID
    /// The names under which it is shown; empty for ingest instances.
    package let run: RunKey
    package let isIngest: Bool
    package let bootID: [UInt8]
    package let refused: [RefusedCount]
    package init(id: InstanceID, run: RunKey, isIngest: Bool, bootID: [UInt8], refused: [RefusedCount]) {
        self.id = id
        self.run = run
        self.isIngest = isIngest
        self.bootID = bootID
        self.refused = refused
    }
}

package struct FrameRecord: Hashable, Sendable {
    package var layout: TableLayout
    /// From the segment's first byte.
    package var offset: Int
    package let bytes: Int
    package let rawBytes: Int
    package let rows: Int
    package let checksum: UInt32
    package let ranges: [RowRange]
    /// Which counts of the segment have rows in this frame.
    package let keys: [TableKey]

    package init(
        layout: TableLayout, offset: Int, bytes: Int, rawBytes: Int, rows: Int, checksum: UInt32, ranges: [RowRange],
        keys: [TableKey]
    ) {
        self.layout = layout
        self.offset = offset
        self.bytes = bytes
        self.rawBytes = rawBytes
        self.rows = rows
        self.checksum = checksum
        self.ranges = ranges
        self.keys = keys
    }
}

package struct SegmentHeader: Sendable {
    package var id: SegmentID
    /// Header and frames.
    package var bytes = 0
    /// Seconds since 1970; the same value stands in the rows.
    package let writtenAt: UInt32
    package let rings: [RingSpan]
    package let instances: [InstanceNote]
    package let counts: [RowKey: Int]
    package var frames: [FrameRecord]

    package init(
        id: SegmentID, bytes: Int = 0, writtenAt: UInt32, rings: [RingSpan], instances: [InstanceNote], counts: [RowKey: Int],
        frames: [FrameRecord]
    ) {
        self.id = id
        self.bytes = bytes
        self.writtenAt = writtenAt
        self.rings = rings
        self.instances = instances
        self.counts = counts
        self.frames = frames
    }

    package var rows: Int { counts.values.reduce(0, +) }
    /// Rows of frames that hold events.
    package var events: Int { frames.reduce(0) { $0 + ($1.layout.isEvents ? $1.rows : 0) } }
}

package enum SegmentFormat {
    /// One of zstd's skippable frames: readers of zstd pass over the header.
    package static let skippableMagic: UInt32 = 0x184D_2A5E
    /// "TLTLseg1"
    package static let magic: UInt64 = 0x3167_6573_4C54_4C54
    /// 2: with frames that hold no events. Others are written as 1.
    package static let version: UInt32 = 2
    private static func version(_ frames: [FrameRecord]) -> UInt32 { frames.allSatisfy(\.layout.isEvents) ? 1 : 2 }
    /// Segments begin at multiples of it.
    package static let alignment = 4_096
    package static let prefixBytes = 56
    package static let idOffset = 24
    package static let crcOffset = 48
    package static let headerBytesMax = 16 << 20

    /// The fixed beginning of a header, before anything in it is believed.
    package struct Prefix {
        package let version: UInt32
        package let headerBytes: Int
        package let id: SegmentID
        package let bytes: Int
        package let checksum: UInt32

        /// nil: no segment begins here.
        package init?(_ bytes: [UInt8]) {
            guard bytes.count >= prefixBytes else { return nil }
            var reader = ByteReader(bytes)
            // The length was checked: taking cannot fail.
            guard let skippable: UInt32 = try? reader.take(), let rest: UInt32 = try? reader.take(),
                let magic: UInt64 = try? reader.take(), let version: UInt32 = try? reader.take(),
                let headerBytes: UInt32 = try? reader.take(), let log: UInt64 = try? reader.take(),
                let offset: UInt64 = try? reader.take(), let total: UInt64 = try? reader.take(),
                let checksum: UInt32 = try? reader.take()
            else { return nil }
            guard skippable == skippableMagic, magic == SegmentFormat.magic, UInt64(rest) + 8 == UInt64(headerBytes),
                headerBytes >= UInt32(prefixBytes), headerBytes <= UInt32(headerBytesMax), total >= UInt64(headerBytes),
                total <= UInt64(1) << 40
            else { return nil }
            self.version = version
            self.headerBytes = Int(headerBytes)
            id = SegmentID(log: log, offset: offset)
            self.bytes = Int(total)
            self.checksum = checksum
        }
    }

    /// The checksum covers everything but itself.
    package static func checksum(_ header: [UInt8]) -> UInt32 {
        let bytes = header.span.bytes
        return Checksum.crc32c(bytes.extracting(crcOffset + 4..<header.count), Checksum.crc32c(bytes.extracting(0..<crcOffset)))
    }

    /// The header is complete but for its place: see `place`. `frameBytes` follow it; the frames' offsets count from the first
    /// of them.
    package static func encode(_ header: SegmentHeader, frameBytes: Int) -> [UInt8] {
        var body = ByteWriter()
        body.put(header.writtenAt)
        body.put(header.rings) { writer, span in
            writer.put(span.ring)
            writer.put(span.begin)
            writer.put(span.end)
            writer.put(span.head)
        }
        body.put(header.instances) { $0.put($1) }
        body.put(header.counts.sorted { $0.key < $1.key }) {
            $0.put($1.key)
            $0.put(UInt64($1.value))
        }
        var layouts: [TableLayout: UInt32] = [:]
        for frame in header.frames where layouts[frame.layout] == nil { layouts[frame.layout] = UInt32(layouts.count) }
        body.put(layouts.sorted { $0.value < $1.value }) { $0.put($1.key) }
        body.put(header.frames) { writer, frame in
            writer.put(layouts[frame.layout]!)
            writer.put(UInt64(frame.offset))
            writer.put(UInt64(frame.bytes))
            writer.put(UInt64(frame.rawBytes))
            writer.put(UInt64(frame.rows))
            writer.put(frame.checksum)
            writer.put(frame.ranges) { $0.put($1) }
            writer.put(frame.keys) { $0.put($1) }
        }
        body.pad(to: 8)
        let headerBytes = prefixBytes + body.bytes.count
        var writer = ByteWriter()
        writer.put(skippableMagic)
        writer.put(UInt32(headerBytes - 8))
        writer.put(magic)
        writer.put(version(header.frames))
        writer.put(UInt32(headerBytes))
        writer.put(header.id.log)
        writer.put(header.id.offset)
        writer.put(UInt64(headerBytes + frameBytes))
        writer.put(UInt32(0))
        writer.put(UInt32(0))
        writer.append(body)
        return writer.bytes
    }

    /// Writes where the segment lies into an encoded header, and the checksum.
    package static func place(_ header: inout [UInt8], at id: SegmentID) {
        var writer = ByteWriter()
        writer.put(id.log)
        writer.put(id.offset)
        header.replaceSubrange(idOffset..<idOffset + writer.bytes.count, with: writer.bytes)
        var crc = ByteWriter()
        crc.put(checksum(header))
        header.replaceSubrange(crcOffset..<crcOffset + crc.bytes.count, with: crc.bytes)
    }

    package static func decode(_ bytes: [UInt8]) throws(StorageError) -> SegmentHeader {
        guard let prefix = Prefix(bytes), bytes.count == prefix.headerBytes else {
            throw StorageError(.foreign, "no segment header")
        }
        guard (1...version).contains(prefix.version) else {
            throw StorageError(.future, "segment \(prefix.id) of version \(prefix.version)")
        }
        guard checksum(bytes) == prefix.checksum else { throw StorageError(.corrupt, "header of segment \(prefix.id)") }
        var reader = ByteReader(bytes, from: prefixBytes)
        let writtenAt: UInt32 = try reader.take()
        let rings = try reader.takeList { reader throws(StorageError) in
            RingSpan(ring: try reader.takeRing(), begin: try reader.take(), end: try reader.take(), head: try reader.take())
        }
        let instances = try reader.takeList { reader throws(StorageError) in try reader.takeNote() }
        let counts = try reader.takeList { reader throws(StorageError) in (try reader.takeRowKey(), try reader.takeInt()) }
        let layouts = try reader.takeList { reader throws(StorageError) in try reader.takeLayout() }
        let frames = try reader.takeList { reader throws(StorageError) in
            try takeFrame(&reader, layouts, headerBytes: prefix.headerBytes, segmentBytes: prefix.bytes)
        }
        return SegmentHeader(
            id: prefix.id, bytes: prefix.bytes, writtenAt: writtenAt, rings: rings, instances: instances,
            counts: Dictionary(counts, uniquingKeysWith: +), frames: frames)
    }

    private static func takeFrame(
        _ reader: inout ByteReader, _ layouts: [TableLayout], headerBytes: Int, segmentBytes: Int
    ) throws(StorageError) -> FrameRecord {
        let layout = Int(try reader.take(UInt32.self))
        let offset = try reader.takeInt()
        let bytes = try reader.takeInt()
        let rawBytes = try reader.takeInt()
        let rows = try reader.takeInt()
        guard layout < layouts.count, offset <= segmentBytes, bytes <= segmentBytes - headerBytes - offset, rawBytes <= 1 << 31,
            rows <= rawBytes
        else { throw StorageError(.corrupt, "frame of \(bytes) bytes at \(offset)") }
        return FrameRecord(
            layout: layouts[layout], offset: headerBytes + offset, bytes: bytes, rawBytes: rawBytes, rows: rows,
            checksum: try reader.take(), ranges: try reader.takeList { reader throws(StorageError) in try reader.takeRange() },
            keys: try reader.takeList { reader throws(StorageError) in try reader.takeTableKey() })
    }
}

import TeltelEvents
import TeltelStorage
import TeltelTestSupport
import Testing

/// Records are read back as they were written; other bytes are refused and never believed.
@Suite struct SpoolFormatTests {
    static let ring = RingID(instance: InstanceID(0xABCD), writer: 3)
    static let key = RowKey(
        instance: ring.instance, run: RunKey(runID: "räder/1", sourceID: "engine"),
        table: TableKey(channel: "body", type: "state"))
    static let layout = TableLayout(
        name: "events_x", key: key.table, columns: TableLayout.identity + [ColumnLayout("payload.pos.x", "Float64")],
        isDefined: true)

    static var header: SegmentHeader {
        SegmentHeader(
            id: SegmentID(log: 0, offset: 0), writtenAt: 1_700_000_000,
            rings: [RingSpan(ring: ring, begin: 8, end: 640, head: 1_024)],
            instances: [
                InstanceNote(
                    id: ring.instance, run: key.run, isIngest: false, bootID: [1, 2, 3],
                    refused: [RefusedCount(type: 1, counts: [5, 0, 0, 0, 0, 0, 0, 0])])
            ], counts: [key: 10],
            frames: [
                FrameRecord(
                    layout: layout, offset: 0, bytes: 100, rawBytes: 900, rows: 10, checksum: 7,
                    ranges: [RowRange(ring: ring, first: 8, last: 600, rows: 10)], keys: [key.table]),
                FrameRecord(
                    layout: TableLayout(name: "events_other", key: nil, columns: [], isDefined: false), offset: 100, bytes: 50,
                    rawBytes: 90, rows: 1, checksum: 8, ranges: [], keys: []),
            ])
    }
    static var manifest: GroupManifest {
        var manifest = GroupManifest(
            name: "0123456789abcdef-7.0", layout: layout,
            members: [
                GroupMember(frame: FrameID(segment: SegmentID(log: 5, offset: 4_096), index: 1), rows: 10),
                GroupMember(
                    frame: FrameID(segment: SegmentID(log: 5, offset: 8_192), index: 0), selection: [0..<2, 5..<6], rows: 3),
            ], ranges: [RowRange(ring: ring, first: 8, last: 600, rows: 13)], rawBytes: 1_000)
        manifest.provesFirst = true
        manifest.siblings = 2
        manifest.isLost = true
        manifest.losses = [key: 13]
        manifest.lossReason = .spoolDamaged
        manifest.storedElsewhere = [manifest.members[0]]
        return manifest
    }
    static var index: IndexContent {
        var content = IndexContent()
        content.number = 12
        var record = InstanceRecord(note: header.instances[0])
        record.rings[3] = RingMarks()
        record.rings[3]!.spooled = 640
        record.finishedAs = 4
        content.instances[ring.instance] = record
        var tally = Tally()
        tally.spooled = 9
        tally.stored = 7
        tally.lost = [.malformed: 2]
        content.settled[key] = tally
        content.retired = [77]
        content.buried = [SegmentID(log: 1, offset: 4_096)]
        content.tableKeys = [key.table]
        return content
    }

    @Test func segmentHeaderComesBack() throws {
        let header = Self.header
        var bytes = SegmentFormat.encode(header, frameBytes: 150)
        let id = SegmentID(log: 99, offset: 8_192)
        SegmentFormat.place(&bytes, at: id)
        #expect(bytes.count % 8 == 0)
        let read = try SegmentFormat.decode(bytes)
        #expect(read.id == id)
        #expect(read.bytes == bytes.count + 150)
        #expect(read.rings == header.rings)
        #expect(read.instances == header.instances)
        #expect(read.counts == header.counts)
        #expect(read.frames.map(\.layout) == header.frames.map(\.layout))
        #expect(read.frames.map(\.offset) == [bytes.count, bytes.count + 100])
        #expect(read.frames.map(\.ranges) == header.frames.map(\.ranges))
    }

    @Test func headersPassThroughZstd() {
        var bytes = SegmentFormat.encode(Self.header, frameBytes: 0)
        SegmentFormat.place(&bytes, at: SegmentID(log: 1, offset: 4_096))
        var frames = ReusedBytes()
        let content = Array("rows".utf8)
        let packed = ZstdPacker().append(content.span.bytes, to: &frames)
        #expect(ZstdPacker.unpackAll(bytes + frames.prefix(packed) + bytes) == [content])
    }

    @Test func manifestAndIndexComeBack() throws {
        #expect(try GroupManifest.decode(Self.manifest.encode()) == Self.manifest)
        let read = try IndexContent.decode(Self.index.encode())
        #expect(read.instances == Self.index.instances)
        #expect(read.settled == Self.index.settled)
        #expect(read.retired == Self.index.retired)
        #expect(read.buried == Self.index.buried)
        #expect(read.tableKeys == Self.index.tableKeys)
        let log = LogHeader(serial: 3, order: 4, bytes: 64 << 20)
        #expect(try LogHeader.decode(log.encode()) == log)
    }

    /// Every single changed bit, every length.
    @Test func anyChangeIsRefused() {
        var segment = SegmentFormat.encode(Self.header, frameBytes: 150)
        SegmentFormat.place(&segment, at: SegmentID(log: 99, offset: 8_192))
        expectRefused(segment) { bytes throws(StorageError) in _ = try SegmentFormat.decode(bytes) }
        expectRefused(Self.manifest.encode()) { bytes throws(StorageError) in _ = try GroupManifest.decode(bytes) }
        expectRefused(Self.index.encode(), except: 28..<32) { bytes throws(StorageError) in _ = try IndexContent.decode(bytes) }
    }

    /// - Parameter unused: bytes that mean nothing.
    private func expectRefused(
        _ good: [UInt8], except unused: Range<Int> = 0..<0, _ decode: ([UInt8]) throws(StorageError) -> Void
    ) {
        for at in good.indices where !unused.contains(at) {
            var bytes = good
            bytes[at] ^= 1 << UInt8(at % 8)
            #expect(throws: StorageError.self, "byte \(at)") { try decode(bytes) }
        }
        for length in 0..<good.count {
            #expect(throws: StorageError.self, "length \(length)") { try decode(Array(good[..<length])) }
        }
    }

    /// Right checksums over lying contents: nothing is read past its end, nothing grows without bound.
    @Test func lyingRecordsAreSurvived() {
        for seed in 1...3_000 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var segment = SegmentFormat.encode(Self.header, frameBytes: 150)
            for _ in 0..<(1 + random.next() % 4) {
                segment[SegmentFormat.prefixBytes + Int(random.next() % UInt64(segment.count - SegmentFormat.prefixBytes))] =
                    UInt8(truncatingIfNeeded: random.next())
            }
            SegmentFormat.place(&segment, at: SegmentID(log: 99, offset: 8_192))
            // Either is right, as long as it returns.
            _ = try? SegmentFormat.decode(segment)
        }
    }

    @Test func checksumIsTheKnownOne() {
        #expect(Checksum.crc32c(Array("123456789".utf8)) == 0xE306_9283)
        #expect(Checksum.crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        var random = SeededRandom(seed: 1)
        for count in 0..<100 {
            let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            #expect(Checksum.crc32c(bytes) == Checksum.crc32cPortable(bytes))
            let half = bytes.span.bytes
            #expect(
                Checksum.crc32c(half.extracting(count / 2..<count), Checksum.crc32c(half.extracting(0..<count / 2)))
                    == Checksum.crc32c(bytes))
        }
    }
}

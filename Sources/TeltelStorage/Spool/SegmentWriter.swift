/// Puts one segment together in memory: blocks are packed as they come, the header is placed before them at the end.
import TeltelEvents

/// Keeps its memory from segment to segment. Used by one thread.
package final class SegmentWriter {
    private let packer = ZstdPacker(level: 1)
    /// Room for the header, then the frames.
    private var buffer = ReusedBytes()
    private var frames: [FrameRecord] = []

    /// Most headers fit; a larger one moves the frames.
    private static let headerRoom = 64 << 10

    package init() { buffer.clear(keeping: Self.headerRoom) }

    package var frameCount: Int { frames.count }
    /// Bytes of the frames so far.
    package var frameBytes: Int { buffer.used - Self.headerRoom }

    /// One block becomes one frame.
    package func add(_ block: NativeBlock, _ bytes: RawSpan) {
        let offset = frameBytes
        let packed = packer.append(bytes, to: &buffer)
        let begin = Self.headerRoom + offset
        let checksum = buffer.withSpan(begin..<begin + packed) { Checksum.crc32c($0) }
        frames.append(
            FrameRecord(
                layout: block.table, offset: offset, bytes: packed, rawBytes: bytes.byteCount, rows: block.rows,
                checksum: checksum,
                ranges: block.ranges, keys: block.keyCounts.map(\.key).uniqued()))
    }

    /// A header for what was added, with the frames' offsets from the first frame.
    package func header(
        writtenAt: UInt32, rings: [RingSpan], instances: [InstanceNote], counts: [RowKey: Int]
    ) -> SegmentHeader {
        SegmentHeader(
            id: SegmentID(log: 0, offset: 0), writtenAt: writtenAt, rings: rings, instances: instances, counts: counts,
            frames: frames)
    }

    /// Calls `body` with the whole segment: the header as encoded, then the frames. Frames stay until `clear`.
    func withSegment<E: Error>(_ header: [UInt8], _ body: (RawSpan) throws(E) -> Void) throws(E) {
        let missing = header.count - Self.headerRoom
        if missing > 0 {
            // Rare: a copy with the larger header in front.
            var whole = header
            buffer.withSpan(Self.headerRoom..<buffer.used) { frames in
                frames.withUnsafeBytes { whole.append(contentsOf: $0) }
            }
            return try body(whole.span.bytes)
        }
        let begin = Self.headerRoom - header.count
        buffer.put(header, at: begin)
        try buffer.withSpan(begin..<buffer.used, body)
    }

    package func clear() {
        frames.removeAll(keepingCapacity: true)
        buffer.clear(keeping: Self.headerRoom)
    }
}

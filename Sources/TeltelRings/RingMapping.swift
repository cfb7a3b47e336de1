/// One ring file, mapped and checked.
import CTeltel
import Foundation
import TeltelEvents

/// A ring as its readers see it. Thread-safe: any reader may look; only one of them may call `release`.
package final class RingMapping: Sendable {
    package let id: RingID
    /// Size of the data area: a power of two.
    package let dataBytes: Int
    /// Of the writer; "" = unnamed.
    package let name: String
    /// The producer gives up the oldest records when the ring is full (PAIR P6 of ring_abi.h): a reader must `take` what it
    /// keeps. Otherwise the producer waits for `release`, or refuses new records.
    package let overwritesOldest: Bool
    private let mapping: FileMapping
    private let dataOffset: Int
    private let countersOffset: Int
    private let counterRows: Int

    private static let headOffset = MemoryLayout<teltel_ring_header>.offset(of: \.head)!
    private static let lowOffset = MemoryLayout<teltel_ring_header>.offset(of: \.low)!
    private static let releasedOffset = MemoryLayout<teltel_ring_header>.offset(of: \.released)!

    /// - Parameter writable: needed for `release`.
    init(folder: Int32, instance: InstanceID, writer: UInt16, writable: Bool) throws(RingFault) {
        let name = "ring-\(writer)"
        let (descriptor, bytes) = try openShared(folder: folder, name, writable: writable, smallest: Int(TELTEL_HEADER_BYTES))
        mapping = try FileMapping(descriptor: descriptor, count: bytes, writable: writable, name: name)
        var header = teltel_ring_header()
        mapping.loadHeader(&header, before: Self.headOffset)
        guard header.magic == TELTEL_RING_MAGIC else { throw RingFault(.magic, name) }
        guard header.byte_order == TELTEL_BYTE_ORDER_MARK else { throw RingFault(.byteOrder, name) }
        guard header.abi_version == TELTEL_ABI_VERSION else { throw .unknownVersion(header.abi_version, name) }
        guard header.instance == instance.value, header.writer == UInt32(writer) else { throw RingFault(.instance, name) }
        let size = header.data_bytes
        let rows = UInt64(header.counter_rows)
        guard size >= 4_096, size <= TELTEL_MAX_RING_BYTES, size & (size - 1) == 0, header.data_offset >= TELTEL_HEADER_BYTES,
            header.data_offset < UInt64(bytes), header.data_offset & 7 == 0, UInt64(bytes) - header.data_offset >= size,
            rows <= 65_536, header.counters_offset >= TELTEL_HEADER_BYTES, header.counters_offset & 7 == 0,
            header.counters_offset < UInt64(bytes),
            UInt64(bytes) - header.counters_offset >= rows * UInt64(MemoryLayout<teltel_counter_row>.size)
        else { throw RingFault(.geometry, "\(name): \(size) bytes at \(header.data_offset) of \(bytes)") }
        id = RingID(instance: instance, writer: writer)
        dataBytes = Int(size)
        dataOffset = Int(header.data_offset)
        countersOffset = Int(header.counters_offset)
        counterRows = Int(rows)
        overwritesOldest = header.policy == UInt32(TELTEL_POLICY_OVERWRITE_OLDEST)
        self.name = fixedText(header.name)
    }

    /// Bytes ever written. PAIR P1: acquire here <-> release in the producer; all records before it are whole.
    package var head: UInt64 { mapping.loadAcquire(Self.headOffset) }
    /// The head again, for as long as this object is kept.
    package var headWord: SharedWord { mapping.sharedWord(Self.headOffset) }
    /// Records before it are gone (policy overwrite oldest).
    package var low: UInt64 { mapping.loadAcquire(Self.lowOffset) }
    /// What the producer may overwrite.
    package var released: UInt64 { mapping.loadAcquire(Self.releasedOffset) }

    /// PAIR P2: release here <-> acquire in the producer. Everything before `position` has been copied. Of a ring that
    /// overwrites the oldest records it was taken before.
    package func release(upTo position: UInt64) {
        if !overwritesOldest { mapping.storeRelease(Self.releasedOffset, position) }
    }

    /// PAIR P6. Whether `released` was where it is expected, and is moved.
    func exchangeReleased(_ expected: UInt64, for position: UInt64) -> Bool {
        mapping.exchange(Self.releasedOffset, expected, for: position)
    }

    /// The head, if it is possible at all when everything before `position` has been read: the producer writes no further than
    /// one ring beyond what it may overwrite. Otherwise a ring could be read round and round for ever.
    package func checkedHead(from position: UInt64) throws(RingFault) -> UInt64 {
        let head = head
        guard head >= position, head & 7 == 0 else { throw RingFault(.head, "\(id): head \(head) behind \(position)") }
        // Looked at after the head, and it only grows: for an honest producer the distance is at most what it was.
        let free = max(released, low)
        guard head - min(free, head) <= UInt64(dataBytes) else {
            throw RingFault(.head, "\(id): head \(head) more than a ring beyond \(free)")
        }
        return head
    }

    /// The bytes of the longest contiguous stretch from `position` towards `head`, at most `limit`.
    package func stretch(from position: UInt64, to head: UInt64, limit: Int) -> Range<Int> {
        let at = Int(position & UInt64(dataBytes - 1))
        let count = min(Int(min(head - position, UInt64(dataBytes - at))), limit)
        return dataOffset + at..<dataOffset + at + count
    }
    /// A private copy of a stretch. Check `isIntact` afterwards.
    package func copy(_ stretch: Range<Int>) -> [UInt8] { mapping.copy(stretch) }
    /// The live bytes of a stretch that the caller alone may release: the producer does not write there. A hostile one
    /// might, so each byte is read once.
    package func withBytes<Result>(_ stretch: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try mapping.withBytes(stretch, body)
    }

    /// Were the bytes from `position` on, copied just now, out of the producer's reach all the time?
    ///
    /// A producer that overwrites says how far (PAIR P6). Of others: either they are not released yet; or the head is so near that
    /// even the largest record in flight ends before them. The first test holds on every machine; the second on those that keep
    /// stores in order, and only widens the window.
    package func isIntact(from position: UInt64) -> Bool {
        readerFence()
        if overwritesOldest { return low <= position }
        if released <= position, low <= position { return true }
        #if arch(x86_64)
            let largest = UInt64(min(Int(TELTEL_MAX_RECORD_BYTES), dataBytes / 4))
            return low <= position && head &- position &+ largest * 2 <= UInt64(dataBytes)
        #else
            return false
        #endif
    }

    /// Where the last record before `position` ends. That is `position`, unless a wrap marker lies between: a reader may have
    /// stopped behind one at the ring's end.
    package func recordsEnd(before position: UInt64) -> UInt64 {
        guard position > 0, position & UInt64(dataBytes - 1) == 0 else { return position }
        let largest = min(Int(TELTEL_MAX_RECORD_BYTES), dataBytes / 4) + 8
        for bytes in stride(from: 8, through: largest, by: 8) {
            let at = dataOffset + dataBytes - bytes
            let marker = mapping.load(UInt64.self, at: at)
            if marker & 0xFFFF_FFFF == UInt64(bytes), (marker >> 32) & 0xFFFF == UInt64(TELTEL_WRAP_TYPE) {
                return position - UInt64(bytes)
            }
        }
        return position
    }

    /// Refusals of this ring: rows of the ABI's table, summed per reason, for rows that are not all zero.
    package func refusals() -> [RefusalRow] { RefusalRow.read(mapping, countersOffset, counterRows) }

    /// Where events were refused for lack of room.
    package func refusedStretches() -> RefusedStretches {
        RefusedStretches(mapping) { RefusalRow.sum(mapping, countersOffset, counterRows, reason: Int(TELTEL_REFUSAL_FULL)) }
    }
}

/// Refused events of one type (0 = unknown type, 1025 = all beyond the counted ones), per reason of the ABI.
package struct RefusalRow: Sendable, Equatable {
    package let type: Int
    package let counts: [UInt64]
    package var total: UInt64 { counts.reduce(0, &+) }
    /// Not refused but accepted, and given up later.
    package var overwritten: UInt64 { counts[Int(TELTEL_REFUSAL_OVERWRITTEN)] }
    package var countsOneType: Bool { (1...Int(TELTEL_COUNTED_TYPES)).contains(type) }

    static func sum(_ mapping: FileMapping, _ offset: Int, _ rows: Int, reason: Int) -> UInt64 {
        let stride = MemoryLayout<teltel_counter_row>.size
        return (0..<rows).reduce(0) { $0 &+ mapping.loadRelaxed(offset + $1 * stride + reason * 8) }
    }
    static func read(_ mapping: FileMapping, _ offset: Int, _ rows: Int) -> [RefusalRow] {
        var result: [RefusalRow] = []
        let stride = MemoryLayout<teltel_counter_row>.size
        for row in 0..<rows {
            let counts = (0..<Int(TELTEL_REFUSAL_REASONS)).map { mapping.loadRelaxed(offset + row * stride + $0 * 8) }
            if counts.contains(where: { $0 != 0 }) { result.append(RefusalRow(type: row, counts: counts)) }
        }
        return result
    }
    package static let fullReason = "full"
    /// Names of the reasons as they stand in JSON and metrics, by the ABI's numbers.
    package static let reasons = [fullReason, "overwritten", "size", "type", "state", "writer", "fork", "other"]
}

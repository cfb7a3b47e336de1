/// Walks over the records in a stretch of a ring. Works on any bytes: what lies is a fault, never a crash.
import CTeltel

/// One record's place and header, read once.
package struct RecordHead: Sendable {
    /// Where the record begins, from the stretch's begin.
    package let offset: Int
    /// Header and payload.
    package let bytes: Int
    package let type: UInt16
    package let tagSet: UInt16
    package let frame: UInt64
    package let simTime: Double
    package var payload: Range<Int> { offset + Int(TELTEL_RECORD_HEADER_BYTES)..<offset + bytes }
}

/// Iterates whole records. Ends before a record that the stretch cuts, and after a wrap marker.
package struct RecordScanner {
    private let stretch: UnsafeRawBufferPointer
    /// Ring position of the stretch's first byte, and the ring's size: a wrap marker must reach the ring's end.
    private let begin: UInt64
    private let ringBytes: UInt64
    private let largest: Int
    /// How far whole records (and wrap markers) reach, from the stretch's begin; may pass its end by a wrap marker.
    package private(set) var consumed = 0
    /// The record at `consumed` is whole in the ring but not in this stretch: so many bytes are needed.
    package private(set) var needed: Int?

    package init(_ stretch: UnsafeRawBufferPointer, begin: UInt64, ringBytes: Int) {
        self.stretch = stretch
        self.begin = begin
        self.ringBytes = UInt64(ringBytes)
        largest = min(Int(TELTEL_MAX_RECORD_BYTES), ringBytes / 4)
    }

    package mutating func next() throws(RingFault) -> RecordHead? {
        while consumed < stretch.count {
            let left = stretch.count - consumed
            guard left >= 8 else { throw RingFault(.record, "\(left) stray bytes at \(begin + UInt64(consumed))") }
            let bytes = Int(stretch.loadUnaligned(fromByteOffset: consumed, as: UInt32.self))
            let type = stretch.loadUnaligned(fromByteOffset: consumed + 4, as: UInt16.self)
            if type == UInt16(TELTEL_WRAP_TYPE) {
                let end = begin + UInt64(consumed) + UInt64(bytes)
                guard bytes >= 8, bytes & 7 == 0, bytes <= largest + 8, end & (ringBytes - 1) == 0 else {
                    throw RingFault(.record, "wrap of \(bytes) bytes at \(begin + UInt64(consumed))")
                }
                consumed += bytes
                return nil
            }
            guard bytes >= Int(TELTEL_RECORD_HEADER_BYTES), bytes <= largest else {
                throw RingFault(.record, "record of \(bytes) bytes at \(begin + UInt64(consumed))")
            }
            let padded = (bytes + 7) & ~7
            guard padded <= left else {
                needed = padded
                return nil
            }
            let head = RecordHead(
                offset: consumed, bytes: bytes, type: type,
                tagSet: stretch.loadUnaligned(fromByteOffset: consumed + 6, as: UInt16.self),
                frame: stretch.loadUnaligned(fromByteOffset: consumed + 8, as: UInt64.self),
                simTime: stretch.loadUnaligned(fromByteOffset: consumed + 16, as: Double.self))
            consumed += padded
            return head
        }
        return nil
    }
}

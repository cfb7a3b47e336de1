/// Rows on their way from a ring into columns.
import TeltelEvents

/// Rows of one schema of one ring, out of one contiguous stretch of it. The pointers are used inside the call only that the
/// chunk is given to; whoever makes it keeps them valid until then.
package struct RowChunk {
    package let ring: RingID
    package let run: RunKey
    package let schema: EventSchema
    /// Registered tag sets of the instance; index: number - 1.
    package let tagSets: [TagSet]
    package let bytes: UnsafeRawBufferPointer
    package let begin: UInt64
    package let offsets: UnsafeBufferPointer<UInt32>
    package let wallTimes: UnsafeBufferPointer<Int64>

    /// - Parameters:
    ///   - bytes: the stretch. Its producer may be hostile and change it at any time.
    ///   - begin: ring position of the first byte: a row's sequence is this plus its offset.
    ///   - offsets: where the records begin, ascending.
    ///   - wallTimes: milliseconds since 1970 per row, `Batch.unknownTime` for none. Rows of ingest rings carry their own.
    package init(
        ring: RingID, run: RunKey, schema: EventSchema, tagSets: [TagSet], bytes: UnsafeRawBufferPointer, begin: UInt64,
        offsets: UnsafeBufferPointer<UInt32>, wallTimes: UnsafeBufferPointer<Int64>
    ) {
        if case .ingest = schema.encoding {} else { precondition(wallTimes.count == offsets.count) }
        self.ring = ring
        self.run = run
        self.schema = schema
        self.tagSets = tagSets
        self.bytes = bytes
        self.begin = begin
        self.offsets = offsets
        self.wallTimes = wallTimes
    }
}

/// What the rows of one type come to, in one block of frames, as far as one ring has brought them.
import CTeltelStorage
import TeltelEvents

/// What the values of one field come to.
package struct FieldDigest: Sendable {
    package var sums = teltel_digest_sums(
        digest: 0, count: 0, nans: 0, infinities: 0, smallest: .infinity, largest: -.infinity)
    /// In order of emission; NaN for what is no number.
    package var first = Double.nan
    package var last = Double.nan
    package init() {}
}

/// Sums over rows of one (ring, run, source, type) with frames of one block. Several of the same block are added up by whoever reads
/// them: a type may have been written by several threads, and late rows come in a digest of their own.
package struct BlockDigest: Sendable {
    /// Frames `number * framesPerBlock ..< (number + 1) * framesPerBlock`.
    package static let framesPerBlock: UInt64 = 1_024

    package let ring: RingID
    package let run: RunKey
    package let table: TableKey
    package let block: UInt64
    /// Fields by which rows of one frame are told apart.
    package let keys: [String]
    /// Names this digest: no two of a ring have the same.
    package let firstSequence: UInt64
    package var rows: UInt64 = 0
    package var rowDigest: UInt64 = 0
    package var firstFrame = UInt64.max
    package var lastFrame: UInt64 = 0
    package var fields: [(field: DigestField, digest: FieldDigest)] = []

    package init(ring: RingID, run: RunKey, table: TableKey, block: UInt64, keys: [String], firstSequence: UInt64) {
        self.ring = ring
        self.run = run
        self.table = table
        self.block = block
        self.keys = keys
        self.firstSequence = firstSequence
    }
}

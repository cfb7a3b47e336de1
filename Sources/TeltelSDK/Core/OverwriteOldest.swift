// Policy overwrite oldest: room for new records is made by giving up the oldest ones.
//
// The producer moves its `low` record by record. What a reader has taken (before `released`) is passed; every other record is
// taken out of the readers' reach by a compare-and-swap of `released`, and counted (PAIR P6 of ring_abi.h). One record at a time:
// a producer that is killed in between leaves at most one record uncounted.
import CTeltel

enum OverwriteOldest {
    /// Gives up the oldest records until the ring has `need` free bytes from `head` on, and somewhat more: a 64th of the ring,
    /// so that not every emit comes here. `need` is at most half of the ring.
    static func makeRoom(_ w: WriterState, head: UInt64, need: Int) {
        let capacity = w.pointee.data_bytes
        guard head &- w.pointee.low &+ UInt64(need) > capacity else { return }
        let wanted = min(head, head &+ UInt64(need) &+ capacity >> 6 &- capacity)
        // SAFETY: a writer that is not closed has its ring mapped.
        let ring = w.pointee.ring.unsafelyUnwrapped
        var low = w.pointee.low
        while low < wanted {
            guard let next = recordEnd(w, low, head) else {
                // Somebody has written into the ring: where records begin is not known any more.
                count(w, RecordWord(0), UInt32(TELTEL_REFUSAL_OVERWRITTEN))
                low = head
                break
            }
            giveUp(w, ring, low, next, head)
            low = next
        }
        w.pointee.low = low
        ctel_publish_low(ring, low)
    }

    /// Takes one record, or wrap marker, from the readers, unless they have it already.
    private static func giveUp(
        _ w: WriterState, _ ring: UnsafeMutablePointer<teltel_ring_header>, _ low: UInt64, _ next: UInt64, _ head: UInt64
    ) {
        let word = wordAt(w, low)
        while true {
            let released = ctel_released(ring)
            if released > low, released <= head { return }
            // `released` is where it cannot be: a reader that lies has taken nothing.
            guard released == low else { break }
            // Fails when a reader takes the record at this moment: then it is seen above.
            if ctel_take_oldest(ring, low, next) != 0 { break }
        }
        if word.type != UInt32(TELTEL_WRAP_TYPE) { count(w, word, UInt32(TELTEL_REFUSAL_OVERWRITTEN)) }
    }

    private static func wordAt(_ w: WriterState, _ position: UInt64) -> RecordWord {
        let offset = Int(position & (w.pointee.data_bytes &- 1))
        // SAFETY: a multiple of 8 inside the mapped data; only this thread writes there.
        return RecordWord(UnsafeRawPointer(w.pointee.data.unsafelyUnwrapped).load(fromByteOffset: offset, as: UInt64.self))
    }

    /// Where the record at `position` ends; nil if there is none that could be.
    private static func recordEnd(_ w: WriterState, _ position: UInt64, _ head: UInt64) -> UInt64? {
        let word = wordAt(w, position)
        let toEnd = w.pointee.data_bytes &- (position & (w.pointee.data_bytes &- 1))
        let padded = UInt64(word.padded)
        let least = word.type == UInt32(TELTEL_WRAP_TYPE) ? 8 : UInt64(TELTEL_RECORD_HEADER_BYTES)
        guard padded >= least, padded <= toEnd, padded <= head &- position else { return nil }
        return position &+ padded
    }
}

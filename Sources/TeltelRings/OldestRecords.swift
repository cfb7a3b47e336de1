/// Rings whose producer gives up the oldest records when they are full: what a reader keeps, it must take first (PAIR P6 of
/// ring_abi.h). For other rings all of this changes nothing.
import CTeltel

/// What readers before this one have taken. Some of it may be lost with them: a reader that was killed had taken records that it
/// had not kept yet. They are taken once more while they are there.
package struct TakenEarlier: Sendable, Equatable {
    fileprivate let end: UInt64
}

extension RingMapping {
    /// - Parameter kept: everything before it is in safety.
    /// - Returns: where to read on, and what of that was taken before.
    package func takeUp(from kept: UInt64) -> (position: UInt64, earlier: TakenEarlier) {
        guard overwritesOldest else { return (max(released, low, kept), TakenEarlier(end: 0)) }
        let end = released
        return (kept < end && low <= kept ? kept : max(end, kept), TakenEarlier(end: end))
    }

    /// Up to where records may be taken together with those at `position`.
    package func takeLimit(_ position: UInt64, _ earlier: TakenEarlier, head: UInt64) -> UInt64 {
        position < earlier.end ? min(earlier.end, head) : head
    }

    /// Makes the records in `range`, whose bytes have been copied, this reader's own. False: the producer has given up some of
    /// them and counts them, so that the copies must be thrown away; reading goes on at `resume`.
    package func take(_ range: Range<UInt64>, _ earlier: TakenEarlier) -> Bool {
        guard overwritesOldest else { return true }
        if range.upperBound <= earlier.end { return isIntact(from: range.lowerBound) }
        return exchangeReleased(range.lowerBound, for: range.upperBound)
    }

    /// `position`, or behind it the first record that the producer has not given up.
    package func resume(_ position: UInt64, _ earlier: TakenEarlier) throws(RingFault) -> UInt64 {
        guard overwritesOldest, position >= earlier.end || low > position else { return position }
        let next = released
        guard next >= position, next & 7 == 0 else {
            throw RingFault(.head, "\(id): released went from \(position) back to \(next)")
        }
        return next
    }
}

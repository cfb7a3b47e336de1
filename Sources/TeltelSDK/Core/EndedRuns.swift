// What the runs that ended last have refused: asked for after the end, when one would naturally print it.
import CTeltel

enum EndedRuns {
    /// Sums up all rings of a run whose writers are closed. Lock held; the rings are still mapped.
    static func keep(_ run: RunState) {
        let place = ctel_next_ended().unsafelyUnwrapped  // never nil
        place.pointee.handle = run.pointee.handle
        place.pointee.salt = run.pointee.salt
        place.pointee.types = run.pointee.types
        add(runCounters(run), to: place)
        var next = run.pointee.writers
        while let w = next {
            if let counters = w.pointee.counters { add(counters, to: place) }
            next = w.pointee.next_in_run
        }
    }

    /// Lock held. nil: it has not ended, or too long ago.
    static func find(_ handle: UInt64) -> UnsafeMutablePointer<ctel_ended>? { handle == 0 ? nil : ctel_find_ended(handle) }

    /// No memory: then there are none to show.
    private static func add(_ counters: UnsafeMutablePointer<teltel_counter_row>, to place: UnsafeMutablePointer<ctel_ended>) {
        let last = Int(TELTEL_COUNTER_ROWS) - 1
        let used = min(Int(place.pointee.types), last - 1)
        for row in 0...last where row <= used || row == last {
            for reason in 0..<UInt32(TELTEL_REFUSAL_REASONS) {
                let count = ctel_load_relaxed_u64(ctel_counter(counters, UInt32(row), reason))
                if count == 0 { continue }
                if place.pointee.rows == nil {
                    let bytes = UInt64(TELTEL_COUNTER_ROWS) * UInt64(MemoryLayout<teltel_counter_row>.stride)
                    place.pointee.rows = ctel_zeroed(bytes)?.assumingMemoryBound(to: teltel_counter_row.self)
                }
                guard let rows = place.pointee.rows else { return }
                ctel_counter(rows, UInt32(row), reason).pointee &+= count
            }
        }
    }
}

// Where events were refused for lack of room: the counters say how many, the ring's header says at which frames.
import CTeltel

enum RefusedStretches {
    /// One more behind the one before, or the first of a new stretch. Only the writer's own thread; its run is open, or ends at this
    /// moment: then the header's page is a private one.
    @inline(never)
    static func note(_ w: WriterState, _ frame: UInt64) {
        // SAFETY: a writer that found no room has its ring mapped.
        let ring = w.pointee.ring.unsafelyUnwrapped
        let head = UInt64(w.pointee.cursor) &+ w.pointee.bias
        if w.pointee.refused != nil, w.pointee.refused_head == head { return extend(w, frame) }
        let begun = ring.pointee.refused_stretches
        // SAFETY: the place is inside the header's array.
        let stretch = ctel_refused_stretch(ring, begun).unsafelyUnwrapped
        ctel_store_relaxed_u64(&stretch.pointee.from, frame)
        ctel_store_relaxed_u64(&stretch.pointee.to, frame)
        ctel_store_relaxed_u64(&stretch.pointee.count, 1)
        ctel_store_release_u64(&ring.pointee.refused_stretches, begun &+ 1)
        w.pointee.refused = stretch
        w.pointee.refused_head = head
    }

    /// The ring was full before, and nothing has moved since.
    @inline(__always)
    static func extend(_ w: WriterState, _ frame: UInt64) {
        // None before the first refusal: the end of a run, too, finds its ring full.
        guard let stretch = w.pointee.refused else { return }
        // The end of a run bears the newest frame that was accepted, and may be refused, too.
        ctel_store_relaxed_u64(&stretch.pointee.to, max(stretch.pointee.to, frame))
        ctel_store_relaxed_u64(&stretch.pointee.count, stretch.pointee.count &+ 1)
    }
}

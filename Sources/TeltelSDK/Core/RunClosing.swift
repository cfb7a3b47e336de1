// Ends a run while other threads may be emitting: their writers are closed, their rings replaced by private zero pages, so that
// a store which is under way at this moment lands nowhere.
import CTeltel

enum RunClosing {
    /// Lock held; the run is open. Afterwards its handle is stale.
    static func end(_ run: RunState, _ status: Int32, _ reason: UnsafePointer<CChar>?) {
        if run.pointee.kind == UInt32(TELTEL_KIND_ENGINE) { emitEnd(run, status, reason) }
        closeAll(run, except: nil)
        setState(run, UInt32(CTEL_RUN_ENDED))
        if run.pointee.kind == UInt32(TELTEL_KIND_ENGINE) { EndedRuns.keep(run) }
        run.pointee.references = 1
        releaseRings(run)
        RunHeader.end(run.pointee.file, status, reason)
        ctel_unmap(run.pointee.file, run.pointee.file_bytes)
        run.pointee.file = nil
        ctel_close(run.pointee.run_descriptor)
        ctel_close(run.pointee.folder_descriptor)
        if let index = run.pointee.index { ctel_free(index) }
        run.pointee.index = nil
        Selection.forget(run)
        Writers.releaseEndedWritersOfThread()
        run.pointee.references -= 1
        if run.pointee.references == 0 { setState(run, UInt32(CTEL_RUN_UNUSED)) }
    }

    /// run.end is the last record: all other writers are closed first. It bears the newest frame and time of the run.
    private static func emitEnd(_ run: RunState, _ status: Int32, _ reason: UnsafePointer<CChar>?) {
        let mine = Writers.attached(run, insist: false)
        mine?.pointee.block_ns = 0  // the lock is held: who waits has done so before, see awaitRoomForEnd
        closeAll(run, except: mine)
        let (frame, time) = newest(run)
        if let mine { RunEvents.emitEnd(run, mine, frame, time, status, reason) }
    }

    /// Policy block: so that run.end finds room too. No lock is held.
    static func awaitRoomForEnd(_ handle: OpaquePointer) {
        guard let w = Writers.inThreadList(UInt64(UInt(bitPattern: handle))), w.pointee.reserved == 0 else { return }
        _ = findOpenRoom(w, endBytesMax) || awaitRoom(w, endBytesMax)
    }
    private static let endBytesMax = 2048

    private static func closeAll(_ run: RunState, except kept: WriterState?) {
        var next = run.pointee.writers
        while let w = next {
            if w != kept { ctel_close_writer(w) }
            next = w.pointee.next_in_run
        }
        ctel_fence()  // with the fence in makeRoom
    }

    /// Frame and time of the record with the highest frame among each ring's newest. A thread that is emitting at this moment
    /// may be missed or, having lapped its ring, be read while it writes: the numbers are then its older or newer record's.
    private static func newest(_ run: RunState) -> (frame: UInt64, time: Double) {
        var result: (frame: UInt64, time: UInt64) = (0, 0)
        var next = run.pointee.writers
        while let w = next {
            next = w.pointee.next_in_run
            let place = ctel_newest(w)
            guard place != 0 else { continue }
            // SAFETY: the place of a whole record in a ring that is still mapped.
            let record = UnsafeRawPointer(ctel_at(place).unsafelyUnwrapped)
            let frame = record.load(fromByteOffset: 8, as: UInt64.self)
            let time = record.load(fromByteOffset: 16, as: UInt64.self)
            if frame > result.frame || (frame == result.frame && order(time) > order(result.time)) { result = (frame, time) }
        }
        return (result.frame, Double(bitPattern: result.time))
    }

    /// Numbers in the order of the times with these bits. A comparison of doubles may raise an exception's flag, or trap: that is
    /// the engine's own.
    private static func order(_ time: UInt64) -> Int64 {
        let bits = Int64(bitPattern: time)
        return bits < 0 ? bits ^ .max : bits
    }

    /// Heads are final after this: rings that a thread may hold stay mapped, but to private pages.
    private static func releaseRings(_ run: RunState) {
        var next = run.pointee.writers
        run.pointee.writers = nil
        run.pointee.free_writers = nil
        while let w = next {
            next = w.pointee.next_in_run
            ctel_publish_writer_state(w.pointee.ring, UInt32(TELTEL_WRITER_ENDED))
            if w.pointee.in_use == 0 {
                RingFile.release(w)
            } else {
                ctel_detach_mapping(w.pointee.ring, w.pointee.map_bytes)
                run.pointee.references += 1
            }
        }
    }
}

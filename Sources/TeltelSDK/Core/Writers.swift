// Who writes into which ring: each thread finds its writer in a list of its own, takes one that another thread gave back, or
// has one made; it gives all of them back at its end.
import CTeltel

/// The run of a handle that is open, or belongs to the parent process. Lock held.
func findRun(_ handle: UInt64) -> RunState? {
    guard handle != 0, let run = ctel_run_slot_if_made(UInt32(truncatingIfNeeded: handle >> 4) & UInt32(CTEL_MAX_RUNS - 1)),
        run.pointee.handle == handle,
        run.pointee.state == UInt32(CTEL_RUN_OPEN) || run.pointee.state == UInt32(CTEL_RUN_FORKED)
    else { return nil }
    return run
}

/// Lock held. Who meets a closed writer reads it without.
func setState(_ run: RunState, _ state: UInt32) { ctel_store_relaxed_u32(&run.pointee.state, state) }

/// The run of a handle, if this process may still change it. Lock held.
func findOpenRun(_ handle: OpaquePointer?) -> RunState? {
    guard let run = findRun(UInt64(UInt(bitPattern: handle))), run.pointee.state == UInt32(CTEL_RUN_OPEN) else { return nil }
    return run
}

enum Writers {
    /// This thread's writer of an open run: from its list, or attached now. Lock held.
    static func attached(_ run: RunState, insist: Bool) -> WriterState? {
        if let w = inThreadList(run.pointee.handle) { return w }
        releaseEndedWritersOfThread()
        guard let w = take(run, name: nil, insist: insist) else { return nil }
        w.pointee.next_in_thread = ctel_thread_list_get()
        ctel_thread_list_set(w)
        ctel_thread_writer_set(w)
        ctel_mark_thread()
        return w
    }

    /// No lock: the list is the thread's own. Moves what it finds into the thread's one-entry cache.
    static func inThreadList(_ handle: UInt64) -> WriterState? {
        var next = ctel_thread_list_get()
        while let w = next {
            if w.pointee.run == handle {
                ctel_thread_writer_set(w)
                return w
            }
            next = w.pointee.next_in_thread
        }
        return nil
    }

    /// A writer for one user: a free one of that name, else a new ring, else any free one. Lock held.
    ///
    /// - Parameter insist: try to make a ring even if that failed before for lack of space (no emit should pay for that twice).
    static func take(_ run: RunState, name: UnsafePointer<CChar>?, insist: Bool) -> WriterState? {
        let mayMake = insist || run.pointee.out_of_space == 0
        guard
            let w = takeFree(run, name: name) ?? (mayMake ? RingFile.make(run, name: name) : nil)
                ?? takeFree(run, name: nil, any: true)
        else { return nil }
        w.pointee.in_use = 1
        w.pointee.run = run.pointee.handle
        // SAFETY: the run is open, so its rings are mapped.
        let ring = w.pointee.ring.unsafelyUnwrapped
        ctel_store_relaxed_u64(&ring.pointee.users, ring.pointee.users &+ 1)
        ctel_store_relaxed_u32(&ring.pointee.tid, ctel_tid())
        ctel_publish_writer_state(ring, UInt32(TELTEL_WRITER_USED))
        return w
    }

    private static func takeFree(_ run: RunState, name: UnsafePointer<CChar>?, any: Bool = false) -> WriterState? {
        var previous: WriterState?
        var next = run.pointee.free_writers
        while let w = next {
            next = w.pointee.next_free
            if any || sameText(cStringBytes(ctel_ring_name(w.pointee.ring), limit: RingFile.nameCapacity), cStringBytes(name)) {
                if let previous { previous.pointee.next_free = next } else { run.pointee.free_writers = next }
                w.pointee.next_free = nil
                return w
            }
            previous = w
        }
        return nil
    }

    /// Puts an unused writer, fresh or given back, where the next user finds it. Lock held.
    static func makeFree(_ w: WriterState) {
        // SAFETY: a writer with a ring has an owner.
        let run = w.pointee.owner.unsafelyUnwrapped
        ctel_set_limit(w, 0)  // the next user looks up the room again
        w.pointee.in_use = 0
        w.pointee.run = 0
        w.pointee.next_free = run.pointee.free_writers
        run.pointee.free_writers = w
        ctel_publish_writer_state(w.pointee.ring, UInt32(TELTEL_WRITER_FREE))
    }

    /// The user of a writer is gone. Open run: the next user takes it. Else nothing can touch it any more. Lock held.
    static func giveBack(_ w: WriterState) {
        cancelReservation(w)
        // SAFETY: a writer in use has an owner.
        let run = w.pointee.owner.unsafelyUnwrapped
        guard run.pointee.state != UInt32(CTEL_RUN_OPEN) else { return makeFree(w) }
        RingFile.release(w)
        run.pointee.references -= 1
        if run.pointee.references == 0 { setState(run, UInt32(CTEL_RUN_UNUSED)) }
    }

    /// Rings of runs that ended while this thread held a writer: it is not inside an emit now. Lock held.
    static func releaseEndedWritersOfThread() {
        releaseWritersOfThread { $0.pointee.owner.pointee.state != UInt32(CTEL_RUN_OPEN) }
    }

    /// Takes writers out of the thread's list and gives them back. Lock held.
    static func releaseWritersOfThread(where leaves: (WriterState) -> Bool) {
        var next = ctel_thread_list_get()
        var kept: WriterState?
        while let w = next {
            next = w.pointee.next_in_thread
            if leaves(w) {
                if ctel_thread_writer_get() == w { ctel_thread_writer_set(ctel_no_writer_get()) }
                w.pointee.next_in_thread = nil
                giveBack(w)
            } else {
                w.pointee.next_in_thread = kept
                kept = w
            }
        }
        ctel_thread_list_set(kept)
    }
}

/// This thread's writer of a run, for an emit that did not find it in the one-entry cache.
func threadWriter(_ handle: UInt64, insist: Bool) -> WriterState? {
    if let w = Writers.inThreadList(handle) { return w }
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findRun(handle), run.pointee.state == UInt32(CTEL_RUN_OPEN) else { return nil }
    return Writers.attached(run, insist: insist)
}

/// Called by the thread-exit hook, also for destructors that emit after it: then once more.
func threadExits() {
    ctel_lock()
    defer { ctel_unlock() }
    Writers.releaseWritersOfThread { _ in true }
}

/// In the child of fork, lock held, before anything else runs there: no ring of the parent can be written any more. The run
/// files stay mapped, to count what the child tries to emit.
func processForked() {
    for slot in 0..<UInt32(CTEL_MAX_RUNS) {
        guard let run = ctel_run_slot_if_made(slot), run.pointee.state == UInt32(CTEL_RUN_OPEN) else { continue }
        setState(run, UInt32(CTEL_RUN_FORKED))
        run.pointee.references = 1  // never given back: the handle stays known
        ctel_close(run.pointee.folder_descriptor)
        ctel_close(run.pointee.run_descriptor)  // drops no lock: that belongs to the parent process
        var next = run.pointee.writers
        run.pointee.writers = nil
        run.pointee.free_writers = nil
        while let w = next {
            next = w.pointee.next_in_run
            if w.pointee.in_use == 0 {
                RingFile.release(w)
                continue
            }
            run.pointee.references += 1
            ctel_close_writer(w)
            ctel_detach_mapping(w.pointee.ring, w.pointee.map_bytes)
        }
    }
}

/// In a child of _Fork or clone, when it first takes the lock; all writers are zero there. The parent's rings stay mapped, but
/// nothing leads to them any more; its descriptors stay open, as clone may share them with the parent.
func processWoke(whole: Bool) {
    for slot in 0..<UInt32(CTEL_MAX_RUNS) {
        guard let run = ctel_run_slot_if_made(slot), run.pointee.state == UInt32(CTEL_RUN_OPEN) else { continue }
        run.pointee.writers = nil
        run.pointee.free_writers = nil
        // Half changed: its file may not be where it says. Nothing is counted, the handle is unknown.
        if !whole { run.pointee.handle = 0 }
        setState(run, UInt32(CTEL_RUN_FORKED))
        run.pointee.references = 1  // never given back
    }
}

// MARK: - C interface

@c(teltel_thread_attach) @usableFromInline
func threadAttachC(_ run: OpaquePointer?) -> Int32 {
    guard let run else { return Status.refusedState }
    ctel_lock()
    defer { ctel_unlock() }
    // First of all: a thread keeps its writer of a run that has ended, or is its parent's, until it looks for another one.
    guard let open = findOpenRun(run) else { return Status.ended }
    return Writers.attached(open, insist: true) == nil ? Status.refusedWriter : Status.ok
}

@c(teltel_thread_detach) @usableFromInline
func threadDetachC(_ run: OpaquePointer?) {
    let handle = UInt64(UInt(bitPattern: run))
    guard handle != 0 else { return }
    ctel_lock()
    defer { ctel_unlock() }
    Writers.releaseWritersOfThread { $0.pointee.run == handle }
}

@c(teltel_writer_open) @usableFromInline
func writerOpenC(_ handle: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> OpaquePointer? {
    guard let handle else { return nil }
    guard isText(name, limit: RingFile.nameCapacity - 1) else {
        _ = Status.fail(Status.argument, "a writer's name has at most 63 bytes of UTF-8")
        return nil
    }
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findOpenRun(handle), let w = Writers.take(run, name: name, insist: true) else { return nil }
    return OpaquePointer(w)
}

@c(teltel_writer_close) @usableFromInline
func writerCloseC(_ writer: OpaquePointer?) {
    guard let writer else { return }
    let w = WriterState(writer)
    ctel_lock()
    defer { ctel_unlock() }
    guard w.pointee.in_use != 0 else { return }  // closed before
    Writers.giveBack(w)
}

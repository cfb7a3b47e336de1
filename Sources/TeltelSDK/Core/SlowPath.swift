// What an emit does when it is not simply the next record in the ring: find the thread's writer, wrap, look at what readers
// have released, or refuse and count the reason.
import CTeltel

/// The ring was full and nothing has moved since: counts and answers, at the price of an accepted record.
@inline(__always)
func stillFull(_ w: WriterState, _ type: UInt64, _ frame: UInt64) -> Bool {
    // Tells also a cursor that is parked and the limit 0 of a run that ends: both are far from any distance inside a ring.
    guard ctel_limit(w) &- w.pointee.cursor == w.pointee.full_left else { return false }
    let word = RecordWord(type ^ w.pointee.salt)
    // A foreign handle's mark makes its size larger than any.
    guard UInt64(word.bytes) &- w.pointee.full_least < w.pointee.full_span else { return false }
    // SAFETY: a writer whose ring was full has a ring and an owner, a pooled run; a stale number of types only leads to the
    // slower way.
    guard word.type <= ctel_load_relaxed_u32(&w.pointee.owner.unsafelyUnwrapped.pointee.counted),
        ctel_released(w.pointee.ring.unsafelyUnwrapped) == w.pointee.full_released
    else { return false }
    ctel_count_alone(ctel_counter(w.pointee.counters, word.type, UInt32(TELTEL_REFUSAL_FULL)))
    RefusedStretches.extend(w, frame)
    return true
}

/// Notes where `need` bytes found no room, for `stillFull`.
private func noteFull(_ w: WriterState, _ need: Int, released: UInt64) {
    // Never 0, by which a run that ends is known, also if it ends here; findOpenRoom puts it back then. Hence read once.
    var limit = ctel_limit(w)
    if limit == 0 {
        limit = w.pointee.cursor
        ctel_set_limit(w, limit)
    }
    w.pointee.full_left = limit &- w.pointee.cursor
    w.pointee.full_released = released
    w.pointee.full_least = UInt64(need) &- 7  // the smallest record that needs as much
    w.pointee.full_span = recordLimit(ringBytes: w.pointee.data_bytes) &+ 1 &- w.pointee.full_least
}

/// No stack frame of its own: an engine without telemetry (run 0), or without this type, pays a compare and a return.
@usableFromInline @inline(never)
func emitSlow(_ run: UInt, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    if type & RecordWord.selectedMark != 0 {
        return RecordWord.isDisabled(type) ? Status.skipped : emitSelected(run, type, frame, time, record)
    }
    if run == 0 { return Status.refusedState }
    let w = ctel_thread_writer_get().unsafelyUnwrapped
    if w.pointee.run == UInt64(run), stillFull(w, type, frame) { return Status.refusedFull }
    return emitFound(run, type, frame, time, record)
}

@inline(never)
func emitFound(_ run: UInt, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    var w = ctel_thread_writer_get().unsafelyUnwrapped
    if w.pointee.run != UInt64(run) {
        guard let found = threadWriter(UInt64(run), insist: false) else { return refuseWithoutWriter(UInt64(run), type) }
        w = found
    }
    return writerDecide(w, type, frame, time, record)
}

@usableFromInline @inline(never)
func writerSlow(_ w: WriterState, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    if type & RecordWord.selectedMark != 0 { return writerSelected(w, type, frame, time, record) }
    if stillFull(w, type, frame) { return Status.refusedFull }
    return writerDecide(w, type, frame, time, record)
}

/// Of a type that TELTEL_ENABLE leaves out in part.
@inline(never)
func emitSelected(_ run: UInt, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    if run == 0 { return Status.refusedState }
    var w = ctel_thread_writer_get().unsafelyUnwrapped
    if w.pointee.run != UInt64(run) {
        guard let found = threadWriter(UInt64(run), insist: false) else { return refuseWithoutWriter(UInt64(run), type) }
        w = found
    }
    return writerSelected(w, type, frame, time, record)
}

@inline(never)
func writerSelected(_ w: WriterState, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    guard Selection.wants(w.pointee.owner, type, frame) else { return Status.skipped }
    return writerSlow(w, type & ~RecordWord.selectedMark, frame, time, record)
}

@inline(never)
func writerDecide(_ w: WriterState, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    let word = RecordWord(type ^ w.pointee.salt)
    if w.pointee.cursor &+ word.padded > ctel_limit(w) || UInt64(word.bytes) > w.pointee.data_bytes >> 2 {
        let status = makeRoom(w, word, frame)
        guard status == Status.ok else { return status }
    }
    let cursor = w.pointee.cursor
    storeHeader(cursor, word, frame, time)
    // SAFETY: [cursor, limit) is this writer's; the caller's record has the size that it gave in the definition.
    memcpy(ctel_at(cursor &+ 24), record, Int(word.bytes) &- Int(TELTEL_RECORD_HEADER_BYTES))
    publish(w, cursor, cursor &+ word.padded)
    return Status.ok
}

/// Makes room for the record that `word` begins, or counts the refusal and answers why.
@inline(never)
func makeRoom(_ w: WriterState, _ word: RecordWord, _ frame: UInt64) -> Int32 {
    if ctel_is_closed(w) != 0 || w.pointee.ring == nil { return closedStatus(w, word) }
    if w.pointee.reserved != 0 { return refuse(w, word, UInt32(TELTEL_REFUSAL_STATE)) }
    if word.isForeign { return refuse(w, RecordWord(0), UInt32(TELTEL_REFUSAL_TYPE)) }
    if UInt64(word.bytes) > recordLimit(ringBytes: w.pointee.data_bytes) { return refuse(w, word, UInt32(TELTEL_REFUSAL_SIZE)) }
    if findOpenRoom(w, Int(word.padded)) || awaitRoom(w, Int(word.padded)) { return Status.ok }
    if ctel_is_closed(w) != 0 { return closedStatus(w, word) }
    RefusedStretches.note(w, frame)
    return refuse(w, word, UInt32(TELTEL_REFUSAL_FULL))
}

/// Finds room on a writer whose run has not ended. False: full, or closed.
func findOpenRoom(_ w: WriterState, _ need: Int) -> Bool {
    guard ctel_is_closed(w) == 0 else { return false }
    let found = findRoom(w, need)
    // Either we see that the run has ended, or run_end's thread sees the limit that findRoom has just set.
    ctel_fence()
    if ctel_is_closed(w) == 0 { return found }
    ctel_set_limit(w, 0)
    return false
}

/// Policy block: waits until a reader has made room, the run ends or the limit passes. Holds no lock, and does not spin. False:
/// there is no room. Events that come after a limit has passed are refused at once (`stillFull`) until a reader makes room.
@inline(never)
func awaitRoom(_ w: WriterState, _ need: Int) -> Bool {
    guard w.pointee.block_ns > 0 else { return false }
    let begin = ctel_monotonic_ns()
    var pause: UInt64 = 50_000
    while ctel_is_closed(w) == 0 {
        let waited = ctel_monotonic_ns() &- begin
        guard waited < w.pointee.block_ns else { return false }
        ctel_pause(min(pause, w.pointee.block_ns - waited))
        if findOpenRoom(w, need) { return true }
        pause = min(pause * 2, 1_000_000)
    }
    return false
}

/// Largest record (header and payload) of a ring of this size.
func recordLimit(ringBytes: UInt64) -> UInt64 { min(ringBytes >> 2, UInt64(TELTEL_MAX_RECORD_BYTES)) }

/// Moves the writer to a place where `need` bytes fit and widens its limit. False: the ring is full, nothing is counted.
func findRoom(_ w: WriterState, _ need: Int) -> Bool {
    // SAFETY: a writer that is not closed has its ring mapped.
    let ring = w.pointee.ring.unsafelyUnwrapped
    let capacity = Int(w.pointee.data_bytes)
    var head = UInt64(w.pointee.cursor) &+ w.pointee.bias
    let toEnd = capacity - Int(head & UInt64(capacity - 1))
    let wrap = toEnd < need ? toEnd : 0
    let overwrites = w.pointee.policy == UInt32(TELTEL_POLICY_OVERWRITE_OLDEST)
    if overwrites { OverwriteOldest.makeRoom(w, head: head, need: wrap + need) }
    let released = overwrites ? w.pointee.low : ctel_released(ring)
    let used = head &- released
    // A reader that lies about `released`, in either direction, only makes the ring look full.
    var free = used > UInt64(capacity) ? 0 : capacity - Int(used)
    guard free >= wrap + need else {
        noteFull(w, need, released: released)
        return false
    }
    if wrap > 0 {
        let marker = UInt64(wrap) | UInt64(TELTEL_WRAP_TYPE) << 32
        // SAFETY: positions are multiples of 8, so at least 8 bytes are left before the ring's end.
        UnsafeMutableRawPointer(w.pointee.data.unsafelyUnwrapped + (capacity - wrap)).storeBytes(of: marker, as: UInt64.self)
        head &+= UInt64(wrap)
        free -= wrap
        ctel_publish_head(w.pointee.head.unsafelyUnwrapped, head)
    }
    w.pointee.full_span = 0
    let offset = Int(head & UInt64(capacity - 1))
    let cursor = UInt(bitPattern: w.pointee.data.unsafelyUnwrapped + offset)
    w.pointee.cursor = cursor
    w.pointee.bias = head &- UInt64(cursor)
    // Never 8 MiB ahead: there the marks of foreign or selected handles would pass as a size.
    ctel_set_limit(w, cursor &+ UInt(min(capacity - offset, free, Int(RecordWord.selectedMark) - 8)))
    return true
}

// MARK: - Refusals

/// Lock held, or before the run is open. Emits read both without it.
func setTypes(_ run: RunState, _ types: UInt32) {
    ctel_store_relaxed_u32(&run.pointee.types, types)
    ctel_store_relaxed_u32(&run.pointee.counted, min(types, TELTEL_COUNTED_TYPES))
}

@inline(__always)
func counterRow(_ type: UInt32, defined: UInt32) -> UInt32 {
    type > defined ? 0 : min(type, TELTEL_COUNTED_TYPES + 1)
}

@inline(__always)
func count(_ w: WriterState, _ word: RecordWord, _ reason: UInt32) {
    // SAFETY: the owner of a writer in use is a pooled run; its number of types may be stale, which only chooses row 0.
    let defined = ctel_load_relaxed_u32(&w.pointee.owner.pointee.types)
    ctel_count_alone(ctel_counter(w.pointee.counters, counterRow(word.type, defined: defined), reason))
}

func refuse(_ w: WriterState, _ word: RecordWord, _ reason: UInt32) -> Int32 {
    count(w, word, reason)
    return reason == UInt32(TELTEL_REFUSAL_FULL) ? Status.refusedFull : Int32(reason)
}

/// What to answer on a closed writer: its run has ended (not counted, the run's counters are final), or belongs to the parent. A
/// writer that is zero is one of the parent's after _Fork or clone: nothing tells what it was.
@inline(never)
func closedStatus(_ w: WriterState, _ word: RecordWord) -> Int32 {
    // No lock: of a run that ends at this moment either answer is right.
    guard let run = w.pointee.owner, ctel_load_relaxed_u32(&run.pointee.state) == UInt32(CTEL_RUN_FORKED) else {
        return Status.refusedState
    }
    ctel_lock()
    defer { ctel_unlock() }
    return countInRun(run, word, UInt32(TELTEL_REFUSAL_FORK))
}

/// No writer for this thread: counts in the run file.
func refuseWithoutWriter(_ handle: UInt64, _ type: UInt64) -> Int32 {
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findRun(handle) else { return Status.refusedState }
    let forked = run.pointee.state == UInt32(CTEL_RUN_FORKED)
    let word = RecordWord(type ^ run.pointee.salt)
    if !forked, word.isForeign { return countInRun(run, RecordWord(0), UInt32(TELTEL_REFUSAL_TYPE)) }
    return countInRun(run, word, UInt32(forked ? TELTEL_REFUSAL_FORK : TELTEL_REFUSAL_WRITER))
}

/// Lock held.
func countInRun(_ run: RunState, _ word: RecordWord, _ reason: UInt32) -> Int32 {
    let row = counterRow(word.isForeign ? 0 : word.type, defined: run.pointee.types)
    ctel_count_shared(ctel_counter(runCounters(run), row, reason))
    return Int32(reason)
}

/// SAFETY: the run file is mapped while its run is open, and in a child of fork for ever.
func runCounters(_ run: RunState) -> UnsafeMutablePointer<teltel_counter_row> {
    (UnsafeMutableRawPointer(run.pointee.file) + Int(TELTEL_HEADER_BYTES)).assumingMemoryBound(to: teltel_counter_row.self)
}

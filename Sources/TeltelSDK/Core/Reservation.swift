// Records that are filled in place: reserve, commit, cancel. For explicit writers only, one reservation at a time.
//
// While a reservation is open the writer's cursor is parked beyond every limit, so that emit needs no test for it. Only the
// writer's own thread moves the cursor; a run that ends meanwhile closes the writer and takes the ring's pages away.
public import CTeltel

@c(teltel_reserve) @usableFromInline
func reserveC(_ writer: OpaquePointer?, _ type: teltel_type, _ frame: UInt64, _ time: Double) -> UnsafeMutableRawPointer? {
    guard _fastPath(writer != nil) else { return nil }
    let w = WriterState(writer.unsafelyUnwrapped)
    // A type that TELTEL_ENABLE leaves out bears a mark that is larger than any room.
    let word = RecordWord(type.word ^ w.pointee.salt)
    return _fastPath(fits(w, word)) ? reserveHere(w, word, frame, time) : reserveSlow(w, type.word, frame, time)
}

@inline(__always)
private func fits(_ w: WriterState, _ word: RecordWord) -> Bool {
    w.pointee.cursor &+ word.padded <= ctel_limit(w) && UInt64(word.bytes) <= w.pointee.data_bytes >> 2
}

/// A tail call, so that the usual way saves no register.
@inline(never)
func reserveSlow(_ w: WriterState, _ type: UInt64, _ frame: UInt64, _ time: Double) -> UnsafeMutableRawPointer? {
    var handle = type
    if handle & RecordWord.selectedMark != 0 {
        guard Selection.wants(w.pointee.owner, handle, frame) else { return nil }
        handle &= ~RecordWord.selectedMark
    }
    let word = RecordWord(handle ^ w.pointee.salt)
    return fits(w, word) || makeRoom(w, word, frame) == Status.ok ? reserveHere(w, word, frame, time) : nil
}

@inline(__always)
func reserveHere(_ w: WriterState, _ word: RecordWord, _ frame: UInt64, _ time: Double) -> UnsafeMutableRawPointer {
    let cursor = w.pointee.cursor
    storeHeader(cursor, word, frame, time)
    w.pointee.reserved = UInt64(word.padded)
    w.pointee.saved_cursor = cursor
    w.pointee.cursor = ctel_parked()
    // SAFETY: the callers have checked the room, which stays this writer's until commit or cancel.
    return UnsafeMutableRawPointer(ctel_at(cursor).unsafelyUnwrapped) + Int(TELTEL_RECORD_HEADER_BYTES)
}

@c(teltel_commit) @usableFromInline
func commitC(_ writer: OpaquePointer?) -> Int32 {
    guard _fastPath(writer != nil) else { return Status.refusedState }
    let w = WriterState(writer.unsafelyUnwrapped)
    let reserved = UInt(truncatingIfNeeded: w.pointee.reserved)
    if _slowPath(reserved == 0) { return Status.refusedState }
    w.pointee.reserved = 0
    publish(w, w.pointee.saved_cursor, w.pointee.saved_cursor &+ reserved)
    return _fastPath(ctel_is_closed(w) == 0) ? Status.ok : closedStatus(w, RecordWord(0))
}

@c(teltel_cancel) @usableFromInline
func cancelC(_ writer: OpaquePointer?) {
    guard let writer else { return }
    cancelReservation(WriterState(writer))
}

func cancelReservation(_ w: WriterState) {
    guard w.pointee.reserved != 0 else { return }
    w.pointee.reserved = 0
    w.pointee.cursor = w.pointee.saved_cursor
}

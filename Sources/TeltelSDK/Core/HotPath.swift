// The code that runs for every event: copies one record into a ring and publishes the ring's head.
//
// No lock, no allocation, no system call, no class, no array, no trapping arithmetic. One compare decides everything that can
// go wrong (wrap, full ring, foreign handle, open reservation, ended run); what it rejects goes to SlowPath.swift by a tail
// call with the same arguments, so that no register is saved here.
public import CTeltel

/// Copies the record if it fits where the writer stands. False: the slow path must decide.
@inlinable @inline(__always)
func put(_ w: WriterState, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Bool {
    let word = RecordWord(type ^ w.pointee.salt)
    let cursor = w.pointee.cursor
    let next = cursor &+ word.padded
    // NO BARRIER, and a plain load (an atomic one costs a register): run_end sets the limit to 0 from another thread; who reads
    // the older value writes one more record into pages that are the ring's or, by then, private ones.
    guard _fastPath(next <= w.pointee.limit) else { return false }
    guard _fastPath(word.bytes <= UInt(CTEL_COPY_MAX) &+ UInt(TELTEL_RECORD_HEADER_BYTES)) else { return false }
    // SAFETY: [cursor, limit) lies inside this writer's mapped data, checked above; only this thread writes there.
    storeHeader(cursor, word, frame, time)
    let payload = word.bytes &- UInt(TELTEL_RECORD_HEADER_BYTES)
    ctel_copy(ctel_at(cursor &+ 24), record.assumingMemoryBound(to: UInt8.self), UInt64(truncatingIfNeeded: payload))
    publish(w, cursor, next)
    return true
}

/// Writes the 24 bytes in front of a payload.
@inlinable @inline(__always)
func storeHeader(_ cursor: UInt, _ word: RecordWord, _ frame: UInt64, _ time: Double) {
    // SAFETY: the caller has made sure of at least 24 bytes at `cursor`; records begin at multiples of 8.
    let header = UnsafeMutableRawPointer(ctel_at(cursor).unsafelyUnwrapped)
    header.storeBytes(of: word.value, as: UInt64.self)
    header.storeBytes(of: frame, toByteOffset: 8, as: UInt64.self)
    header.storeBytes(of: time, toByteOffset: 16, as: Double.self)
}

/// PAIR P1: the record from `cursor` to `next` is whole; readers may see it.
@inlinable @inline(__always)
func publish(_ w: WriterState, _ cursor: UInt, _ next: UInt) {
    ctel_note_newest(w, cursor)
    w.pointee.cursor = next
    ctel_publish_head(w.pointee.head.unsafelyUnwrapped, UInt64(next) &+ w.pointee.bias)
}

/// Emit on the calling thread's own writer.
@inlinable @inline(__always)
func emit(_ run: UInt, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    let w = ctel_thread_writer_get().unsafelyUnwrapped
    if _fastPath(w.pointee.run == UInt64(run)), _fastPath(put(w, type, frame, time, record)) { return Status.ok }
    return emitSlow(run, type, frame, time, record)
}

@c(teltel_emit) @usableFromInline
func emitC(
    _ run: OpaquePointer?, _ type: teltel_type, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer?
) -> Int32 {
    emit(UInt(bitPattern: run), type.word, frame, time, record.unsafelyUnwrapped)
}

/// Emit on an explicit writer.
@inlinable @inline(__always)
func writerEmit(_ w: WriterState, _ type: UInt64, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer) -> Int32 {
    if _fastPath(put(w, type, frame, time, record)) { return Status.ok }
    return writerSlow(w, type, frame, time, record)
}

@c(teltel_writer_emit) @usableFromInline
func writerEmitC(
    _ writer: OpaquePointer?, _ type: teltel_type, _ frame: UInt64, _ time: Double, _ record: UnsafeRawPointer?
) -> Int32 {
    guard _fastPath(writer != nil) else { return Status.refusedState }
    return writerEmit(WriterState(writer.unsafelyUnwrapped), type.word, frame, time, record.unsafelyUnwrapped)
}

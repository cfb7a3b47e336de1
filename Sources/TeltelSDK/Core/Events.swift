// Events that are not a plain emit of a defined type: JSON text, and the marks at a frame's start and end.
import CTeltel

@c(teltel_emit_json) @usableFromInline
func emitJSONC(
    _ handle: OpaquePointer?, _ channel: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?, _ frame: UInt64, _ time: Double,
    _ text: UnsafePointer<CChar>?, _ length: Int
) -> Int32 {
    guard let handle else { return Status.refusedState }
    guard let text, length > 0 else { return Status.fail(Status.argument, "no JSON text", name) }
    var word = RecordWord(0)
    let status = jsonWord(handle, channel, name, frame, length, &word)
    guard status == Status.ok else { return status }
    let run = UInt64(UInt(bitPattern: handle))
    guard let w = threadWriter(run, insist: false) else { return refuseWithoutWriter(run, word.value) }
    return writerSlow(w, word.value, frame, time, text)
}

/// The handle's word of a JSON record of this length, its type made if it is new.
private func jsonWord(
    _ handle: OpaquePointer, _ channel: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?, _ frame: UInt64, _ length: Int,
    _ word: inout RecordWord
) -> Int32 {
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findRun(UInt64(UInt(bitPattern: handle))) else { return Status.refusedState }
    guard run.pointee.state == UInt32(CTEL_RUN_OPEN) else { return countInRun(run, word, UInt32(TELTEL_REFUSAL_FORK)) }
    var id: UInt32 = 0
    let status = Types.defineJSON(run, channel, name, &id)
    if status == Status.limit || status == Status.noSpace { return countInRun(run, word, UInt32(TELTEL_REFUSAL_TYPE)) }
    guard status == Status.ok else { return status }
    let marks = Selection.marks(run, type: id)
    if marks != 0, !Selection.wants(run, marks | RecordWord(bytes: 0, type: id).value, frame) { return Status.skipped }
    // A length beyond every limit must not reach the bits of the run's mark.
    let bytes = Int(TELTEL_RECORD_HEADER_BYTES) + min(length, Int(TELTEL_MAX_RECORD_BYTES))
    word = RecordWord(RecordWord(bytes: bytes, type: id).value ^ run.pointee.salt)
    return Status.ok
}

// MARK: - Frames

@c(teltel_frame_start) @usableFromInline
func frameStartC(_ handle: OpaquePointer?, _ frame: UInt64, _ time: Double, _ dt: Double) -> Int32 {
    guard let handle else { return Status.refusedState }
    var type = teltel_type(word: 0)
    var marked = false
    let status = frameType(handle, start: true, &type, &marked)
    guard status == Status.ok else { return status }
    var mark = ctel_frame_mark(monotonic_ns: marked ? ctel_monotonic_ns() : 0, dt: dt)
    return emit(UInt(bitPattern: handle), type.word, frame, time, &mark)
}

@c(teltel_frame_end) @usableFromInline
func frameEndC(
    _ handle: OpaquePointer?, _ frame: UInt64, _ time: Double, _ values: UnsafePointer<teltel_frame_end_values>?
) -> Int32 {
    guard let handle else { return Status.refusedState }
    guard let values else { return Status.fail(Status.argument, "frame_end without values") }
    var type = teltel_type(word: 0)
    var marked = false
    let status = frameType(handle, start: false, &type, &marked)
    guard status == Status.ok else { return status }
    return emit(UInt(bitPattern: handle), type.word, frame, time, values)
}

/// The type of the frame events, made when first used; afterwards read from the thread's writer without a lock.
@inline(__always)
private func frameType(_ handle: OpaquePointer, start: Bool, _ type: inout teltel_type, _ marked: inout Bool) -> Int32 {
    // SAFETY: never nil; a writer whose run equals the handle has an owner.
    let w = ctel_thread_writer_get().unsafelyUnwrapped
    if _fastPath(w.pointee.run == UInt64(UInt(bitPattern: handle))) {
        let run = w.pointee.owner.unsafelyUnwrapped
        type.word =
            start ? ctel_load_relaxed_u64(&run.pointee.frame_start_word) : ctel_load_relaxed_u64(&run.pointee.frame_end_word)
        marked = run.pointee.flags & UInt32(TELTEL_NO_CLOCK_MARKS) == 0
        if _fastPath(type.word != 0) { return Status.ok }
    }
    return defineFrameType(handle, start: start, &type, &marked)
}

@inline(never)
private func defineFrameType(_ handle: OpaquePointer, start: Bool, _ type: inout teltel_type, _ marked: inout Bool) -> Int32 {
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findRun(UInt64(UInt(bitPattern: handle))) else { return Status.refusedState }
    guard run.pointee.state == UInt32(CTEL_RUN_OPEN) else { return countInRun(run, RecordWord(0), UInt32(TELTEL_REFUSAL_FORK)) }
    var desc = teltel_type_desc()
    if start { ctel_frame_start_fields(&desc) } else { ctel_frame_end_fields(&desc) }
    marked = run.pointee.flags & UInt32(TELTEL_NO_CLOCK_MARKS) == 0
    let status = Types.define(run, desc, flags: start && marked ? UInt32(TELTEL_TYPE_CLOCK_MARK) : 0, &type)
    if status == Status.mismatch {
        return Status.fail(
            status, "frame.start and frame.end on channel frame are teltel's, and the engine has defined one with other fields",
            desc.name)
    }
    guard status == Status.ok else { return status }
    if start {
        ctel_store_relaxed_u64(&run.pointee.frame_start_word, type.word)
    } else {
        ctel_store_relaxed_u64(&run.pointee.frame_end_word, type.word)
    }
    return Status.ok
}

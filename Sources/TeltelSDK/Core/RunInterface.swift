// The C interface of runs: start, end, and what one may ask about them.
import CTeltel

@c(teltel_run_start) @usableFromInline
func runStartC(_ options: UnsafePointer<teltel_run_options>?, _ out: UnsafeMutablePointer<OpaquePointer?>?) -> Int32 {
    guard let out else { return Status.fail(Status.argument, "no place for the run") }
    out.pointee = nil
    if let value = ctel_environment("TELTEL_DISABLED"), value[0] == CChar(UInt8(ascii: "1")), value[1] == 0 {
        return Status.fail(Status.disabled, "TELTEL_DISABLED=1")
    }
    var known = teltel_run_options_default()
    if let options {
        let status = readOptions(options, &known)
        guard status == Status.ok else { return status }
    }
    installHooks()
    ctel_lock()
    defer { ctel_unlock() }
    var run: RunState?
    let status = RunStart.start(known, kind: Int(TELTEL_KIND_ENGINE), rings: known.writers, &run)
    if let run { out.pointee = OpaquePointer(bitPattern: UInt(run.pointee.handle)) }
    return status
}

func installHooks() { ctel_install_hooks({ threadExits() }, { processForked() }, { processWoke(whole: $0 != 0) }) }

/// An older caller's missing fields stay default; what a newer caller knows and we do not must be zero.
private func readOptions(_ options: UnsafePointer<teltel_run_options>, _ known: inout teltel_run_options) -> Int32 {
    let theirs = options.pointee.struct_size
    let ours = MemoryLayout<teltel_run_options>.size
    guard theirs >= MemoryLayout<Int>.size else {
        return Status.fail(Status.argument, "struct_size is not set: take the options from teltel_run_options_default")
    }
    // SAFETY: the caller says how long its struct is.
    let raw = UnsafeRawBufferPointer(start: options, count: theirs)
    withUnsafeMutableBytes(of: &known) { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[0..<min(theirs, ours)])) }
    for i in min(theirs, ours)..<theirs where raw[i] != 0 {
        return Status.fail(Status.version, "an option is newer than this library")
    }
    return Status.ok
}

@c(teltel_run_end) @usableFromInline
func runEndC(_ handle: OpaquePointer?, _ status: Int32, _ reason: UnsafePointer<CChar>?) -> Int32 {
    guard let handle else { return Status.ended }
    guard status >= Int32(TELTEL_COMPLETED), status <= Int32(TELTEL_CANCELLED) else {
        return Status.fail(Status.argument, "unknown end status")
    }
    RunClosing.awaitRoomForEnd(handle)
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findOpenRun(handle) else { return Status.ended }
    RunClosing.end(run, status, reason)
    return Status.ok
}

@c(teltel_run_id) @usableFromInline
func runIdC(_ handle: OpaquePointer?, _ out: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int {
    if let out, size > 0 { out[0] = 0 }
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findRun(UInt64(UInt(bitPattern: handle))) else { return 0 }
    let id = cStringBytes(ctel_run_id(run.pointee.file), limit: Int(TELTEL_MAX_NAME_BYTES))
    if let out, size > 0 { copyText(id, to: out, capacity: size) }
    return id.count
}

@c(teltel_instance) @usableFromInline
func instanceC(_ handle: OpaquePointer?) -> UInt64 {
    ctel_lock()
    defer { ctel_unlock() }
    return findRun(UInt64(UInt(bitPattern: handle)))?.pointee.instance ?? 0
}

@c(teltel_max_record) @usableFromInline
func maxRecordC(_ handle: OpaquePointer?) -> Int {
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findOpenRun(handle) else { return 0 }
    return Int(recordLimit(ringBytes: run.pointee.ring_bytes)) - Int(TELTEL_RECORD_HEADER_BYTES)
}

@c(teltel_last_message) @usableFromInline
func lastMessageC(_ out: UnsafeMutablePointer<CChar>?, _ size: Int) -> Int { ctel_message_copy(out, out == nil ? 0 : size) }

@c(teltel_version) @usableFromInline
func versionC() -> UInt32 { UInt32(TELTEL_VERSION_NUMBER) }

// MARK: - Counters

@c(teltel_dropped) @usableFromInline
func droppedC(_ handle: OpaquePointer?, _ type: teltel_type, _ out: UnsafeMutablePointer<teltel_drops>?) -> UInt64 {
    ctel_lock()
    defer { ctel_unlock() }
    var drops = teltel_drops_default()
    if let run = findRun(UInt64(UInt(bitPattern: handle))) {
        let rows = counterRows(type, salt: run.pointee.salt, types: run.pointee.types)
        add(runCounters(run), rows, &drops)
        var next = run.pointee.writers
        while let w = next {
            if let counters = w.pointee.counters { add(counters, rows, &drops) }
            next = w.pointee.next_in_run
        }
    } else if let ended = EndedRuns.find(UInt64(UInt(bitPattern: handle))), let counters = ended.pointee.rows {
        add(counters, counterRows(type, salt: ended.pointee.salt, types: ended.pointee.types), &drops)
    }
    let total = drops.full &+ drops.overwritten &+ drops.size &+ drops.type &+ drops.state &+ drops.writer &+ drops.fork
    if let out { copyOut(drops, out) }
    return total
}

/// All rows for the empty handle, one for a type of this run, none for a foreign one.
private func counterRows(_ type: teltel_type, salt: UInt64, types: UInt32) -> Range<Int> {
    if type.word == 0 { return 0..<Int(TELTEL_COUNTER_ROWS) }
    let word = RecordWord(type.word ^ salt)
    let row = word.isForeign ? 0 : Int(counterRow(word.type, defined: types))
    return row == 0 ? 0..<0 : row..<row + 1
}

/// The counters lie in shared memory, where anybody may have written anything: sums wrap.
private func add(_ counters: UnsafeMutablePointer<teltel_counter_row>, _ rows: Range<Int>, _ drops: inout teltel_drops) {
    func sum(_ reason: Int) -> UInt64 {
        rows.reduce(0) { $0 &+ ctel_load_relaxed_u64(ctel_counter(counters, UInt32($1), UInt32(reason))) }
    }
    drops.full &+= sum(TELTEL_REFUSAL_FULL)
    drops.overwritten &+= sum(TELTEL_REFUSAL_OVERWRITTEN)
    drops.size &+= sum(TELTEL_REFUSAL_SIZE)
    drops.type &+= sum(TELTEL_REFUSAL_TYPE)
    drops.state &+= sum(TELTEL_REFUSAL_STATE)
    drops.writer &+= sum(TELTEL_REFUSAL_WRITER)
    drops.fork &+= sum(TELTEL_REFUSAL_FORK)
}

/// As much as the caller's struct has room for.
private func copyOut(_ drops: teltel_drops, _ out: UnsafeMutablePointer<teltel_drops>) {
    let size = min(out.pointee.struct_size, MemoryLayout<teltel_drops>.size)
    var drops = drops
    drops.struct_size = out.pointee.struct_size
    withUnsafeBytes(of: &drops) {
        UnsafeMutableRawPointer(out).copyMemory(from: $0.baseAddress.unsafelyUnwrapped, byteCount: size)
    }
}

// The events that the library emits by itself: run.start and run.end, JSON on channel "run". Lock held.
import CTeltel

enum RunEvents {
    /// So many of the tags that were left out.
    private static let namedMax = 16

    static func emitStart(_ run: RunState, _ options: teltel_run_options) {
        let config = cStringBytes(options.config_json)
        // A configuration too large for one record is left out here; the run file's table has it whole.
        let fits = UInt64(config.count + 2048) <= recordLimit(ringBytes: run.pointee.ring_bytes)
        var json = JSONWriter()
        json.raw("{\"engine_version\":")
        json.string(cStringBytes(options.engine_version))
        if options.has_seed != 0 {
            json.raw(",\"seed\":")
            json.number(options.seed)
        }
        if fits, !config.isEmpty {
            json.raw(",\"config\":")
            json.raw(config)
        }
        var left = 0
        _ = TagSets.runTags(options) { name in
            left += 1
            _ = Status.fail(
                Status.argument, "the run starts without a tag: at most 1024 of UTF-8, 255 bytes each, no key empty or twice",
                name)
            guard left <= namedMax else { return }
            json.raw(left == 1 ? ",\"tags_left_out\":[" : ",")
            json.string(cStringBytes(name))
        }
        json.raw(left == 0 ? "}" : "]}")
        guard let w = Writers.attached(run, insist: false) else { return }
        _ = emit(run, w, "run.start", 0, 0, json)
    }

    static func emitEnd(
        _ run: RunState, _ w: WriterState, _ frame: UInt64, _ time: Double, _ status: Int32, _ reason: UnsafePointer<CChar>?
    ) {
        var json = JSONWriter()
        json.raw("{\"reason\":")
        let text = cStringBytes(reason)
        json.string(UnsafeRawBufferPointer(rebasing: text[0..<min(text.count, Int(TELTEL_MAX_NAME_BYTES))]))
        json.raw(",\"status\":")
        switch Int(status) {
        case TELTEL_FAILED: json.raw("\"failed\"}")
        case TELTEL_CANCELLED: json.raw("\"cancelled\"}")
        default: json.raw("\"completed\"}")
        }
        _ = emit(run, w, "run.end", frame, time, json)
    }

    private static func emit(
        _ run: RunState, _ w: WriterState, _ name: StaticString, _ frame: UInt64, _ time: Double, _ json: JSONWriter
    ) -> Int32 {
        var id: UInt32 = 0
        let status = name.withUTF8Buffer { text in
            // SAFETY: a StaticString ends with NUL behind its bytes.
            text.withMemoryRebound(to: CChar.self) { Types.defineJSON(run, "run", $0.baseAddress, always: true, &id) }
        }
        guard status == Status.ok else { return status }
        return json.text.withUnsafeBytes { text in
            let word = RecordWord(bytes: Int(TELTEL_RECORD_HEADER_BYTES) + text.count, type: id)
            // SAFETY: the text is never empty.
            return writerDecide(w, word.value ^ run.pointee.salt, frame, time, text.baseAddress.unsafelyUnwrapped)
        }
    }
}

// Tag sets: named once, then an id in each record.
import CTeltel

enum TagSets {
    static let pairsMax = 1024

    /// SAFETY: `tags` has `count` elements.
    private static func entry(_ tags: UnsafePointer<teltel_tag>, _ count: Int, _ entry: inout TableEntry) -> Int32 {
        let what: StaticString = "tags are at most 1024 pairs of UTF-8, 255 bytes each, and no key is empty"
        guard count <= pairsMax else { return Status.fail(Status.argument, what) }
        entry = TableEntry(kind: Int(TELTEL_ENTRY_TAG_SET), count: count)
        var keys = NameSet()
        for i in 0..<count {
            guard isGood(tags[i]) else { return withName(tags[i], i) { Status.fail(Status.argument, what, $0) } }
            guard keys.insert(cStringBytes(tags[i].key)) else {
                return Status.fail(Status.argument, "a tag's key is given twice", tags[i].key)
            }
            entry.text(tags[i].key)
            entry.text(tags[i].value)
        }
        return Status.ok
    }

    private static func isGood(_ tag: teltel_tag) -> Bool { isName(tag.key) && isText(tag.value) }
    private static func isName(_ key: UnsafePointer<CChar>?) -> Bool { cStringBytes(key).count > 0 && isText(key) }

    /// Its key or, if that cannot be shown, its place in the list.
    private static func withName<Result>(_ tag: teltel_tag, _ index: Int, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        if isName(tag.key) { return body(tag.key) }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: RingFile.nameCapacity) { name in
            ctel_name(name.baseAddress, name.count, "number ", UInt64(index) + 1, 0)
            return body(UnsafePointer(name.baseAddress))
        }
    }

    // MARK: Of a run: a bad tag is no reason to record nothing

    /// Calls `left` with the name of each tag that the run does without. nil: it has none. SAFETY: as many tags as the options say.
    static func runTags(_ options: teltel_run_options, left: (UnsafePointer<CChar>?) -> Void) -> TableEntry? {
        guard let tags = options.tags, options.tag_count > 0 else { return nil }
        var good: [Int] = []
        var keys = NameSet()
        for i in 0..<options.tag_count {
            if good.count < pairsMax, isGood(tags[i]), keys.insert(cStringBytes(tags[i].key)) {
                good.append(i)
            } else {
                withName(tags[i], i, left)
            }
        }
        guard !good.isEmpty else { return nil }
        var entry = TableEntry(kind: Int(TELTEL_ENTRY_RUN_TAGS), count: good.count)
        for i in good {
            entry.text(tags[i].key)
            entry.text(tags[i].value)
        }
        return entry
    }

    /// Defines a tag set or finds it. Lock held; the run is open.
    static func define(
        _ run: RunState, _ tags: UnsafePointer<teltel_tag>, _ count: Int, _ out: inout teltel_tags
    ) -> Int32 {
        var entry = TableEntry(kind: Int(TELTEL_ENTRY_TAG_SET))
        let status = Self.entry(tags, count, &entry)
        guard status == Status.ok else { return status }
        let key = entry.bytes.count - TableWriter.headBytes
        // The key is the whole body; a longer set that begins alike has another hash and another size.
        if let found = TableWriter.find(run, class: UInt32(TELTEL_ENTRY_TAG_SET), entry, key: key),
            found.load(as: UInt32.self) == UInt32(entry.bytes.count)
        {
            out.id = UInt16(truncatingIfNeeded: found.load(as: teltel_entry.self).id)
            return Status.ok
        }
        guard run.pointee.tag_sets < TELTEL_MAX_TAG_SETS else { return Status.fail(Status.limit, "more than 65535 tag sets") }
        entry.finish(id: run.pointee.tag_sets + 1)
        guard TableWriter.append(run, entry, key: (UInt32(TELTEL_ENTRY_TAG_SET), key)) else { return Status.noSpace }
        run.pointee.tag_sets += 1
        out.id = UInt16(truncatingIfNeeded: run.pointee.tag_sets)
        return Status.ok
    }
}

@c(teltel_tags_define) @usableFromInline
func tagsDefineC(
    _ handle: OpaquePointer?, _ tags: UnsafePointer<teltel_tag>?, _ count: Int, _ out: UnsafeMutablePointer<teltel_tags>?
) -> Int32 {
    guard let out else { return Status.fail(Status.argument, "no place for the tag set") }
    out.pointee.id = 0
    guard let handle else { return Status.refusedState }
    guard let tags, count > 0 else { return Status.fail(Status.argument, "a tag set has at least one pair") }
    ctel_lock()
    defer { ctel_unlock() }
    guard let run = findOpenRun(handle) else { return Status.ended }
    return TagSets.define(run, tags, count, &out.pointee)
}

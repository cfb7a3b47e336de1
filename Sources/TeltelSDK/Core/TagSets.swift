// Tag sets: named once, then an id in each record.
import CTeltel

enum TagSets {
    static let pairsMax = 1024

    /// The entry of a list of pairs; nil if one is empty, too long or not UTF-8. SAFETY: `tags` has `count` elements.
    static func entry(_ kind: Int, _ tags: UnsafePointer<teltel_tag>, _ count: Int) -> TableEntry? {
        guard count <= pairsMax else { return nil }
        var entry = TableEntry(kind: kind, count: count)
        for i in 0..<count {
            guard let key = tags[i].key, key.pointee != 0, isText(key), isText(tags[i].value) else { return nil }
            entry.text(key)
            entry.text(tags[i].value)
        }
        return entry
    }

    /// Defines a tag set or finds it. Lock held; the run is open.
    static func define(
        _ run: RunState, _ tags: UnsafePointer<teltel_tag>, _ count: Int, _ out: inout teltel_tags
    ) -> Int32 {
        guard var entry = entry(Int(TELTEL_ENTRY_TAG_SET), tags, count) else {
            return Status.fail(Status.argument, "tags are at most 1024 pairs of UTF-8, 255 bytes each, and no key is empty")
        }
        let key = entry.bytes.count - RunTable.headBytes
        // The key is the whole body; a longer set that begins alike has another hash and another size.
        if let found = RunTable.find(run, class: UInt32(TELTEL_ENTRY_TAG_SET), entry, key: key),
            found.load(as: UInt32.self) == UInt32(entry.bytes.count)
        {
            out.id = UInt16(truncatingIfNeeded: found.load(as: teltel_entry.self).id)
            return Status.ok
        }
        guard run.pointee.tag_sets < TELTEL_MAX_TAG_SETS else { return Status.fail(Status.limit, "more than 65535 tag sets") }
        entry.finish(id: run.pointee.tag_sets + 1)
        guard RunTable.append(run, entry, key: (UInt32(TELTEL_ENTRY_TAG_SET), key)) else { return Status.noSpace }
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

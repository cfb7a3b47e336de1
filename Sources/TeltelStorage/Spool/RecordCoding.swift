/// How the shared words of segments, manifests and the index are written.
import TeltelEvents

extension ByteWriter {
    mutating func put(_ name: Name) { put(name.text) }
    mutating func put(_ key: TableKey) {
        put(key.channel)
        put(key.type)
    }
    mutating func put(_ key: RunKey) {
        put(key.runID)
        put(key.sourceID)
    }
    mutating func put(_ key: RowKey) {
        put(key.instance)
        put(key.run)
        put(key.table)
    }
    mutating func put(_ range: RowRange) {
        put(range.ring)
        put(range.first)
        put(range.last)
        put(UInt64(range.rows))
    }
    mutating func put(_ layout: TableLayout) {
        put(layout.name)
        put(UInt8((layout.key == nil ? 0 : 1) | (layout.isDefined ? 2 : 0) | (layout.isEvents ? 0 : 4)))
        if let key = layout.key { put(key) }
        put(layout.columns) { writer, column in
            writer.put(column.name)
            writer.put(column.type)
        }
    }
    mutating func put(_ note: InstanceNote) {
        put(note.id)
        put(note.run)
        put(UInt8(note.isIngest ? 1 : 0))
        putBytes(note.bootID)
        put(note.refused) { writer, row in
            writer.put(UInt32(row.type))
            writer.put(row.counts) { $0.put($1) }
        }
    }
}

extension ByteReader {
    mutating func takeName() throws(StorageError) -> Name { Name(try takeText()) }
    mutating func takeTableKey() throws(StorageError) -> TableKey {
        TableKey(channel: try takeName(), type: try takeName())
    }
    mutating func takeRunKey() throws(StorageError) -> RunKey { RunKey(runID: try takeName(), sourceID: try takeName()) }
    mutating func takeRowKey() throws(StorageError) -> RowKey {
        RowKey(instance: try takeInstance(), run: try takeRunKey(), table: try takeTableKey())
    }
    mutating func takeRange() throws(StorageError) -> RowRange {
        RowRange(ring: try takeRing(), first: try take(), last: try take(), rows: try takeInt())
    }
    mutating func takeLayout() throws(StorageError) -> TableLayout {
        let name = try takeText()
        let flags: UInt8 = try take()
        let key = flags & 1 != 0 ? try takeTableKey() : nil
        let columns = try takeList { reader throws(StorageError) in ColumnLayout(try reader.takeText(), try reader.takeText()) }
        let layout = TableLayout(name: name, key: key, columns: columns, isDefined: flags & 2 != 0)
        guard layout.isEvents == (flags & 4 == 0) else { throw StorageError(.corrupt, "rows of \(name) that are no events") }
        return layout
    }
    mutating func takeNote() throws(StorageError) -> InstanceNote {
        let id = try takeInstance()
        let run = try takeRunKey()
        let isIngest = try take(UInt8.self) & 1 != 0
        let bootID = try takeBytes()
        let refused = try takeList { reader throws(StorageError) in
            RefusedCount(
                type: Int(try reader.take(UInt32.self)),
                counts: try reader.takeList { reader throws(StorageError) in try reader.take(UInt64.self) })
        }
        return InstanceNote(id: id, run: run, isIngest: isIngest, bootID: bootID, refused: refused)
    }
}

extension Sequence where Element: Hashable {
    /// Each element once, in order of first appearance.
    func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

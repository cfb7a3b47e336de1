/// An instance's types and streams at hand for the spool reader: asked for again only when a record names an unknown one.
import CTeltel
import TeltelEvents
import TeltelRings

/// Used by one thread.
package final class InstanceTable {
    let instance: RingInstance
    let id: InstanceID
    let isIngest: Bool
    private var table: RunTable
    /// What must be known of each record's type.
    private(set) var types: [TypeFacts] = []
    private var keys: [RowKey] = []

    struct TypeFacts {
        /// Of the payload; -1 for JSON, which has any.
        let size: Int
        let hasClockMark: Bool
    }

    package init(_ instance: RingInstance) throws(RingFault) {
        self.instance = instance
        id = instance.id
        isIngest = instance.description.kind == .ingest
        table = try instance.table()
        prepare()
    }

    var tagSets: [TagSet] { table.tagSets }

    func know(type: Int, tagSet: Int) throws(RingFault) {
        if type > 0, type <= types.count, tagSet <= table.tagSets.count { return }
        try refresh()
        guard type > 0, type <= types.count, tagSet <= table.tagSets.count else {
            throw RingFault(.record, "\(id): type \(type), tag set \(tagSet)")
        }
    }

    func know(stream: Int) throws(RingFault) {
        if stream < table.streams.count { return }
        try refresh()
        guard stream < table.streams.count else { throw RingFault(.record, "\(id): stream \(stream)") }
    }

    /// Under which names rows of this type or stream are stored and counted.
    func place(_ number: Int) -> (run: RunKey, schema: EventSchema, key: RowKey) {
        let schema = isIngest ? table.streams[number].schema : table.types[number]
        return (keys[number].run, schema, keys[number])
    }

    private func refresh() throws(RingFault) {
        table = try instance.table()
        prepare()
    }
    private func prepare() {
        for schema in table.types.dropFirst(types.count) {
            var size = -1
            if case .record(let bytes) = schema.encoding { size = bytes }
            types.append(TypeFacts(size: size, hasClockMark: schema.hasClockMark && size >= 8))
        }
        let places = isIngest ? table.streams.map { ($0.run, $0.schema) } : table.types.map { (instance.run, $0) }
        for (run, schema) in places.dropFirst(keys.count) {
            keys.append(RowKey(instance: id, run: run, table: TableKey(channel: schema.channel, type: schema.type)))
        }
    }

    func note() -> InstanceNote {
        InstanceNote(
            id: id, run: instance.run, isIngest: isIngest, bootID: instance.description.bootID,
            refused: instance.refusals().map { RefusedCount(type: $0.type, counts: $0.counts) })
    }
}

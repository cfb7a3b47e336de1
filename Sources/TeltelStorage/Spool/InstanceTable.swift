/// An instance's types and streams at hand for the spool reader: asked for again only when a record names an unknown one.
import CTeltel
import TeltelEvents
import TeltelRings

/// Used by one thread.
final class InstanceTable {
    let instance: RingInstance
    let id: InstanceID
    let isIngest: Bool
    private var table: RunTable
    /// By type number: size of a record's payload, -1 for JSON; and whether it begins with a clock mark.
    private var sizes: [Int] = []
    private var clockMarks: [Bool] = []

    init(_ instance: RingInstance) throws(RingFault) {
        self.instance = instance
        id = instance.id
        isIngest = instance.description.kind == .ingest
        table = try instance.table()
        refreshSizes()
    }

    var tagSets: [TagSet] { table.tagSets }
    func hasClockMark(_ number: Int) -> Bool { clockMarks[number] }
    /// nil: JSON, of any size.
    func recordSize(_ number: Int) -> Int? { sizes[number] >= 0 ? sizes[number] : nil }

    func know(type: Int, tagSet: Int) throws(RingFault) {
        if type > 0, type <= sizes.count, tagSet <= table.tagSets.count { return }
        try refresh()
        guard type > 0, type <= sizes.count, tagSet <= table.tagSets.count else {
            throw RingFault(.record, "\(id): type \(type), tag set \(tagSet)")
        }
    }

    func know(stream: Int) throws(RingFault) {
        if stream < table.streams.count { return }
        try refresh()
        guard stream < table.streams.count else { throw RingFault(.record, "\(id): stream \(stream)") }
    }

    /// Under which names rows of this type or stream are stored.
    func place(_ number: Int) -> (run: RunKey, schema: EventSchema) {
        if isIngest { return (table.streams[number].run, table.streams[number].schema) }
        return (instance.run, table.types[number])
    }

    private func refresh() throws(RingFault) {
        table = try instance.table()
        refreshSizes()
    }
    private func refreshSizes() {
        for schema in table.types.dropFirst(sizes.count) {
            if case .record(let size) = schema.encoding { sizes.append(size) } else { sizes.append(-1) }
            clockMarks.append(schema.hasClockMark)
        }
    }

    func note() -> InstanceNote {
        InstanceNote(
            id: id, run: instance.run, isIngest: isIngest, bootID: instance.description.bootID,
            refused: instance.refusals().map { RefusedCount(type: $0.type, counts: $0.counts) })
    }
}

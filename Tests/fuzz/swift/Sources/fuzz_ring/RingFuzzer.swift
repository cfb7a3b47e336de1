// Ring files, any bytes: both readers end in a fault or in rows, and in the same rows as long as neither finds a fault.
import Foundation
import TeltelEvents
import TeltelRings
import TeltelStorage
import TeltelTestSupport

func require(_ holds: Bool, _ what: String) {
    if !holds { fatalError("does not hold: \(what)") }
}

@c(LLVMFuzzerTestOneInput)
public func tryInput(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer's bytes hold for this call.
    var pokes = Pokes(UnsafeBufferPointer(start: input, count: count))
    guard let folder = try? RingFolder() else { fatalError("no shared memory for the rings") }
    makeSound(folder, ingest: pokes.isIngest)
    pokes.apply(to: folder)
    guard let inspection = try? RingInspection(path: folder.path) else { fatalError("the folder itself is sound") }
    require(inspection.instances.count + inspection.unreadable.count == 1, "each folder is read or refused")
    for instance in inspection.instances { read(instance, folder) }
    return 0
}

func read(_ instance: RingInstance, _ folder: RingFolder) {
    _ = instance.refusals()
    let live = replay(instance, folder)
    guard let stored = sortRows(instance) else { return }
    if let live { require(live == stored, "both readers find the same rows: \(live), \(stored)") }
}

/// As `teltel recover` and the live reader go. nil: with a fault.
func replay(_ instance: RingInstance, _ folder: RingFolder) -> Int? {
    var replay = InstanceReplay(instance)
    var rows = 0
    while let (batch, row) = replay.next() {
        rows += 1
        require(rows <= 256 * folder.ringBytes / 24, "there are no more rows than a ring can hold")
        var text: [UInt8] = []
        batch.appendEvent(row, head: batch.eventHead, to: &text)
        require(text.last == UInt8(ascii: "\n"), "each row has a text")
    }
    return replay.faults.isEmpty && replay.missingBytes == 0 ? rows : nil
}

/// As the spool goes. nil: with a fault.
func sortRows(_ instance: RingInstance) -> Int? {
    do throws(RingFault) {
        let table = try InstanceTable(instance)
        let sorter = RowSorter(blocks: NativeBlocks(catalog: TableCatalog()))
        for ring in try instance.rings() {
            // Taking from a ring whose producer overwrites changes its marks, and this is only a look.
            if ring.overwritesOldest { return nil }
            let (position, earlier) = ring.takeUp(from: ring.released)
            if position > ring.head { return nil }
            var walk = RingWalk(ring: ring, instance: instance, position: position, earlier: earlier, nowNs: 1)
            _ = try walk.look(nowNs: 2, wallNs: 3)
            try sorter.take(&walk, table, limit: 1 << 30)
            require(walk.position == walk.head, "without a fault all is read")
        }
        let taken = sorter.counts.values.reduce(0, +) + sorter.malformed.values.reduce(0, +)
        var written = 0
        sorter.blocks.finish(insertedAt: 1) { (block: NativeBlock, bytes: UnsafeRawBufferPointer) throws(Never) in
            written += block.rows
            require(!bytes.isEmpty, "a block has bytes")
        }
        require(written == sorter.counts.values.reduce(0, +), "each row that was taken is in a block")
        return taken
    } catch { return nil }
}

/// When digests are finished, and what they are called.
import TeltelEvents
import TeltelStorage
import Testing

struct OpenDigestsTests {
    private let blocks = NativeBlocks(catalog: TableCatalog())
    private static let second: UInt64 = 1_000_000_000

    private func add(_ frames: some Sequence<Int>, type: Name = "t", begin: UInt64, instance: UInt64 = 1) {
        var rows = RingRows()
        for frame in frames { rows.add(frame: UInt64(frame), simTime: 0, payload: plainBytes(Double(frame))) }
        _ = rows.append(to: blocks, schema(type), instance: instance, begin: begin)
    }
    private func schema(_ type: Name) -> EventSchema {
        if let known = schemas.known[type] { return known }
        schemas.known[type] = EventSchema(
            channel: "c", type: type, encoding: .record(size: 8), fields: [Field(name: "x", kind: .f64, offset: 0)])
        return schemas.known[type]!
    }
    private final class Schemas { var known: [Name: EventSchema] = [:] }
    private let schemas = Schemas()

    /// Rows of `run_digests` in the next segment: sequences of their first rows.
    private func closed() -> [UInt64] {
        blocks.digests.closePassed()
        return blocks.finished().filter { $0.description.table.name == "run_digests" }.flatMap {
            $0.description.ranges.map(\.first)
        }
    }

    @Test func aBlockIsFinishedWhenItsTypeHasGoneOn() {
        add(0..<1000, begin: 0)
        #expect(closed() == [])
        add(1000..<1025, begin: 100_000)
        #expect(closed() == [0])
        #expect(closed() == [])
        add([1025, 2048, 3072], begin: 200_000)
        // Frame 1024 came with the segment before.
        #expect(closed() == [100_768, 200_032])
    }

    @Test func lateRowsHaveADigestOfTheirOwn() {
        add([0, 1, 1024, 2], begin: 0)
        #expect(closed() == [64])
        add([1025], begin: 1000)
        #expect(closed() == [0])
    }

    @Test func whatWaitsIsFinishedAfterAWhile() {
        blocks.digests.nowNs = 10 * Self.second
        add([5], type: "seldom", begin: 0)
        add([5], begin: 1000)
        blocks.digests.nowNs = 13 * Self.second
        #expect(closed() == [])
        // Its ring has gone on to later frames.
        blocks.digests.nowNs = 14 * Self.second
        add([1024], begin: 2000)
        #expect(closed() == [0, 1000])
        blocks.digests.nowNs = 43 * Self.second
        #expect(closed() == [])
        blocks.digests.nowNs = 45 * Self.second
        #expect(closed() == [2000])
        #expect(blocks.digests.isEmpty)
    }

    @Test func theEndOfARunOrOfAnInstanceFinishesAll() {
        add([1], begin: 0)
        add([1], begin: 500, instance: 2)
        add([1], type: "run.end", begin: 1000)
        #expect(Set(closed()) == [0, 500])
        add([1], begin: 2000)
        add([1], begin: 3000, instance: 2)
        blocks.digests.close(instance: blocks.ring(2).instance)
        #expect(closed() == [3000])
        #expect(!blocks.digests.isOpen(instance: blocks.ring(2).instance))
        #expect(blocks.digests.isOpen(instance: blocks.ring(1).instance))
    }

    @Test func beginAndEndOfRunsAreNotDigested() {
        add([1], type: "run.start", begin: 0)
        add([1], type: "run.end", begin: 1000)
        blocks.digests.closeAll()
        #expect(closed() == [])
    }

    /// Plans of schemas are forgotten when there have been many; digests of posted events go on with the new one.
    @Test func aPostedTypeMayGrowAfterManyOthers() {
        let posted = EventSchema(channel: "c", type: "posted", encoding: .ingest)
        func post(_ payload: String, begin: UInt64) {
            var rows = RingRows()
            rows.addIngest(frame: 7, simTime: 0, wallTime: -1, payload: payload)
            _ = rows.append(to: blocks, posted, begin: begin)
        }
        post(#"{"a":1}"#, begin: 0)
        for number in 0..<4_200 { add([7], type: Name("t\(number)"), begin: 1_000 + UInt64(number) * 32) }
        _ = blocks.finished()
        post(#"{"a":1,"b":2,"c":3}"#, begin: 900_000)
        blocks.digests.closeAll()
        #expect(closed().first == 0)
    }

    @Test func framesThatJumpFromRowToRowKeepTheMemoryBounded() {
        for part in 0..<20 { add((0..<10_000).map { (part * 10_000 + $0) * 1024 }, begin: UInt64(part) << 32) }
        blocks.digests.closeAll()
        #expect(blocks.digests.byteCount < 32 << 20)
    }

    @Test func asManyAsHaveRoomGoIntoOneSegment() {
        add(stride(from: 0, to: 100 * 1024, by: 1024), begin: 0)
        blocks.digests.closeAll()
        var sizes: [Int] = []
        while blocks.digests.hasClosed {
            blocks.finish(insertedAt: 0, digestBytes: 10_000) { block, _ in
                if block.table.name == "run_digests" { sizes.append(block.rows) }
            }
        }
        #expect(sizes.count > 2 && sizes.reduce(0, +) == 100)
    }
}

extension NativeBlocks {
    fileprivate func ring(_ instance: UInt64) -> RingID { RingID(instance: InstanceID(instance), writer: 3) }
}

import TeltelStorage
import TeltelTestSupport
import Testing

/// Blocks that become one.
@Suite struct BlockJoinTests {
    @Test func piecesOfABlockAreTheBlock() throws {
        let rows = try NativeRows(NativeRowsTests.block)
        let whole = try rows.select([0..<4])
        for cuts in [[0, 4], [0, 1, 4], [0, 1, 2, 3, 4], [0, 2, 2, 4]] {
            let pieces = try zip(cuts, cuts.dropFirst()).map { try rows.select([$0..<$1]) }
            #expect(try join(pieces) == whole)
        }
        // Keys of one byte stay so.
        #expect(try join([NativeRowsTests.block]) == NativeRowsTests.block)
        let twice = try NativeRows(try join([NativeRowsTests.block, NativeRowsTests.block]))
        #expect(twice.rows == 8)
        #expect(try twice.select([0..<4]) == whole)
        #expect(try twice.select([4..<8]) == whole)
    }

    /// One column from a dictionary, with keys of so many bytes.
    private static func dictionary(_ texts: [String], _ keys: [UInt8], width: Int = 1) -> [UInt8] {
        var output = NativeOutput()
        output.varint(1)
        output.varint(keys.count)
        output.text("d".utf8)
        output.text("LowCardinality(String)".utf8)
        output.int64(1)
        output.int64(0x600 | width.trailingZeroBitCount)
        output.int64(texts.count)
        for text in texts { output.text(text.utf8) }
        output.int64(keys.count)
        for key in keys { output.bytes += [key] + Array(repeating: 0, count: width - 1) }
        return output.bytes
    }

    @Test func differentDictionariesBecomeOne() throws {
        let parts = [
            Self.dictionary(["", "a", "b"], [1, 2, 2]), Self.dictionary(["", "b", "c"], [2, 1], width: 4),
            Self.dictionary(["a"], [0, 0], width: 2),
        ]
        let expected = Self.dictionary(["", "a", "b", "c"], [1, 2, 2, 3, 2, 1, 1], width: 8)
        #expect(try join(parts) == expected)
    }

    @Test func otherColumnsAreRefused() throws {
        let one = Self.dictionary(["a"], [0])
        var renamed = one
        renamed[3] = UInt8(ascii: "e")
        #expect(throws: StorageError.self) { try join([one, renamed]) }
        #expect(throws: StorageError.self) { try join([one, NativeRowsTests.block]) }
        #expect(throws: StorageError.self) { try join([one, one + [0]]) }
    }

    @Test func whateverTheBytesAreNothingIsReadBeyondThem() {
        for length in 0..<NativeRowsTests.block.count {
            #expect(throws: StorageError.self) {
                try join([NativeRowsTests.block, Array(NativeRowsTests.block[..<length])])
            }
        }
        for seed in 1...3_000 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes = NativeRowsTests.block
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            // What two blocks are joined to can be read as what each of them can be.
            if let joined = try? join([bytes, bytes]) { #expect((try? NativeRows(joined)) != nil) }
        }
    }
}

private func join(_ blocks: [[UInt8]]) throws -> [UInt8] {
    // They need not begin at the beginning.
    var bytes: [UInt8] = [0xFF]
    var places: [Range<Int>] = []
    for block in blocks {
        places.append(bytes.count..<bytes.count + block.count)
        bytes += block
    }
    var output = NativeOutput()
    try BlockJoin.join(bytes, places, to: &output)
    return output.bytes
}

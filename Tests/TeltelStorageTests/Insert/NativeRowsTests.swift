import TeltelStorage
import TeltelTestSupport
import Testing

/// Rows picked out of Native blocks.
@Suite struct NativeRowsTests {
    /// Four rows: a number, a text, a nullable number, a list, and a text from a dictionary.
    static let block: [UInt8] = {
        var bytes: [UInt8] = [5, 4]
        func text(_ text: String) { bytes += [UInt8(text.utf8.count)] + Array(text.utf8) }
        func column(_ name: String, _ type: String) {
            text(name)
            text(type)
        }
        func number(_ value: UInt64) { withUnsafeBytes(of: value) { bytes += Array($0) } }
        column("n", "UInt16")
        bytes += [1, 0, 2, 0, 3, 0, 4, 0]
        column("s", "String")
        for word in ["a", "", "ccc", "dd"] { text(word) }
        column("o", "Nullable(UInt8)")
        bytes += [0, 1, 0, 0, 10, 0, 30, 40]
        column("l", "Array(UInt8)")
        for end in [2, 2, 3, 6] as [UInt64] { number(end) }
        bytes += [1, 2, 3, 4, 5, 6]
        column("d", "LowCardinality(String)")
        for word in [1, 0x600, 2] as [UInt64] { number(word) }
        text("x")
        text("yy")
        number(4)
        bytes += [0, 1, 1, 0]
        return bytes
    }()

    @Test func allRowsGiveTheSameRowsAgain() throws {
        let whole = try NativeRows(Self.block).select([0..<4])
        // Read, and written again, it stays what it is.
        #expect(try NativeRows(whole).select([0..<4]) == whole)
        #expect(try NativeRows(whole).rows == 4)
    }

    @Test func partsOfPartsAreParts() throws {
        let rows = try NativeRows(Self.block)
        let outer = try NativeRows(try rows.select([0..<1, 2..<4]))
        #expect(outer.rows == 3)
        #expect(try outer.select([1..<3]) == rows.select([2..<4]))
        #expect(try outer.select([0..<1, 2..<3]) == rows.select([0..<1, 3..<4]))
        #expect(try rows.select([1..<2]).count < (try rows.select([0..<4]).count))
    }

    @Test func brokenBlocksAreRefused() {
        for length in 0..<Self.block.count { #expect(throws: StorageError.self) { try NativeRows(Array(Self.block[..<length])) } }
        #expect(throws: StorageError.self) { try NativeRows(Self.block + [0]) }
        for seed in 1...3_000 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes = Self.block
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            // Some changes give another valid block; none may do harm.
            if let rows = try? NativeRows(bytes) { _ = try? rows.select([0..<min(2, rows.rows)]) }
        }
        #expect(throws: StorageError.self) { try NativeRows(Self.block).select([3..<5]) }
    }
}

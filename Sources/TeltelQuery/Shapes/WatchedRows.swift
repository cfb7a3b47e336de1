/// Rows of `WatchedRowsQuestion`, one after the other, in RowBinary as they come.

package struct WatchedRows {
    private let count: Int
    private var row = BinaryRow([])
    /// Of the row that was read last. Texts are its bytes.
    package private(set) var side: UInt8 = 0
    package private(set) var source: ArraySlice<UInt8> = []
    package private(set) var key: ArraySlice<UInt8> = []
    package private(set) var frame: UInt64 = 0
    package private(set) var simTime = 0.0
    package private(set) var line: UInt64 = 0
    package private(set) var sequence: UInt64 = 0
    package private(set) var values: [Double?]

    /// - Parameter values: of each row.
    package init(values count: Int) {
        self.count = count
        values = Array(repeating: nil, count: count)
    }

    /// What comes next.
    package mutating func add(_ bytes: [UInt8]) { row = BinaryRow(row.rest.isEmpty ? bytes : row.rest + bytes) }

    /// Everything that has come has been read.
    package var isAtEnd: Bool { row.rest.isEmpty }

    /// false: no whole row is there any more.
    package mutating func next() -> Bool {
        guard row.begin(), let side = row.take(UInt8.self), let source = row.takeText(), let key = row.takeText(),
            let frame = row.take(UInt64.self), let simTime = row.take(Double.self), let line = row.take(UInt64.self),
            let sequence = row.take(UInt64.self)
        else { return false }
        for place in 0..<count {
            guard let value = row.takeNullable(Double.self) else { return false }
            values[place] = value.value
        }
        row.end()
        (self.side, self.source, self.key) = (side, source, key)
        (self.frame, self.simTime, self.line, self.sequence) = (frame, simTime, line, sequence)
        return true
    }
}

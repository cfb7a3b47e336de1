/// Where a run stands among all runs, newest first.
import TeltelEvents

package struct RunPlace: Sendable, Equatable, Comparable {
    /// Milliseconds since 1970; as `RunRecord.orderMs`.
    package let orderMs: Int64
    package let runID: Name

    package init(orderMs: Int64, runID: Name) {
        self.orderMs = orderMs
        self.runID = runID
    }
    package init(_ record: RunRecord) { self.init(orderMs: record.orderMs, runID: record.runID) }

    package static func < (a: RunPlace, b: RunPlace) -> Bool {
        a.orderMs != b.orderMs ? a.orderMs < b.orderMs : a.runID < b.runID
    }

    // MARK: text

    /// As a cursor: letters and digits.
    package var text: String { "\(orderMs)x" + Array(runID.utf8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// nil for anything that `text` does not write.
    package init?(text: String) {
        let parts = text.split(separator: "x", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let orderMs = Int64(parts[0]), parts[1].utf8.count % 2 == 0 else { return nil }
        let digits = Array(parts[1].utf8)
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: digits.count, by: 2) {
            guard digits[place...place + 1].allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
                let byte = UInt8(String(decoding: digits[place...place + 1], as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        self.init(orderMs: orderMs, runID: Name(String(decoding: bytes, as: UTF8.self)))
    }
}

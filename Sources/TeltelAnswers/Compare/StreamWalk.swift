/// One stream of two runs, row by row, as far as its digests differ.
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// Used by one task.
struct StreamWalk {
    private let reader: StretchReader
    let stream: ComparedStream
    private(set) var comparison: StreamComparison
    /// Stretches of frames of the first run that may differ.
    private let stretches: [ClosedRange<UInt64>]
    /// Frames that have more events than may be paired.
    private(set) var tooLong: [UInt64] = []

    /// Of both runs together, held at once: stretches are as long as they fit.
    private static let bytesWanted = 48 << 20

    /// - Parameter stretches: in order.
    init(
        _ queries: RunQueries, _ scope: CompareScope, _ stream: ComparedStream, rules: StreamRules, fields: StreamFields,
        wanted: Set<Int>?, keys: [Int], persistence: Int, offset: Int64, stretches: [ClosedRange<UInt64>]
    ) {
        self.stream = stream
        comparison = StreamComparison(fields: fields.names, keys: keys, rules: rules, persistence: persistence)
        reader = StretchReader(
            queries, scope, stream, wanted: wanted.map { $0.union(keys) }, takesTextsApart: !rules.isExact, offset: offset)
        let parts = Self.parts(stretches, framesEach: Self.frames(of: stream, rowBytes: reader.rowBytes))
        self.stretches = parts
    }

    /// So many frames of it fit into memory.
    private static func frames(of stream: ComparedStream, rowBytes: Int) -> UInt64 {
        let rows = Double(max(stream.rows.first, stream.rows.second, 1))
        let frames = Double(max(stream.blocks, 1)) * Double(DigestSQL.framesPerBlock)
        let wanted = Double(bytesWanted / 2 / rowBytes) * frames / rows
        return UInt64(min(max(wanted, 1), 0x1p40))
    }

    private static func parts(_ stretches: [ClosedRange<UInt64>], framesEach: UInt64) -> [ClosedRange<UInt64>] {
        stretches.flatMap { stretch in
            var parts: [ClosedRange<UInt64>] = []
            var begin = stretch.lowerBound
            while true {
                let (end, isBeyond) = begin.addingReportingOverflow(framesEach - 1)
                let last = isBeyond ? stretch.upperBound : min(end, stretch.upperBound)
                parts.append(begin...last)
                if last == stretch.upperBound { return parts }
                begin = last + 1
            }
        }
    }

    /// - Parameter goesOn: asked after each stretch; false ends the walk.
    mutating func go(_ goesOn: (StreamWalk, ClosedRange<UInt64>) async -> Bool) async throws(QueryError) {
        guard let first = stretches.first else { return }
        var rows = try await reader.read(first, isKept: true)
        for place in stretches.indices {
            // The next rows are read while these are compared.
            let next = Task { [reader, stretches] () async -> Result<StretchReader.Rows, QueryError>? in
                guard place + 1 < stretches.count else { return nil }
                do throws(QueryError) { return .success(try await reader.read(stretches[place + 1], isKept: false)) } catch {
                    return .failure(error)
                }
            }
            if place > 0, stretches[place - 1].upperBound + 1 != stretches[place].lowerBound { comparison.skip() }
            try await compare(rows)
            let isWanted = await goesOn(self, stretches[place])
            let read = await next.value
            guard isWanted, let read else { return }
            rows = try read.get()
        }
    }

    private mutating func compare(_ rows: StretchReader.Rows) async throws(QueryError) {
        guard rows.isTooLong else { return comparison.compare(rows.first, rows.second) }
        let (begin, end) = (rows.frames.lowerBound, rows.frames.upperBound)
        if begin == end {
            tooLong.append(begin)
            return
        }
        let middle = begin + (end - begin) / 2
        for half in [begin...middle, middle + 1...end] { try await compare(reader.read(half, isKept: false)) }
    }
}

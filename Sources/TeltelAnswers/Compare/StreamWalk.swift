/// One stream of two runs, row by row, as far as its digests differ.
import TeltelAnalysis
import TeltelEvents
import TeltelQuery

/// Used by one task.
struct StreamWalk {
    private let reader: StretchReader
    let stream: ComparedStream
    private(set) var comparison: StreamComparison
    /// Frames of the first run that may differ, as they are read at once: in order.
    private let pieces: [[ClosedRange<UInt64>]]
    /// Frames that have more events than may be paired.
    private(set) var tooLong: [UInt64] = []

    /// Of both runs together, held at once: pieces are as long as they fit.
    private static let bytesWanted = 16 << 20
    /// A statement names each stretch.
    private static let stretchesOfAPieceMost = 64

    /// - Parameter stretches: in order.
    init(
        _ queries: RunQueries, _ scope: CompareScope, _ stream: ComparedStream, rules: StreamRules, fields: StreamFields,
        wanted: Set<Int>?, keys: [Int], persistence: Int, offset: Int64, stretches: [ClosedRange<UInt64>]
    ) {
        self.stream = stream
        comparison = StreamComparison(fields: fields.names, keys: keys, rules: rules, persistence: persistence)
        reader = StretchReader(
            queries, scope, stream, wanted: wanted.map { $0.union(keys) }, takesTextsApart: !rules.isExact, offset: offset)
        let pieces = Self.pieces(stretches, framesEach: Self.frames(of: stream, rowBytes: reader.rowBytes))
        self.pieces = pieces
    }

    /// So many frames of it fit into memory.
    private static func frames(of stream: ComparedStream, rowBytes: Int) -> UInt64 {
        let rows = Double(max(stream.rows.first, stream.rows.second, 1))
        let frames = Double(max(stream.blocks, 1)) * Double(DigestSQL.framesPerBlock)
        let wanted = Double(bytesWanted / 2 / rowBytes) * frames / rows
        return UInt64(min(max(wanted, 1), 0x1p40))
    }

    static func pieces(_ stretches: [ClosedRange<UInt64>], framesEach: UInt64) -> [[ClosedRange<UInt64>]] {
        var pieces: [[ClosedRange<UInt64>]] = []
        var frames: UInt64 = 0
        for part in stretches.flatMap({ parts($0, framesEach: framesEach) }) {
            let length = part.upperBound - part.lowerBound
            if let last = pieces.last, last.count < stretchesOfAPieceMost, frames + length < framesEach {
                pieces[pieces.count - 1].append(part)
                frames += length + 1
            } else {
                pieces.append([part])
                frames = length + 1
            }
        }
        return pieces
    }

    private static func parts(_ stretch: ClosedRange<UInt64>, framesEach: UInt64) -> [ClosedRange<UInt64>] {
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

    /// - Parameter goesOn: asked after each piece, with the last frame that has been looked at; false ends the walk.
    /// - Returns: all of it has been looked at.
    mutating func go(_ goesOn: (StreamWalk, UInt64) async -> Bool) async throws(QueryError) -> Bool {
        guard var rows = try await read(0) else { return true }
        for place in pieces.indices {
            // The next rows are read while these are compared.
            async let next = answer(place + 1)
            if place > 0, pieces[place - 1].last!.upperBound + 1 != pieces[place][0].lowerBound { comparison.skip() }
            try await compare(rows)
            let isWanted = await goesOn(self, pieces[place].last!.upperBound)
            guard let read = try await next.get() else { return true }
            guard isWanted else { return false }
            rows = read
        }
        return true
    }

    private func read(_ place: Int) async throws(QueryError) -> StretchReader.Rows? {
        pieces.indices.contains(place) ? try await reader.read(pieces[place], isKept: place == 0) : nil
    }
    private func answer(_ place: Int) async -> Result<StretchReader.Rows?, QueryError> {
        do throws(QueryError) { return .success(try await read(place)) } catch { return .failure(error) }
    }

    private mutating func compare(_ rows: StretchReader.Rows) async throws(QueryError) {
        guard rows.isTooLong else { return comparison.compare(rows.first, rows.second, stretches: rows.stretches) }
        let stretches = rows.stretches
        if stretches.count > 1 {
            for (place, stretch) in stretches.enumerated() {
                if place > 0, stretches[place - 1].upperBound + 1 != stretch.lowerBound { comparison.skip() }
                try await compare(reader.read([stretch], isKept: false))
            }
            return
        }
        let (begin, end) = (stretches[0].lowerBound, stretches[0].upperBound)
        if begin == end {
            tooLong.append(begin)
            return
        }
        let middle = begin + (end - begin) / 2
        for half in [begin...middle, middle + 1...end] { try await compare(reader.read([half], isKept: false)) }
    }
}

/// A comparison as lines: news first, the document last.
import Foundation
import TeltelAPI
import TeltelAnalysis
import TeltelAnswers
import TeltelHTTP

/// Thread-safe.
struct ComparisonLines: Sendable {
    let stream: AsyncStream<[UInt8]>
    private let lines: AsyncStream<[UInt8]>.Continuation

    init() { (stream, lines) = AsyncStream.makeStream() }

    func add(_ news: ComparisonNews) {
        switch news {
        case .progress(let rows, let all): lines.yield(Self.line(ComparisonLine(progress: .init(rows: rows, of: all))))
        case .differs(let stream, let frame):
            lines.yield(
                Self.line(
                    ComparisonLine(
                        differs: .init(channel: stream.channel, type: stream.type, sourceId: stream.source, frame: frame))))
        case .first(let frame): lines.yield(Self.line(ComparisonLine(first: frame)))
        }
    }

    func finish() { lines.finish() }

    static func end(_ answer: ComparisonAnswer) -> [UInt8] { line(ComparisonLine(document: answer)) }
    /// The status has been sent: what went wrong is the last line.
    static func failed(_ error: APIError) -> [UInt8] { line(ComparisonLine(error: error.problem())) }

    private static func line(_ value: some Encodable) -> [UInt8] {
        // Texts and numbers can always be encoded.
        (try? APICoding.encoder.encode(value)).map { [UInt8]($0) + [UInt8(ascii: "\n")] } ?? []
    }
}

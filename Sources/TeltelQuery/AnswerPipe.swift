/// From a thread that reads an answer to the task that passes it on: bounded, so that a slow client slows the query down.
import Foundation
import Synchronization

/// One writer, one reader. Thread-safe.
final class AnswerPipe: Sendable {
    private struct State {
        var pieces: [[UInt8]] = []
        var bytes = 0
        var end: Result<Void, QueryError>?
        var isAbandoned = false
        var reader: CheckedContinuation<Void, Never>?
    }
    private let bytesMax: Int
    private let state = Mutex(State())
    private let room = DispatchSemaphore(value: 0)

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    // MARK: writing

    /// Blocks while the reader has not taken what is there. false: nobody reads any more.
    func write(_ piece: [UInt8]) -> Bool {
        while true {
            let (isFull, isAbandoned, reader) = state.withLock { state in
                if state.isAbandoned { return (false, true, nil as CheckedContinuation<Void, Never>?) }
                // A piece that is larger than the room goes alone.
                if state.bytes > 0, state.bytes + piece.count > bytesMax { return (true, false, nil) }
                state.pieces.append(piece)
                state.bytes += piece.count
                defer { state.reader = nil }
                return (false, false, state.reader)
            }
            reader?.resume()
            guard isFull else { return !isAbandoned }
            room.wait()
        }
    }

    func finish(_ end: Result<Void, QueryError>) {
        let reader = state.withLock { state in
            state.end = state.end ?? end
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    // MARK: reading

    /// Nobody will read any more: the query can end.
    func abandon() {
        let reader = state.withLock { state in
            state.isAbandoned = true
            state.pieces = []
            state.bytes = 0
            state.end = state.end ?? .failure(.cancelled)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
        room.signal()
    }
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    /// The next bytes; nil at the end.
    func next() async throws(QueryError) -> [UInt8]? {
        while true {
            let (piece, end) = state.withLock { state in
                guard !state.pieces.isEmpty else { return (nil as [UInt8]?, state.end) }
                let piece = state.pieces.removeFirst()
                state.bytes -= piece.count
                return (piece, nil)
            }
            if let piece {
                room.signal()
                return piece
            }
            if let end {
                try end.get()
                return nil
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { reader in
                    let isThere = state.withLock { state in
                        if state.pieces.isEmpty, state.end == nil {
                            state.reader = reader
                            return false
                        }
                        return true
                    }
                    if isThere { reader.resume() }
                }
            } onCancel: {
                abandon()
            }
        }
    }
}

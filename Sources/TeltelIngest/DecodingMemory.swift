/// What all decoders together may hold: a zstd window is 8 MiB, and there may be as many decoders as connections.
import Synchronization

/// Thread-safe. Taken and given back by decoders; who finds no room is refused, not kept waiting: others may hold theirs for long.
package final class DecodingMemory: Sendable {
    package let limitBytes: Int
    private let taken = Mutex(0)

    package init(limitBytes: Int) { self.limitBytes = limitBytes }

    package var takenBytes: Int { taken.withLock { $0 } }

    /// Counts memory that a decoder has, or is about to get.
    func take(_ bytes: Int) throws(BodyProblem) {
        let fits = taken.withLock { taken in
            guard taken + bytes <= limitBytes else { return false }
            taken += bytes
            return true
        }
        if !fits { throw .decodersBusy(limitBytes) }
    }

    func giveBack(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}

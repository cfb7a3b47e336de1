/// Random numbers that come again with the same seed. Print the seed of a test that fails.
import Synchronization

package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// splitmix64
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The same for several threads.
package final class SharedRandom: Sendable {
    private let random: Mutex<SeededRandom>
    package init(seed: UInt64) { random = Mutex(SeededRandom(seed: seed)) }
    package func next() -> UInt64 { random.withLock { max(1, $0.next()) } }
    package func chance(_ oneIn: UInt64) -> Bool { next() % oneIn == 0 }
}

/// Statements that are too long for a header of the answer: kept for a while, and asked for by their name.
import Synchronization

/// Bounded in bytes; the oldest give way. Thread-safe.
package final class StatementArchive: Sendable {
    private struct State {
        var texts: [String: String] = [:]
        var order: [String] = []
        var bytes = 0
    }
    private let bytesMax: Int
    private let state = Mutex(State())

    package init(bytesMax: Int = 8 << 20) { self.bytesMax = bytesMax }

    /// Its name: the same for the same text.
    package func keep(_ text: String) -> String {
        let name = Self.name(text)
        state.withLock { state in
            guard state.texts[name] == nil else { return }
            state.texts[name] = text
            state.order.append(name)
            state.bytes += text.utf8.count
            while state.bytes > bytesMax, state.order.count > 1 {
                let oldest = state.order.removeFirst()
                state.bytes -= state.texts.removeValue(forKey: oldest)?.utf8.count ?? 0
            }
        }
        return name
    }

    /// nil: it was never kept, or has given way.
    package subscript(name: String) -> String? { state.withLock { $0.texts[name] } }

    /// FNV-1a with 128 bits (http://www.isthe.com/chongo/tech/comp/fnv/): a name, not a secret.
    private static func name(_ text: String) -> String {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for byte in text.utf8 {
            hash ^= UInt128(byte)
            hash = hash &* 0x0000_0000_0100_0000_0000_0000_0000_013b
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}

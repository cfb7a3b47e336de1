/// Memory that a column grows in.
import Glibc

/// A growing stretch of bytes that keeps its memory when it is emptied. All arithmetic on its pointers happens here and in the
/// other files of this folder.
final class ColumnBytes {
    // SAFETY: owned by this object alone, freed in deinit; `count <= capacity` bytes are initialised.
    private(set) var base: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 256) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 64)
    }
    deinit { base.deallocate() }

    func removeAll() { count = 0 }
    func removeLast(_ bytes: Int) {
        precondition(bytes <= count)
        count -= bytes
    }

    /// Makes room for `extra` bytes more and counts them in. The caller writes all of them before anything else is called.
    @inline(__always)
    func extend(by extra: Int) -> UnsafeMutableRawPointer {
        if capacity - count < extra { grow(extra) }
        defer { count += extra }
        return base + count
    }
    private func grow(_ extra: Int) {
        let larger = max(capacity * 2, count + extra)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 64)
        memcpy(fresh, base, count)
        base.deallocate()
        base = fresh
        capacity = larger
    }

    func append(zeros: Int) {
        guard zeros > 0 else { return }
        memset(extend(by: zeros), 0, zeros)
    }
    func append(_ bytes: UnsafeRawBufferPointer) {
        guard let from = bytes.baseAddress, !bytes.isEmpty else { return }
        memcpy(extend(by: bytes.count), from, bytes.count)
    }
    func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }
    func append(_ other: ColumnBytes) { append(UnsafeRawBufferPointer(start: other.base, count: other.count)) }
    func append<T: BitwiseCopyable>(plain value: T) {
        extend(by: MemoryLayout<T>.size).storeBytes(of: value, as: T.self)
    }
    /// A length as ClickHouse writes it: 7 bits a byte, lowest first.
    func append(length: Int) {
        var rest = UInt(length)
        while rest >= 0x80 {
            append(plain: UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(plain: UInt8(rest))
    }
    func append(string bytes: UnsafeRawBufferPointer) {
        append(length: bytes.count)
        append(bytes)
    }
    func append(string bytes: [UInt8]) { bytes.withUnsafeBytes { append(string: $0) } }
    func append(string text: String) {
        var text = text
        text.withUTF8 { append(string: UnsafeRawBufferPointer($0)) }
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

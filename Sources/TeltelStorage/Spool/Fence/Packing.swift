/// Checksums and zstd over Swift's own memory.
import CTeltelStorage

package enum Checksum {
    /// CRC-32C. `previous` is the result for the bytes before, 0 at the start.
    package static func crc32c(_ bytes: RawSpan, _ previous: UInt32 = 0) -> UInt32 {
        // SAFETY: the span's memory is valid inside the closure.
        bytes.withUnsafeBytes { teltel_crc32c(previous, $0.baseAddress, $0.count) }
    }
    package static func crc32c(_ bytes: [UInt8]) -> UInt32 { crc32c(bytes.span.bytes) }
    package static func crc32cPortable(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { teltel_crc32c_portable(0, $0.baseAddress, $0.count) }
    }
}

/// A zstd compressor with its memory. Used by one thread at a time.
package final class ZstdPacker {
    private let packer: OpaquePointer

    package init(level: Int32 = 1) {
        guard let made = teltel_zstd_packer_make(level) else { fatalError("out of memory") }
        packer = made
    }
    deinit { teltel_zstd_packer_free(packer) }

    /// Appends one frame to `buffer`. Returns its bytes.
    package func append(_ bytes: RawSpan, to buffer: inout ReusedBytes) -> Int {
        buffer.reserve(teltel_zstd_bound(bytes.byteCount))
        // SAFETY: both memories are valid inside the closures; the room behind `used` was reserved above.
        let used = buffer.used
        let packed = bytes.withUnsafeBytes { from in
            buffer.storage.withUnsafeMutableBytes { to in
                teltel_zstd_pack(packer, to.baseAddress! + used, to.count - used, from.baseAddress, from.count)
            }
        }
        precondition(packed > 0, "the room was made for the worst case")
        buffer.used += packed
        return packed
    }

    /// Appends the contents to `buffer`. false, and nothing is appended, unless `frame` is exactly one frame of exactly `rawBytes`
    /// bytes.
    static func unpack(_ frame: RawSpan, rawBytes: Int, to buffer: inout ReusedBytes) -> Bool {
        guard rawBytes >= 0 else { return false }
        buffer.reserve(rawBytes)
        // SAFETY: both memories are valid inside the closures; the room behind `used` was reserved above.
        let used = buffer.used
        let done = frame.withUnsafeBytes { from in
            buffer.storage.withUnsafeMutableBytes { to in
                teltel_zstd_unpack(to.baseAddress.map { $0 + used }, rawBytes, from.baseAddress, from.count)
            }
        }
        if done == 1 { buffer.used += rawBytes }
        return done == 1
    }

    /// nil unless `frame` is exactly one frame of exactly `rawBytes` bytes.
    package static func unpack(_ frame: RawSpan, rawBytes: Int) -> [UInt8]? {
        var done: Int32 = 0
        // SAFETY: the array has room for `rawBytes`; the library writes no further.
        let bytes = [UInt8](unsafeUninitializedCapacity: max(rawBytes, 1)) { room, filled in
            done = frame.withUnsafeBytes { teltel_zstd_unpack(room.baseAddress, rawBytes, $0.baseAddress, $0.count) }
            filled = done == 1 ? rawBytes : 0
        }
        return done == 1 ? bytes : nil
    }
}

extension ZstdPacker {
    /// The contents of all frames of a stream, one by one; skippable frames give nothing. nil if it is anything else.
    package static func unpackAll(_ stream: [UInt8]) -> [[UInt8]]? {
        var contents: [[UInt8]] = []
        var at = 0
        while at < stream.count {
            var raw = 0
            let frame = stream.span.bytes.extracting(at..<stream.count)
            // SAFETY: the span's memory is valid inside the closure.
            let bytes = frame.withUnsafeBytes { teltel_zstd_first_frame($0.baseAddress, $0.count, &raw) }
            guard bytes > 0, raw <= 1 << 31 else { return nil }
            if raw > 0 {
                guard let content = unpack(frame.extracting(0..<bytes), rawBytes: raw) else { return nil }
                contents.append(content)
            }
            at += bytes
        }
        return contents
    }
}

/// Bytes that keep their memory from one use to the next; only `0..<used` counts.
package struct ReusedBytes: ~Copyable {
    fileprivate(set) var storage: [UInt8] = []
    package fileprivate(set) var used = 0

    package init() {}
    package mutating func reserve(_ more: Int) {
        if storage.count - used < more {
            storage.append(contentsOf: repeatElement(0, count: used + more + more / 4 - storage.count))
        }
    }
    package mutating func clear(keeping front: Int) {
        used = 0
        reserve(front)
        used = front
    }
    /// Overwrites bytes that are in use.
    mutating func put(_ bytes: [UInt8], at offset: Int) {
        precondition(offset >= 0 && offset + bytes.count <= used)
        storage.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
    /// Opens a gap of `count` bytes at `offset`.
    mutating func insert(_ count: Int, at offset: Int) {
        storage.insert(contentsOf: repeatElement(0, count: count), at: offset)
        used += count
    }
    package borrowing func prefix(_ count: Int) -> [UInt8] { Array(storage[..<count]) }
    /// The bytes of `more` come behind those in use.
    mutating func append(_ more: [UInt8]) {
        reserve(more.count)
        storage.replaceSubrange(used..<used + more.count, with: more)
        used += more.count
    }
    /// The bytes with what lies behind those in use; as long as somebody holds it, the next change copies.
    borrowing func shared() -> [UInt8] { storage }
    borrowing func withSpan<R, E: Error>(_ range: Range<Int>, _ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        precondition(range.upperBound <= used)
        return try body(storage.span.bytes.extracting(range))
    }
}

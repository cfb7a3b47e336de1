/// A file in shared memory, mapped. The only place of this module that opens and maps foreign files.
import CTeltel
import CTeltelRings
import Foundation

/// Mapped memory that another process writes. Bounds are checked here; contents are never trusted.
///
/// SAFETY: the mapping lives as long as this object; every access is range-checked against `count`. Other processes may
/// change the bytes at any time, so callers copy first and judge the copy; shared words are only loaded and stored through
/// the atomic functions below. Truncation of a mapped file by the same user is out of scope (documented).
// Sendable: the pointer is immutable and the memory is only touched through copies and atomics.
final class FileMapping: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    let count: Int
    let writable: Bool

    init(descriptor: OwnedDescriptor, count: Int, writable: Bool, name: String) throws(RingFault) {
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        guard count > 0, let memory = mmap(nil, count, protection, MAP_SHARED, descriptor.number, 0), memory != MAP_FAILED else {
            throw RingFault.ofSystem(errno, "\(name): mmap of \(count) bytes")
        }
        base = memory
        self.count = count
        self.writable = writable
    }
    deinit { munmap(base, count) }

    /// A copy of a plain struct. The range must lie inside.
    func load<T: BitwiseCopyable>(_: T.Type, at offset: Int) -> T {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
        return UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    /// A header: its fields before `end`, which are written once, before its magic number, the first field. The others change while
    /// they are read, and stay as they were: ask for them one by one. Its magic number is another one if it is not complete.
    func loadHeader<T: BitwiseCopyable>(_ header: inout T, before end: Int) {
        precondition(end <= MemoryLayout<T>.size && end <= count)
        var magic = loadAcquire(0)  // before everything else: release in the producer
        withUnsafeMutableBytes(of: &header) { bytes in
            guard let target = bytes.baseAddress else { return }
            memcpy(target, base, end)
            memcpy(target, &magic, MemoryLayout.size(ofValue: magic))
        }
    }

    func copy(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            if range.count > 0 { memcpy(buffer.baseAddress!, base + range.lowerBound, range.count) }
            filled = range.count
        }
    }

    /// The live bytes, without a copy: whoever reads them must cope with any content and must not read the same byte twice
    /// to decide something.
    func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return try body(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    fileprivate func word(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
        precondition(offset >= 0 && offset & 7 == 0 && offset + 8 <= count)
        return (base + offset).assumingMemoryBound(to: UInt64.self)
    }
    func loadAcquire(_ offset: Int) -> UInt64 { teltel_load_acquire(word(offset)) }
    func loadRelaxed(_ offset: Int) -> UInt64 { teltel_load_relaxed(word(offset)) }
    func loadAcquire32(_ offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset & 3 == 0 && offset + 4 <= count)
        return teltel_load_acquire_32((base + offset).assumingMemoryBound(to: UInt32.self))
    }
    func storeRelease(_ offset: Int, _ value: UInt64) {
        precondition(writable)
        teltel_store_release(word(offset), value)
    }
    /// Acquire and release. Whether the word was as expected, and is changed.
    func exchange(_ offset: Int, _ expected: UInt64, for value: UInt64) -> Bool {
        precondition(writable)
        return teltel_exchange(word(offset), expected, value) != 0
    }
}

/// One word of a mapping, for those who look at thousands of them many times a second: neither counted references nor bounds.
///
/// SAFETY: the offset was checked when it was made. Whoever keeps one keeps its mapping, too.
package struct SharedWord: @unchecked Sendable {  // Sendable: the memory is only touched by atomic loads
    @usableFromInline let word: UnsafeMutablePointer<UInt64>
    fileprivate init(_ word: UnsafeMutablePointer<UInt64>) { self.word = word }
    @inlinable package func loadAcquire() -> UInt64 { teltel_load_acquire(word) }
}

extension FileMapping {
    func sharedWord(_ offset: Int) -> SharedWord { SharedWord(word(offset)) }
}

/// Opens a file of an instance's folder after looking at what it is: symbolic links, devices, pipes and other users' files
/// are refused. The file's size is as of now.
func openShared(folder: Int32, _ name: String, writable: Bool, smallest: Int) throws(RingFault)
    -> (descriptor: OwnedDescriptor, bytes: Int)
{
    let flags = (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
    let opened = openat(folder, name, flags)
    guard opened >= 0 else {
        // A link, a folder, a socket; anything else may be a file that has just been removed.
        let isForeign = [ELOOP, EISDIR, ENXIO].contains(errno)
        guard isForeign else { throw RingFault.ofSystem(errno, "\(name): open") }
        throw RingFault(.foreign, "\(name): open: \(String(cString: strerror(errno)))")
    }
    let descriptor = OwnedDescriptor(opened)
    var facts = stat()
    guard fstat(opened, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_uid == geteuid() else {
        throw RingFault(.foreign, "\(name): not a regular file of this user")
    }
    guard facts.st_size >= smallest else {
        throw RingFault(.foreign, "\(name): \(facts.st_size) bytes, expected at least \(smallest)")
    }
    return (descriptor, Int(facts.st_size))
}

/// Text of a fixed field that ends at NUL; bytes that are no UTF-8 become U+FFFD.
func fixedText<T: BitwiseCopyable>(_ field: T) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// Keeps the loads of marks behind the loads of data that they judge.
func readerFence() { teltel_fence_acquire() }

/// Little-endian numbers and texts of the spool's own records (segment headers, manifests, the index).
import TeltelEvents

struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    mutating func put(_ value: InstanceID) { put(value.value) }
    mutating func put(_ value: RingID) {
        put(value.instance)
        put(value.writer)
    }
    /// u32 length and that many bytes of UTF-8.
    mutating func put(_ text: String) {
        put(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }
    mutating func putBytes(_ value: [UInt8]) {
        put(UInt32(value.count))
        bytes.append(contentsOf: value)
    }
    /// u32 count, then the elements.
    mutating func put<C: Collection>(_ list: C, _ element: (inout ByteWriter, C.Element) -> Void) {
        put(UInt32(list.count))
        for item in list { element(&self, item) }
    }
    mutating func append(_ other: ByteWriter) { bytes += other.bytes }
    mutating func pad(to multiple: Int) {
        while bytes.count % multiple != 0 { bytes.append(0) }
    }
}

/// Takes apart what a `ByteWriter` made. Whatever the bytes are, it throws rather than reads past their end.
struct ByteReader {
    private let bytes: [UInt8]
    private(set) var at: Int
    let end: Int

    init(_ bytes: [UInt8], from start: Int = 0, to end: Int? = nil) {
        self.bytes = bytes
        at = start
        self.end = end ?? bytes.count
    }

    mutating func take<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type = T.self) throws(StorageError) -> T {
        let size = MemoryLayout<T>.size
        guard end - at >= size else { throw StorageError(.corrupt, "record ends inside a number") }
        defer { at += size }
        return T(littleEndian: bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: at, as: T.self))
    }
    mutating func takeInstance() throws(StorageError) -> InstanceID { InstanceID(try take(UInt64.self)) }
    mutating func takeRing() throws(StorageError) -> RingID {
        let instance = try takeInstance()
        return RingID(instance: instance, writer: try take(UInt16.self))
    }
    mutating func takeInt() throws(StorageError) -> Int {
        let value: UInt64 = try take()
        guard let number = Int(exactly: value) else { throw StorageError(.corrupt, "number \(value)") }
        return number
    }
    mutating func takeSigned() throws(StorageError) -> Int { Int(Int64(bitPattern: try take(UInt64.self))) }
    mutating func takeBytes() throws(StorageError) -> [UInt8] {
        let count = Int(try take(UInt32.self))
        guard count <= end - at else { throw StorageError(.corrupt, "text of \(count) bytes") }
        defer { at += count }
        return Array(bytes[at..<at + count])
    }
    mutating func takeText() throws(StorageError) -> String { String(decoding: try takeBytes(), as: UTF8.self) }

    mutating func takeList<Element>(_ element: (inout ByteReader) throws(StorageError) -> Element) throws(StorageError)
        -> [Element]
    {
        let count = Int(try take(UInt32.self))
        // Every element takes at least one byte: a lying count cannot make us reserve more than the record's size.
        guard count <= end - at else { throw StorageError(.corrupt, "list of \(count)") }
        var list: [Element] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try element(&self)) }
        return list
    }
}
